/** Bodies of protobuf, where two bytes may be a value. */
import { configMaps, many, pods } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const varint = (value: number): Buffer =>
  value < 128 ? Buffer.from([value]) : Buffer.concat([Buffer.from([(value & 127) | 128]), varint(value >> 7)])
const field = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
const repeated = (count: number, bytes: readonly number[]): Buffer =>
  Buffer.alloc(count * bytes.length, Buffer.from(bytes))
const MAGIC = Buffer.from('k8s\0')
const enveloped = (kind: string, message: Buffer): Buffer =>
  Buffer.concat([
    MAGIC,
    field(1, Buffer.concat([field(1, Buffer.from('v1')), field(2, Buffer.from(kind))])),
    field(2, message),
  ])

const type = 'application/vnd.kubernetes.protobuf'

export const protobufBodies: readonly HostileRequest[] = [
  {
    name: 'a million unknown fields',
    path: configMaps,
    type,
    body: () => enveloped('ConfigMap', repeated(1_000_000, [0x78, 1])),
    status: 413,
  },
  {
    name: 'a million empty entries',
    path: configMaps,
    type,
    body: () => enveloped('ConfigMap', repeated(1_000_000, [0x12, 0])),
    status: 413,
  },
  {
    name: 'a million finalizers',
    path: configMaps,
    type,
    body: () => enveloped('ConfigMap', field(1, repeated(1_000_000, [0x72, 1, 97]))),
    status: 413,
  },
  {
    name: 'a million envelopes',
    path: configMaps,
    type,
    body: () => Buffer.concat([MAGIC, repeated(1_000_000, [0x0a, 0])]),
    status: 413,
  },
  {
    name: 'a million containers',
    path: pods,
    type,
    body: () => enveloped('Pod', field(2, repeated(1_000_000, [0x12, 0]))),
    status: 413,
  },
  {
    name: 'numbers without end',
    path: configMaps,
    type,
    body: () => Buffer.concat([MAGIC, Buffer.alloc(3_000_000, 0xff)]),
    status: 400,
  },
  {
    name: 'a length beyond the end',
    path: configMaps,
    type,
    body: () => Buffer.concat([MAGIC, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f])]),
    status: 400,
  },
  {
    name: 'envelopes within an unknown field',
    path: configMaps,
    type,
    body: () => enveloped('ConfigMap', Buffer.concat(many(200, () => field(15, repeated(7_000, [0x0a, 0]))))),
    status: 422,
  },
]
