/**
 * The conformance table on one server: makes the scratch namespace and the custom resource, fills placeholders from what
 * earlier rows remembered, and says what of a row did not hold.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { conformanceClient, missing } from './conformance-runner.ts'
import type { Answer, Target } from './conformance-runner.ts'
import { definition } from './conformance/definition.ts'
import type { Row } from './conformance/row.ts'

export interface Outcome {
  readonly answer: Answer
  /** Empty when the row holds. */
  readonly faults: readonly string[]
}

export interface ConformanceSession {
  readonly namespace: string
  perform(row: Row): Promise<Outcome>
  close(): Promise<void>
}

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const ROUNDS = 300

export async function startConformanceSession(target: Target): Promise<ConformanceSession> {
  const namespace = `conformance-${Date.now().toString(36)}`
  const client = conformanceClient(target)
  const remembered = new Map<string, unknown>()

  const recall = (placeholder: string, path: string): string => {
    const [name = '', ...fields] = path.split('.')
    if (!remembered.has(name)) return placeholder
    const found = fields.reduce<unknown>(
      (value, field) => (value as Record<string, unknown> | undefined)?.[field],
      remembered.get(name),
    )
    return typeof found === 'string' ? found : placeholder
  }
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value.replaceAll('{ns}', namespace).replaceAll(/\{(\w+(?:\.\w+)+)\}/g, recall)
    }
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value !== 'object' || value === null || value instanceof RegExp) return value
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, fill(child)]))
  }
  const once = async (row: Row): Promise<Outcome> => {
    const answer = await client.send({
      ...row,
      path: fill(row.path) as string,
      body: fill(row.body),
      ...(row.token === undefined ? {} : { token: fill(row.token) as string }),
    })
    if (answer.status !== row.status) {
      return { answer, faults: [`status ${answer.status}: ${JSON.stringify(answer.body).slice(0, 1000)}`] }
    }
    return { answer, faults: row.has === undefined ? [] : missing(fill(row.has), answer.body) }
  }
  const perform = async (row: Row): Promise<Outcome> => {
    let outcome = await once(row)
    for (let round = 0; row.eventually && outcome.faults.length > 0 && round < ROUNDS; round += 1) {
      await sleep(100)
      outcome = await once(row)
    }
    if (row.remember !== undefined) remembered.set(row.remember, outcome.answer.body)
    return outcome
  }

  await client.send({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  })
  await client.send({ method: 'POST', path: definitions, body: definition })
  const served = await perform({
    name: 'a definition is served a moment after it was accepted',
    method: 'GET',
    path: `/apis/conformance.example.com/v1/namespaces/{ns}/widgets`,
    status: 200,
    eventually: true,
  })
  if (served.faults.length > 0) throw new Error(served.faults.join('\n'))

  return {
    namespace,
    perform,
    async close() {
      await client.send({ method: 'DELETE', path: `${definitions}/${definition.metadata.name}` })
      await client.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
      await client.close()
    },
  }
}
