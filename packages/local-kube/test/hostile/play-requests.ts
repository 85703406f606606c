/** Sends the hostile requests one after the other, and tells what was not as it should be. */
import { setTimeout as pause } from 'node:timers/promises'
import { configMap, configMaps } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'
import { jsonBodies } from './json-bodies.ts'
import { listed, lists } from './lists.ts'
import type { Answer, MeasuredServer } from './measured-server.ts'
import { patches } from './patches.ts'
import { paths } from './paths.ts'
import { patterns } from './patterns.ts'
import { podsAndServices } from './pods-and-services.ts'
import { protobufBodies } from './protobuf-bodies.ts'
import { rules } from './rules.ts'
import { schemas } from './schemas.ts'
import { yamlBodies } from './yaml-bodies.ts'

export interface Played {
  readonly name: string
  readonly status: number
  /** Longest the event loop stood still, in milliseconds. */
  readonly stall: number
  /** Processor time, in milliseconds. */
  readonly work: number
  /** What is wrong with the answer. */
  readonly fault: string | undefined
}

const requests: readonly HostileRequest[] = [
  ...jsonBodies,
  ...paths,
  ...podsAndServices,
  ...patches,
  ...yamlBodies,
  ...protobufBodies,
  ...schemas,
  ...patterns,
  ...rules,
]

export async function playRequests({
  server,
  isChosen,
  quietMilliseconds = 0,
}: {
  readonly server: MeasuredServer
  readonly isChosen: (request: HostileRequest) => boolean
  /** Before and after each request, so that a measurement is of one. */
  readonly quietMilliseconds?: number
}): Promise<readonly Played[]> {
  const play = async (sent: HostileRequest): Promise<Played> => {
    const { name, method, path, type, body, headers } = sent
    const content = body?.()
    await server.standstill()
    // The meter sees nothing before its first tick.
    await pause(quietMilliseconds)
    const answer = await server.send({
      path,
      ...(method === undefined ? {} : { method }),
      ...(type === undefined ? {} : { type }),
      ...(content === undefined ? {} : { body: content }),
      ...(headers === undefined ? {} : { headers }),
    })
    await pause(quietMilliseconds)
    return { name, status: answer.status, fault: faultOf(sent, answer), ...(await server.standstill()) }
  }
  // The first of each kind waits for what is loaded with it, once in a life.
  await server.send({ path: configMaps, body: configMap('first', {}) })
  await server.send({ path: configMaps, type: 'application/yaml', body: 'a: b' })
  const played: Played[] = []
  for (const sent of requests.filter(isChosen)) played.push(await play(sent))
  const chosenLists = lists.filter(isChosen)
  if (chosenLists.length > 0) await Promise.all(listed.map((body) => server.send({ path: configMaps, body })))
  for (const sent of chosenLists) played.push(await play(sent))
  return played
}

function faultOf({ status }: HostileRequest, answer: Answer): string | undefined {
  if (answer.status !== status) return `${answer.status} instead of ${status}: ${answer.text.slice(0, 300)}`
  if (status < 400) return undefined
  const body = (answer.type.startsWith('application/json') ? JSON.parse(answer.text) : {}) as {
    readonly [field: string]: unknown
  }
  const isStatus =
    body['kind'] === 'Status' &&
    body['apiVersion'] === 'v1' &&
    body['status'] === 'Failure' &&
    body['code'] === status &&
    typeof body['reason'] === 'string' &&
    typeof body['message'] === 'string' &&
    body['message'] !== ''
  return isStatus ? undefined : `no proper Status: ${answer.text.slice(0, 300)}`
}
