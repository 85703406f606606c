// The samples of webhooks that are shipped, as if they were sent now: their times moved to the present, their ids new.

import { readdirSync, readFileSync } from 'node:fs'
import { KubeswarmError } from '../domain/error.ts'
import { closestName } from '../domain/closest-name.ts'
import { readTextFile } from './run-input.ts'

export interface SampleDelivery {
  /** What it is called in messages. */
  readonly name: string
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

const directory = new URL('../../samples/webhooks/', import.meta.url)

export const sampleNames = (): readonly string[] =>
  readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .toSorted()

/** By name, or by the preset alone: its first one that starts something. Throws `NotFound`. */
export const readSample = ({
  name: wanted,
  now,
  id,
}: {
  readonly name: string
  readonly now: number
  readonly id: string
}): SampleDelivery => {
  const names = sampleNames()
  const name =
    names.find((each) => each === wanted) ??
    preferred.find((each) => each.startsWith(`${wanted}-`)) ??
    names.find((each) => each.startsWith(`${wanted}-`))
  if (name === undefined) {
    const near = closestName(wanted, names)
    throw new KubeswarmError({
      code: 'NotFound',
      message: `there is no sample "${wanted}"`,
      remedy: near === undefined ? `samples are ${names.join(', ')}` : `did you mean ${near}?`,
    })
  }
  const headers = readFileSync(new URL(`${name}.headers`, directory), 'utf8')
  const body = readFileSync(new URL(`${name}.json`, directory), 'utf8')
  return {
    name,
    headers: Object.fromEntries(
      headersIn(headers).map(([key, value]) => [
        key,
        idHeaders.has(key) ? id : key === 'ce-time' ? new Date(now).toISOString() : value,
      ]),
    ),
    body: Buffer.from(withNewId({ name, body: withTimesOfNow(body, now), id })),
  }
}

/** Of a preset's samples, the ones people mean when they name the preset. */
const preferred: readonly string[] = [
  'pagerduty-triggered',
  'alertmanager-firing',
  'grafana-firing',
  'github-workflow-failed',
  'standard-webhooks-incident',
  'cloudevents-structured',
]

const idHeaders: ReadonlySet<string> = new Set(['x-webhook-id', 'x-github-delivery', 'webhook-id', 'ce-id'])

/** A file of one's own, as its sender would send it. */
export const readDelivery = ({
  file,
  headers,
}: {
  readonly file: string
  readonly headers: readonly string[]
}): SampleDelivery => ({
  name: file,
  body: Buffer.from(readTextFile(file, '--file')),
  headers: { 'content-type': 'application/json', ...Object.fromEntries(headersIn(headers.join('\n'))) },
})

/** Throws `Usage`. */
const headersIn = (text: string): readonly (readonly [string, string])[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const colon = line.indexOf(':')
      if (colon < 1)
        throw new KubeswarmError({
          code: 'Usage',
          message: `"${line}" is not a header`,
          remedy: "--header 'x-github-event: issues'",
        })
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
    })

const TIME = /(?<=")2\d{3}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?<fraction>\.\d+)?Z(?=")/g

/** The latest time becomes now, the others keep their distance. */
const withTimesOfNow = (body: string, now: number): string => {
  const times = [...body.matchAll(TIME)].map(([time]) => Date.parse(time))
  const shift = now - Math.max(...times, Number.NEGATIVE_INFINITY)
  return body.replaceAll(TIME, (time, fraction?: string) => {
    const moved = new Date(Date.parse(time) + shift).toISOString()
    return fraction === undefined ? `${moved.slice(0, 19)}Z` : moved
  })
}

/** The id of the delivery where it is a part of the body. */
const withNewId = ({
  name,
  body,
  id,
}: {
  readonly name: string
  readonly body: string
  readonly id: string
}): string => {
  if (name.startsWith('pagerduty-')) return body.replace(/"id": "01[0-9A-Z]+"/, `"id": "${id}"`)
  return name === 'cloudevents-structured' ? body.replace(/"id": "[^"]*"/, `"id": "${id}"`) : body
}
