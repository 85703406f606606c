// Bodies of agents, parsed once at the edge: what passes here has the shape that `wire.ts` names.

import { Type, type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Clean } from 'typebox/value'
import type { RecordBody } from '../domain/journal/record.ts'
import type { Clock } from '../ports/clock.ts'
import { endRecord, requestRecord, workRecord } from './record-schema.ts'
import { decodeText, readBody } from './read-body.ts'
import { invalidInput } from './refusal.ts'
import type { LeaseRequest, ProofRequest, RecordRequest, ReserveRequest } from './wire.ts'

/** Room for a step's whole output and the tool results of a turn. */
const AGENT_BODY_LIMIT = 16 * 1024 * 1024

type Parser<T> = (request: { readonly request: Request; readonly clock: Clock }) => Promise<T>

const parserOf = <S extends TSchema>(schema: S): Parser<Static<S>> => {
  const validator = Compile(schema)
  return async ({ request, clock }) => {
    const value = parseJson(decodeText(await readBody({ request, limit: AGENT_BODY_LIMIT, clock })))
    // Fields nobody knows are dropped, not refused: an agent may be newer than its hub.
    if (validator.Check(value)) return Clean(schema, value) as Static<S>
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

const proof = { task: Type.String({ minLength: 1, maxLength: 1024 }), fence: Type.Integer({ minimum: 1 }) }
const contents = Type.Optional(Type.Array(Type.String(), { maxItems: 256 }))

export const parseLease: Parser<LeaseRequest> = parserOf(
  Type.Object({
    holder: Type.String({ minLength: 1, maxLength: 253 }),
    waitMs: Type.Number({ minimum: 0 }),
  }),
)

export const parseProof: Parser<ProofRequest> = parserOf(Type.Object(proof))

export const parseReserve: Parser<ReserveRequest> = parserOf(Type.Object({ ...proof, record: requestRecord }))

export const parseRecord: Parser<RecordRequest & { readonly records: readonly WorkRecord[] }> = parserOf(
  Type.Object({ ...proof, records: Type.Array(workRecord, { minItems: 1, maxItems: 256 }), contents }),
)

export const parseFinish: Parser<RecordRequest & { readonly records: readonly (WorkRecord | EndRecord)[] }> =
  parserOf(
    Type.Object({
      ...proof,
      records: Type.Array(Type.Union([workRecord, endRecord]), { minItems: 1, maxItems: 256 }),
      contents,
    }),
  )

// The schemas and the journal's own types cannot drift apart: either of these lines would stop compiling.
type Agrees<Body extends RecordBody> = Body
type WorkRecord = Agrees<Static<typeof workRecord>>
type EndRecord = Agrees<Static<typeof endRecord>>
