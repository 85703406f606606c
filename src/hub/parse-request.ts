// Bodies of agents and people, parsed once at the edge: what passes here has the shape that `wire.ts` names.

import { Type, type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Clean } from 'typebox/value'
import type { RecordBody } from '../domain/journal/record.ts'
import type { Clock } from '../ports/clock.ts'
import { cleanRecord, endRecord, requestRecord, workRecord } from './record-schema.ts'
import { decodeText, readBody } from './read-body.ts'
import { invalidInput } from './refusal.ts'
import type {
  HeartbeatRequest,
  LeaseRequest,
  ProofRequest,
  RecordRequest,
  ReserveRequest,
  ResolveRequest,
} from './wire.ts'

/** Room for a step's whole output and the tool results of a turn. */
const AGENT_BODY_LIMIT = 16 * 1024 * 1024

type Parser<T> = (request: { readonly request: Request; readonly clock: Clock }) => Promise<T>

const parserOf = <S extends TSchema>(
  schema: S,
  clean: (value: Static<S>) => Static<S> = (value) => Clean(schema, value) as Static<S>,
): Parser<Static<S>> => {
  const validator = Compile(schema)
  return async ({ request, clock }) => {
    const value = parseJson(decodeText(await readBody({ request, limit: AGENT_BODY_LIMIT, clock })))
    // Fields nobody knows are dropped, not refused: an agent may be newer than its hub.
    if (validator.Check(value)) return clean(value)
    const [first] = validator.Errors(value)
    throw invalidInput(
      `the body is not what this path takes: ${first === undefined ? 'unknown fault' : `${first.instancePath || '/'} ${first.message}`}`,
    )
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalidInput(`the body is not JSON: ${(error as Error).message}`)
  }
}

const cleanRecords = <Body extends { readonly type: string }>({
  records,
  contents: texts,
}: {
  readonly records: Body[]
  readonly contents?: string[]
}) => ({ records: records.map(cleanRecord), ...(texts === undefined ? {} : { contents: texts }) })

const proof = { task: Type.String({ minLength: 1, maxLength: 1024 }), fence: Type.Integer({ minimum: 1 }) }
const contents = Type.Optional(Type.Array(Type.String(), { maxItems: 256 }))

export const parseLease: Parser<LeaseRequest> = parserOf(
  Type.Object({
    holder: Type.String({ minLength: 1, maxLength: 253 }),
    waitMs: Type.Number({ minimum: 0 }),
  }),
)

export const parseResolve: Parser<ResolveRequest> = parserOf(
  Type.Object({
    step: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
    outcome: Type.Enum(['done', 'not-done']),
    result: Type.Optional(Type.String({ maxLength: 16_384 })),
  }),
)

export const parseProof: Parser<ProofRequest> = parserOf(Type.Object(proof))

export const parseHeartbeat: Parser<HeartbeatRequest> = parserOf(
  Type.Object({ ...proof, waitMs: Type.Optional(Type.Number({ minimum: 0 })) }),
)

export const parseReserve: Parser<
  ReserveRequest & { readonly before?: { readonly records: readonly WorkRecord[] } }
> = parserOf(
  Type.Object({
    ...proof,
    record: requestRecord,
    before: Type.Optional(Type.Object({ records: Type.Array(workRecord, { maxItems: 256 }), contents })),
  }),
  ({ task, fence, record, before }) => ({
    task,
    fence,
    record: cleanRecord(record),
    ...(before === undefined ? {} : { before: cleanRecords(before) }),
  }),
)

export const parseRecord: Parser<RecordRequest & { readonly records: readonly WorkRecord[] }> = parserOf(
  Type.Object({ ...proof, records: Type.Array(workRecord, { minItems: 1, maxItems: 256 }), contents }),
  ({ task, fence, ...rest }) => ({ task, fence, ...cleanRecords(rest) }),
)

export const parseFinish: Parser<RecordRequest & { readonly records: readonly (WorkRecord | EndRecord)[] }> =
  parserOf(
    Type.Object({
      ...proof,
      records: Type.Array(Type.Union([workRecord, endRecord]), { minItems: 1, maxItems: 256 }),
      contents,
    }),
    ({ task, fence, ...rest }) => ({ task, fence, ...cleanRecords(rest) }),
  )

// The schemas and the journal's own types cannot drift apart: either of these lines would stop compiling.
type Agrees<Body extends RecordBody> = Body
type WorkRecord = Agrees<Static<typeof workRecord>>
type EndRecord = Agrees<Static<typeof endRecord>>
