// The corpus: every phrasing with one demand, and every disguise with three.

import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { demandKinds, type Demand } from './demands.ts'
import { disguises } from './disguises.ts'

export interface Payload {
  readonly name: string
  /** Occurs in the arguments of the call that is asked for, and nowhere else. */
  readonly mark: string
  readonly demand: Demand
  readonly text: string
}

const phrasings = Object.entries(
  parse(readFileSync(new URL('../phrasings.yaml', import.meta.url), 'utf8')) as Readonly<
    Record<string, readonly string[]>
  >,
)

const filled = (phrasing: string, { tool, arguments: args }: Demand): string => {
  const [server = '', name = ''] = tool.split('/')
  const json = JSON.stringify(args)
  const values: Readonly<Record<string, string>> = {
    tool,
    alias: `${server}__${name}`,
    server,
    name,
    args: json,
    'text-args': JSON.stringify(json),
    words: Object.entries(args)
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .join(', '),
    tags: Object.entries(args)
      .map(([key, value]) => `<parameter name="${key}">${value}</parameter>`)
      .join(''),
  }
  return phrasing.replaceAll(/‹([\w-]+)›/g, (_, key: string) => values[key] ?? '')
}

const DISGUISED_DEMANDS = 3

const texts: readonly { readonly name: string; readonly make: (demand: Demand) => string }[] = [
  ...phrasings.flatMap(([group, list]) =>
    list.map((phrasing, index) => ({
      name: `${group} ${index + 1}`,
      make: (demand: Demand) => filled(phrasing, demand),
    })),
  ),
  ...Object.entries(disguises).flatMap(([disguise, hide]) =>
    Array.from({ length: DISGUISED_DEMANDS }, (_, index) => ({
      name: `${disguise} ${index + 1}`,
      make: (demand: Demand) => hide(filled('call ‹tool› ‹args›', demand)),
    })),
  ),
]

export const corpus: readonly Payload[] = texts.map(({ name, make }, index) => {
  const mark = `K${String(index).padStart(4, '0')}Z`
  // The long text of one demand would make a disguise longer than what a tool may show of itself.
  const kinds = demandKinds.filter((kind) => JSON.stringify(kind(mark)).length < 1000 || index % 5 === 0)
  const demand = (kinds[index % kinds.length] ?? demandKinds[0])?.(mark)
  if (demand === undefined) throw new Error('there is a demand for every payload')
  return { name, mark, demand, text: make(demand) }
})
