/**
 * Reads the protobuf bodies kubectl's imperative commands send: the `k8s\0` envelope (runtime.Unknown) around one builtin
 * kind. Answers are always JSON, which every client accepts.
 */
import { protobufMessage, builtinMessageName } from '../builtin/definitions.ts'
import { setOwn } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { checkJsonText, tooManyValues } from '../http/body-limits.ts'
import { DEEPEST, MOST_VALUES } from '../limits.ts'
import { badRequest } from '../status-error.ts'

const MAGIC = Buffer.from('k8s\0', 'latin1')

export const isProtobuf = (raw: Buffer): boolean => raw.length > 4 && raw.subarray(0, 4).equals(MAGIC)

interface Field {
  readonly number: number
  readonly varint: bigint
  readonly fixed: Buffer | undefined
  readonly bytes: Buffer
}

/** Two bytes may be a field, known or not, so they are counted while they are read. */
interface Budget {
  fields: number
  values: number
}

/** An entry of a map is three of them. */
const MOST_FIELDS = 3 * MOST_VALUES
const NONE = Buffer.alloc(0)

function* fieldsOf(buffer: Buffer, budget: Budget): Generator<Field> {
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer[at]
      if (byte === undefined || shift > 63n) throw badRequest('the protobuf body is cut short')
      at += 1
      if (shift === 0n && byte < 0x80) return BigInt(byte)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < buffer.length) {
    budget.fields -= 1
    if (budget.fields < 0) throw tooManyValues()
    const tag = Number(varint())
    const number = tag >>> 3
    const take = (length: number): Buffer => {
      if (at + length > buffer.length) throw badRequest('the protobuf body is cut short')
      at += length
      return length === 0 ? NONE : buffer.subarray(at - length, at)
    }
    switch (tag & 7) {
      case 0:
        yield { number, varint: varint(), fixed: undefined, bytes: NONE }
        break
      case 1:
        yield { number, varint: 0n, fixed: take(8), bytes: NONE }
        break
      case 2:
        yield { number, varint: 0n, fixed: undefined, bytes: take(Number(varint())) }
        break
      case 5:
        yield { number, varint: 0n, fixed: take(4), bytes: NONE }
        break
      default:
        throw badRequest('the protobuf body has a group, which Kubernetes never sends')
    }
  }
}

export function decodeProtobuf(raw: Buffer): JsonObject {
  let apiVersion = ''
  let kind = ''
  let inner: Buffer = NONE
  const budget = { fields: MOST_FIELDS, values: MOST_VALUES }
  for (const { number, bytes } of fieldsOf(raw.subarray(4), budget)) {
    if (number === 1) {
      for (const field of fieldsOf(bytes, budget)) {
        if (field.number === 1) apiVersion = field.bytes.toString('utf8')
        if (field.number === 2) kind = field.bytes.toString('utf8')
      }
    } else if (number === 2) inner = bytes
  }
  const message = builtinMessageName(apiVersion, kind)
  if (message === undefined)
    throw badRequest(`${apiVersion} ${kind} cannot be read as protobuf by this server; send JSON`)
  return { apiVersion, kind, ...decodeMessage(message, inner, budget) }
}

/** Go writes zero values of non-pointer fields; they mean absent. */
const isZero = (value: JsonValue | undefined): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0)

function decodeMessage(name: string, buffer: Buffer, budget: Budget, depth = 0): JsonObject {
  if (depth > DEEPEST) throw badRequest('the protobuf body is nested too deep')
  const table = protobufMessage(name)
  if (table === undefined) throw badRequest(`the protobuf message ${name} is not known`)
  const object: JsonObject = {}
  for (const field of fieldsOf(buffer, budget)) {
    const entry = table[String(field.number)]
    if (entry === undefined) continue
    budget.values -= 1
    if (budget.values < 0) throw tooManyValues()
    const [key, declared] = entry
    const isPointer = declared.startsWith('*')
    const type = isPointer ? declared.slice(1) : declared
    if (key === '') {
      Object.assign(object, decodeMessage(type, field.bytes, budget, depth + 1))
    } else if (type.startsWith('[]')) {
      const list = Array.isArray(object[key]) ? (object[key] as JsonValue[]) : []
      list.push(decodeValue(type.slice(2), field, budget, depth) ?? null)
      object[key] = list
    } else if (type.startsWith('{}')) {
      const map = (object[key] ?? {}) as JsonObject
      let mapKey = ''
      let mapValue: JsonValue | undefined
      for (const part of fieldsOf(field.bytes, budget)) {
        if (part.number === 1) mapKey = part.bytes.toString('utf8')
        else mapValue = decodeValue(type.slice(2), part, budget, depth)
      }
      setOwn(map, mapKey, mapValue ?? (type === '{}string' || type === '{}bytes' ? '' : null))
      object[key] = map
    } else {
      const value = decodeValue(type, field, budget, depth)
      if (isPointer ? value !== undefined : !isZero(value)) object[key] = value
    }
  }
  return object
}

function decodeValue(type: string, field: Field, budget: Budget, depth: number): JsonValue | undefined {
  switch (type) {
    case 'string':
      return field.bytes.toString('utf8')
    case 'bytes':
      return field.bytes.toString('base64')
    case 'bool':
      return field.varint !== 0n
    case 'int':
      return Number(BigInt.asIntN(64, field.varint))
    case 'double':
      return field.fixed?.readDoubleLE(0) ?? 0
    case 'time':
    case 'microtime':
      return time(field.bytes, budget, type === 'microtime')
    case 'quantity': {
      for (const part of fieldsOf(field.bytes, budget))
        if (part.number === 1) return part.bytes.toString('utf8')
      return undefined
    }
    case 'intorstring': {
      let isString = false
      let number = 0
      let text = ''
      for (const part of fieldsOf(field.bytes, budget)) {
        if (part.number === 1) isString = part.varint === 1n
        if (part.number === 2) number = Number(BigInt.asIntN(64, part.varint))
        if (part.number === 3) text = part.bytes.toString('utf8')
      }
      return isString ? text : number
    }
    case 'raw': {
      for (const part of fieldsOf(field.bytes, budget))
        if (part.number === 1 && part.bytes.length > 0) return rawJson(part.bytes.toString('utf8'))
      return undefined
    }
    default:
      if (type.startsWith('[]')) {
        // A named list type travels as a message with one repeated field.
        return [...fieldsOf(field.bytes, budget)].map(
          (part) => decodeValue(type.slice(2), part, budget, depth + 1) ?? null,
        )
      }
      return decodeMessage(type, field.bytes, budget, depth + 1)
  }
}

/** A part that travels as JSON, such as a default in a schema. */
function rawJson(text: string): JsonValue {
  checkJsonText(text)
  return JSON.parse(text) as JsonValue
}

function time(bytes: Buffer, budget: Budget, micro: boolean): JsonValue | undefined {
  let seconds = 0
  let nanos = 0
  for (const part of fieldsOf(bytes, budget)) {
    if (part.number === 1) seconds = Number(BigInt.asIntN(64, part.varint))
    if (part.number === 2) nanos = Number(part.varint)
  }
  // Go's zero time is the year 1; over the wire it is an empty message.
  if (seconds <= 0) return undefined
  const text = new Date(seconds * 1000).toISOString().slice(0, 19)
  return micro ? `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${text}Z`
}
