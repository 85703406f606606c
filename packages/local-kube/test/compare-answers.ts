/**
 * Where two servers' answers to one request differ, once what must differ is out of the way: identities, versions,
 * times, generated names, addresses, tokens.
 */
import type { Answer } from './conformance-runner.ts'
import type { Row } from './conformance/row.ts'

export interface Difference {
  /** As `body.metadata.name`; `status`, `contentType` and `warnings` stand beside `body`. */
  readonly path: string
  readonly here: unknown
  readonly real: unknown
}

export function compareAnswers({
  row: { compare },
  here,
  real,
}: {
  readonly row: Row
  readonly here: Answer & { readonly namespace: string }
  readonly real: Answer & { readonly namespace: string }
}): readonly Difference[] {
  const shape = ({ namespace, body, ...answer }: Answer & { readonly namespace: string }): unknown =>
    normalise({ ...answer, body: compare === undefined ? body : compare(body as never) }, { namespace })
  // Answers of different kinds have nothing in common that would be worth a list.
  if (here.status !== real.status) return [{ path: 'status', here: here.status, real: real.status }]
  return differences(shape(here), shape(real), '')
}

/** Keys whose values are the server's own, whatever they are. */
const OWN = new Set([
  'uid',
  'resourceVersion',
  'continue',
  'token',
  'buildDate',
  'gitVersion',
  'gitCommit',
  'gitTreeState',
  'goVersion',
  'compiler',
  'platform',
])

export function normalise(value: unknown, context: { readonly namespace: string }, key = ''): unknown {
  if (OWN.has(key) && value !== undefined && (value !== '' || key.startsWith('g'))) return `<${key}>`
  if (typeof value === 'string') return normaliseText(value.replaceAll(context.namespace, '<namespace>'))
  if (Array.isArray(value)) {
    const items = value.map((item) => normalise(item, context))
    // Neither has an order that anybody could rely on: one goes by times, the other by chance.
    return key === 'managedFields' || key === 'causes' ? items.toSorted(byText) : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(
    ([name, child]) => [normaliseText(name), normalise(child, context, name)] as const,
  )
  const object = Object.fromEntries(entries) as Record<string, unknown>
  const prefix = object['generateName']
  if (typeof prefix === 'string' && typeof object['name'] === 'string')
    object['name'] = object['name'].replace(new RegExp(`^(${prefix}).{5}$`), '$1<suffix>')
  // The cells of a table begin with the name of its object.
  const named = object['object'] as { readonly metadata?: { readonly name?: string } } | null | undefined
  if (Array.isArray(object['cells']) && named?.metadata?.name?.endsWith('<suffix>'))
    object['cells'] = [named.metadata.name, ...object['cells'].slice(1)]
  return object
}

const byText = (a: unknown, b: unknown): number => (sorted(a) < sorted(b) ? -1 : 1)

function sorted(value: unknown): string {
  const { operation, manager, subresource, field, message } = value as Record<string, unknown>
  return JSON.stringify([operation, manager, subresource, field, message])
}

function normaliseText(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>')
    .replaceAll(/(current: |too old resource version: \d+ \(|in record \()\d+/g, '$1<version>')
    .replaceAll(/\bkube-api-access-\w{5}\b/g, 'kube-api-access-<suffix>')
    .replaceAll(/\?hash=[0-9A-F]+/gi, '?hash=<hash>')
    .replaceAll(/\b10\.96\.\d+\.\d+\b/g, '<clusterIP>')
    .replaceAll(/^\d+\.\d+\.\d+\.\d+:\d+$/g, '<host>')
    .replaceAll(/^(\d+[smhd])+$/g, '<age>')
}

function differences(here: unknown, real: unknown, path: string): readonly Difference[] {
  if (Array.isArray(here) && Array.isArray(real)) {
    return Array.from({ length: Math.max(here.length, real.length) }, (_, index) =>
      differences(here[index], real[index], `${path}[${index}]`),
    ).flat()
  }
  if (isRecord(here) && isRecord(real)) {
    const keys = [...new Set([...Object.keys(here), ...Object.keys(real)])]
    return keys.flatMap((key) => differences(here[key], real[key], path === '' ? key : `${path}.${key}`))
  }
  return here === real ? [] : [{ path, here, real }]
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
