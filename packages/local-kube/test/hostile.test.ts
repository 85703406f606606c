/**
 * What nobody sends by accident. Each request is answered with a Status that says what was wrong, the server lives, and
 * it goes on answering others. How long it stood still is printed, not asserted: the limits that keep it short are.
 */
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  configMap,
  configMaps,
  custom as customObject,
  definition,
  definitions,
  group,
  many,
} from './hostile/hostile-request.ts'
import { startMeasuredServer } from './hostile/measured-server.ts'
import type { MeasuredServer } from './hostile/measured-server.ts'

let server: MeasuredServer
const agent = new Agent({ headersTimeout: 60_000 })
const stalls: { readonly name: string; readonly stall: number; readonly work: number }[] = []

beforeAll(async () => {
  server = await startMeasuredServer()
})

afterAll(async () => {
  expect(server.isAlive()).toBe(true)
  await server.close()
  await agent.destroy()
  const worst = stalls.toSorted((a, b) => b.work - a.work).slice(0, 5)
  console.log(
    `most work for one request: ${worst.map(({ name, stall, work }) => `${name} ${work.toFixed(0)} ms of processor time (longest standstill ${stall.toFixed(0)} ms)`).join('; ')}`,
  )
})

interface Sent {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly type?: string
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

interface Answered {
  readonly status: number
  readonly body: { readonly kind?: string; readonly reason?: string; readonly message?: string }
}

async function send(sent: Sent): Promise<Answered> {
  await server.standstill()
  const { status, type, text: content } = await server.send(sent)
  stalls.push({ name: expect.getState().currentTestName ?? '', ...(await server.standstill()) })
  // A path that leads nowhere is answered in plain words, as a real API server does.
  const isJson = type.startsWith('application/json')
  return { status, body: (isJson ? JSON.parse(content) : {}) as Answered['body'] }
}

const define = (plural: string, spec: object, version?: object): Promise<Answered> =>
  send({ path: definitions, body: definition(plural, spec, version) })
const custom = (plural: string, spec: unknown): Promise<Answered> => {
  const { path, body } = customObject(plural, () => spec)
  return send({ path, ...(body === undefined ? {} : { body: body() }) })
}

const refusedWith = (status: number, reason: string, message: RegExp): object => ({
  status,
  body: { kind: 'Status', reason, message: expect.stringMatching(message) as string },
})

/** So many empty messages in the second field of a pod's spec, its containers. */
const pairs = (count: number): Buffer => Buffer.from('\x12\0'.repeat(count), 'latin1')

describe('a body', () => {
  test('of more than 3 MB is refused, announced or not, and the next request is answered', async () => {
    const large = configMap('large', { a: 'x'.repeat(4_000_000) })
    expect(await send({ path: configMaps, body: large })).toMatchObject(
      refusedWith(413, 'RequestEntityTooLarge', /limit is 3145728/),
    )
    const chunked = await request(server.target.url + configMaps, {
      dispatcher: agent,
      method: 'POST',
      headers: { authorization: `Bearer ${server.target.token}`, 'content-type': 'application/json' },
      body: Readable.from(
        many(9, (index) => Buffer.from(large.slice(index * 500_000, (index + 1) * 500_000))),
      ),
    })
    expect(chunked.statusCode).toBe(413)
    await chunked.body.dump()
    expect(await send({ path: configMaps, body: configMap('after-large', {}) })).toMatchObject({
      status: 201,
    })
  })

  test('that makes an object larger than 1.5 MB is refused', async () => {
    expect(
      await send({ path: configMaps, body: configMap('heavy', { a: 'x'.repeat(2_000_000) }) }),
    ).toMatchObject({ status: expect.toBeOneOf([413, 422]) as number, body: { kind: 'Status' } })
  })

  test.each([
    ['lists', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['brackets in text do not count', `{"a":"${'['.repeat(1_000)}"`],
  ])('nested too deep is refused before it is read: %s', async (_, body) => {
    expect(await send({ path: configMaps, body })).toMatchObject(
      refusedWith(400, 'BadRequest', /nested deeper than 500 levels|unrecognized/),
    )
  })

  test('with too many values is refused before it is read', async () => {
    const data = Object.fromEntries(many(50_000, (index) => [`k${index}`, '']))
    expect(await send({ path: configMaps, body: configMap('many', data) })).toMatchObject(
      refusedWith(413, 'RequestEntityTooLarge', /too many values: limit is 30000/),
    )
  })

  test('with as many values as are allowed is kept, patched and applied', async () => {
    const data = Object.fromEntries(many(14_000, (index) => [`k${index}`, '']))
    expect(await send({ path: configMaps, body: configMap('full', data) })).toMatchObject({ status: 201 })
    const patch = { method: 'PATCH', path: `${configMaps}/full` } as const
    const merge = 'application/merge-patch+json'
    expect(await send({ ...patch, type: merge, body: '{"data":{"k1":"x"}}' })).toMatchObject({ status: 200 })
    const applied = (body: object): Promise<Answered> =>
      send({
        method: 'PATCH',
        path: `${configMaps}/applied?fieldManager=me`,
        type: 'application/apply-patch+yaml',
        body: configMap('applied', body),
      })
    expect(await applied(data)).toMatchObject({ status: 201 })
    const half = Object.fromEntries(Object.entries(data).slice(0, 7_000))
    const less = await applied(half)
    expect(Object.keys((less.body as { data: object }).data)).toHaveLength(7_000)
  })

  test('that is no UTF-8, no JSON or nothing at all does no harm', async () => {
    const bytes = Buffer.from(configMap('bytes', { a: '??' }).replace('??', '\u0001'), 'latin1')
    bytes[bytes.indexOf(1)] = 0xff
    expect((await send({ path: configMaps, body: bytes })).status).toBeOneOf([201, 400])
    for (const body of ['nonsense', '{', '[]', 'null', '"text"', '\0\0\0'])
      expect(await send({ path: configMaps, body })).toMatchObject(refusedWith(400, 'BadRequest', /./))
    expect(await send({ path: configMaps, body: '' })).toMatchObject(refusedWith(400, 'BadRequest', /./))
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', 'constructor'])(
    'of the type %s is refused',
    async (type) => {
      expect(await send({ path: configMaps, type, body: configMap('typed', {}) })).toMatchObject(
        refusedWith(415, 'UnsupportedMediaType', /accepted media types include: application\/json/),
      )
      expect(
        await send({ method: 'PATCH', path: `${configMaps}/kube-root-ca.crt`, type, body: '{}' }),
      ).toMatchObject({ status: expect.toBeOneOf([404, 415]) as number, body: { kind: 'Status' } })
    },
  )

  test.each([
    [
      'a bomb of aliases',
      `${['a', 'b', 'c', 'd', 'e'].reduce(
        (all, name, index, names) =>
          `${all}${name}: &${name} [${Array(9)
            .fill(index === 0 ? 'x' : `*${names[index - 1]}`)
            .join(',')}]\n`,
        '',
      )}`,
    ],
    ['deep', `a: ${'['.repeat(20_000)}`],
    ['torn', 'a: "b'],
  ])('of YAML that is %s is refused', async (_, body) => {
    expect(await send({ path: configMaps, type: 'application/yaml', body })).toMatchObject(
      refusedWith(400, 'BadRequest', /./),
    )
  })

  test('of long YAML is read beside the server', async () => {
    const lines = many(1_500, (index) => `  key-${index}: "some text"`)
    const body = ['apiVersion: v1', 'kind: ConfigMap', 'metadata: {name: yaml}', 'data:', ...lines].join('\n')
    const answer = await send({ path: configMaps, type: 'application/yaml', body })
    expect(answer.status).toBe(201)
    expect((answer.body as { data: Record<string, string> }).data['key-1499']).toBe('some text')
  })

  test('with more faults than headers can carry is warned of the first of them', async () => {
    const unknown = Object.fromEntries(many(10_000, (index) => [`field${index}`, 1]))
    const answer = await request(server.target.url + configMaps, {
      dispatcher: agent,
      method: 'POST',
      headers: { authorization: `Bearer ${server.target.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...(JSON.parse(configMap('faulty', {})) as object), ...unknown }),
    })
    await answer.body.dump()
    expect(answer.statusCode).toBe(201)
    expect(String(answer.headers['warning']).length).toBeLessThan(10_000)
    expect(answer.headers['warning']).toContainEqual('299 - "unknown field \\"field0\\""')
  })

  test('of protobuf that has a value in every two bytes is refused', async () => {
    const emptyContainers = Buffer.concat([Buffer.from([0x12, 0xc0, 0x84, 0x3d]), pairs(500_000)])
    const body = Buffer.concat([
      Buffer.from('k8s\0\n\t\n\x02v1\x12\x03Pod', 'latin1'),
      Buffer.from([0x12, 0xc4, 0x84, 0x3d]),
      emptyContainers,
    ])
    const type = 'application/vnd.kubernetes.protobuf'
    expect(await send({ path: '/api/v1/namespaces/default/pods', type, body })).toMatchObject(
      refusedWith(413, 'RequestEntityTooLarge', /too many values/),
    )
  })

  test.each([
    ['garbage', Buffer.from('k8s\0 this is no protobuf')],
    ['a length beyond the end', Buffer.from([0x6b, 0x38, 0x73, 0, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
    ['an endless number', Buffer.from([0x6b, 0x38, 0x73, 0, ...Array<number>(40).fill(0xff)])],
  ])('of protobuf that is %s is refused', async (_, body) => {
    const type = 'application/vnd.kubernetes.protobuf'
    expect(await send({ path: configMaps, type, body })).toMatchObject(refusedWith(400, 'BadRequest', /./))
  })
})

describe('names', () => {
  test('of the prototype are data like any other, on every way in', async () => {
    const raw =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto"},"data":{"__proto__":"x","constructor":"y"}}'
    expect((await send({ path: configMaps, body: raw })).status).toBe(201)
    const dataOf = async (): Promise<string> => {
      const { body } = await send({ method: 'GET', path: `${configMaps}/proto` })
      return JSON.stringify((body as { data?: unknown }).data)
    }
    expect(await dataOf()).toBe('{"__proto__":"x","constructor":"y"}')
    const patches: readonly (readonly [string, string])[] = [
      ['application/merge-patch+json', '{"data":{"__proto__":"merged"},"__proto__":{"polluted":true}}'],
      [
        'application/strategic-merge-patch+json',
        '{"data":{"__proto__":"merged"},"__proto__":{"polluted":true},"$deleteFromPrimitiveList/__proto__":["a"],"$setElementOrder/__proto__":["a"]}',
      ],
      [
        'application/json-patch+json',
        '[{"op":"add","path":"/data/__proto__","value":"merged"},{"op":"add","path":"/__proto__/polluted","value":"x"}]',
      ],
      ['application/apply-patch+yaml', raw.replace('"x"', '"merged"')],
    ]
    for (const [type, body] of patches) {
      const { status } = await send({
        method: 'PATCH',
        path: `${configMaps}/proto?fieldManager=m&force=true`,
        type,
        body,
      })
      expect(status).toBeLessThan(500)
    }
    expect(await dataOf()).toBe('{"__proto__":"merged","constructor":"y"}')
    const clean = (await send({ path: configMaps, body: configMap('clean', {}) })).body
    expect(JSON.stringify(clean)).not.toContain('polluted')
    expect(await send({ method: 'GET', path: '/api/v1/namespaces/default/__proto__' })).toMatchObject({
      status: 404,
    })
    expect(await send({ method: 'GET', path: '/apis/constructor/v1/toString' })).toMatchObject({
      status: 404,
    })
  })

  test.each(['../../etc/passwd', '..', 'a/b', 'a%2fb', 'a\0b', '-a', 'x'.repeat(300), 'ａ'])(
    'that are paths or no names are refused: %j',
    async (name) => {
      expect(await send({ path: configMaps, body: configMap(name, {}) })).toMatchObject(
        refusedWith(422, 'Invalid', /metadata\.name/),
      )
    },
  )

  test.each(['..%2f..%2fsecrets', '%00', '%ff', '%zz', `${'x'.repeat(4_000)}`, '__proto__'])(
    'in a path lead nowhere: %s',
    async (name) => {
      expect(await send({ method: 'GET', path: `${configMaps}/${name}` })).toMatchObject({
        status: 404,
        body: { kind: 'Status' },
      })
    },
  )
})

/** What no well-behaved client can be made to send. */
async function raw(bytes: string): Promise<string> {
  const { hostname, port } = new URL(server.target.url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => undefined)
  socket.write(bytes)
  return text(socket)
}

describe('a request', () => {
  test.each(['//', '//evil.example.com/api', 'http://[', '/%', '/api/v1//namespaces///', '?', '*'])(
    'for the target %j is answered',
    async (path) => {
      const answer = await raw(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.target.token}\r\nConnection: close\r\n\r\n`,
      )
      expect(answer).toMatch(/^HTTP\/1\.1 (200|400|404) /)
    },
  )

  test('goes where its path says, dots or not', async () => {
    const path = `${configMaps}/%2e%2e`
    const answer = await raw(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.target.token}\r\nConnection: close\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 404 [\s\S]*configmaps \\"\.\.\\" not found/)
  })

  test('that is no HTTP, or has too large headers, is told so in a Status', async () => {
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"kind":"Status"/)
    expect(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(100_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 [\s\S]*"kind":"Status"/,
    )
  })

  test('with strange parameters is answered', async () => {
    const strange = [
      'limit=-1',
      'limit=abc',
      'continue=%00',
      `continue=${Buffer.from('null').toString('base64url')}`,
      'resourceVersion=-5&watch=true&timeoutSeconds=1',
      'watch=true&timeoutSeconds=1&resourceVersion=99999999999999999999',
      `labelSelector=${encodeURIComponent('a in ('.repeat(1_000))}`,
      'fieldSelector=%3D%3D%3D',
      'fieldSelector=__proto__=x',
    ]
    for (const query of strange) {
      const answer = await request(`${server.target.url}${configMaps}?${query}`, {
        dispatcher: agent,
        headers: { authorization: `Bearer ${server.target.token}` },
      })
      await answer.body.dump()
      expect(answer.statusCode, query).toBeLessThan(505)
      expect(answer.statusCode, query).not.toBe(500)
    }
  })

  test('for a watch longer than a timer can count is not ended at once', async () => {
    const answer = await request(`${server.target.url}${configMaps}?watch=true&timeoutSeconds=99999999999`, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${server.target.token}` },
    })
    let ended = false
    answer.body.on('end', () => (ended = true)).on('error', () => undefined)
    answer.body.resume()
    await send({ path: configMaps, body: configMap('while-watching', {}) })
    await send({ method: 'GET', path: `${configMaps}/while-watching` })
    expect(ended).toBe(false)
    answer.body.destroy()
  })
})

describe('a JSON patch', () => {
  const patch = (operations: object[]): Promise<Answered> =>
    send({
      method: 'PATCH',
      path: `${configMaps}/patched`,
      type: 'application/json-patch+json',
      body: JSON.stringify(operations),
    })
  test('that doubles what it copies, or asks too much, is refused', async () => {
    await send({ path: configMaps, body: configMap('patched', { a: 'b' }) })
    const copies = many(30, (index) => ({ op: 'copy', from: '/data', path: `/data/c${index}` }))
    expect(await patch(copies)).toMatchObject(refusedWith(413, 'RequestEntityTooLarge', /copies/))
    const tests = many(10_001, () => ({ op: 'test', path: '/data/a', value: 'b' }))
    expect((await patch(tests)).status).toBe(413)
    expect(await patch([{ op: 'add', path: '/__proto__/x/y', value: 1 }])).toMatchObject({ status: 422 })
  })
})

describe('a definition', () => {
  test('may have patterns that catastrophe waits in, and no value makes them slow', async () => {
    const string = (pattern: string): object => ({ type: 'string', pattern })
    expect(
      await define('patterns', {
        type: 'object',
        properties: {
          nested: string('^(a+)+$'),
          alternatives: string('^(a|a)*$'),
          duration: { type: 'string', format: 'duration' },
          hostname: { type: 'string', format: 'hostname' },
          email: { type: 'string', format: 'email' },
          strange: { type: 'string', format: 'constructor' },
        },
      }),
    ).toMatchObject({ status: 201 })
    expect(await custom('patterns', { nested: `${'a'.repeat(100_000)}!` })).toMatchObject({ status: 422 })
    expect(await custom('patterns', { alternatives: `${'a'.repeat(100_000)}!` })).toMatchObject({
      status: 422,
    })
    expect(await custom('patterns', { nested: 'a'.repeat(1_000_000) })).toMatchObject(
      refusedWith(422, 'Invalid', /too long to be matched/),
    )
    expect(await custom('patterns', { duration: `${'1s'.repeat(50_000)}!` })).toMatchObject({ status: 422 })
    expect(await custom('patterns', { hostname: `${'a.'.repeat(50_000)}!` })).toMatchObject({ status: 422 })
    expect(await custom('patterns', { email: `${'a'.repeat(100_000)}` })).toMatchObject({ status: 422 })
    expect(await custom('patterns', { strange: 'anything' })).toMatchObject({ status: 201 })
  })

  test.each(['(?<!a)b', '((a{1000}){1000}){1000}', '(', '[', `${'('.repeat(2_000)}a${')'.repeat(2_000)}`])(
    'with the pattern %j is refused',
    async (pattern) => {
      expect(
        await define('badpatterns', { type: 'object', properties: { a: { type: 'string', pattern } } }),
      ).toMatchObject(refusedWith(422, 'Invalid', /must be a valid regular expression/))
    },
  )

  test('that refers to itself is refused', async () => {
    expect(await define('selves', { $ref: '#/properties/spec' })).toMatchObject(
      refusedWith(422, 'Invalid', /\$ref is not supported/),
    )
  })

  test('with long enums is quick to ask, and its refusal is short', async () => {
    const values = many(10_000, (index) => `value-${index}`)
    const items = { type: 'string', enum: values }
    expect(
      await define('enums', { type: 'object', properties: { l: { type: 'array', items } } }),
    ).toMatchObject({
      status: 201,
    })
    expect(await custom('enums', { l: many(10_000, () => 'value-9999') })).toMatchObject({ status: 201 })
    const refusal = await custom('enums', { l: many(10_000, () => 'other') })
    expect(refusal.status).toBe(422)
    expect(refusal.body.message?.length).toBeLessThan(1_000_000)
  })

  test('with alternatives within alternatives is not asked twice at each level', async () => {
    const nested = (levels: number): object =>
      levels === 0 ? { minProperties: 5 } : { anyOf: [nested(levels - 1)] }
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    expect(await define('nests', { ...open, ...nested(100) })).toMatchObject({ status: 201 })
    expect(await custom('nests', { a: 1 })).toMatchObject({ status: 422 })
  })

  test('with more alternatives than an object can be compared with gives up in words', async () => {
    const anyOf = many(2_000, (index) => ({ minimum: index + 1_000_000 }))
    const items = { type: 'integer', anyOf }
    await define('alternatives', { type: 'object', properties: { l: { type: 'array', items } } })
    expect(await custom('alternatives', { l: many(5_000, () => 1) })).toMatchObject(
      refusedWith(422, 'Invalid', /running out of budget|anyOf/),
    )
  })

  test('with rules over lists over lists is refused its object when that costs too much', async () => {
    const l = { type: 'array', items: { type: 'integer' } }
    const rule = 'self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))'
    const spec = { type: 'object', 'x-kubernetes-validations': [{ rule }], properties: { l } }
    expect(await define('cubes', spec)).toMatchObject({ status: 201 })
    expect(await custom('cubes', { l: many(10, (index) => index) })).toMatchObject({ status: 201 })
    expect(await custom('cubes', { l: many(1_000, (index) => index) })).toMatchObject(
      refusedWith(422, 'Invalid', /running out of cost budget/),
    )
  })

  test.each([
    ['deep', `${'('.repeat(4_000)}true${')'.repeat(4_000)}`],
    ['negated over and over', `${'!'.repeat(9_000)}true`],
    ['a long way down', `self${'.a'.repeat(4_900)} == 1`],
    ['full of open quotes', '""" '.repeat(2_001)],
    ['endless', '1 + '.repeat(100_000)],
  ])('with a rule that is %s is refused', async (_, rule) => {
    expect(await define('rules', { type: 'object', 'x-kubernetes-validations': [{ rule }] })).toMatchObject(
      refusedWith(422, 'Invalid', /compilation failed/),
    )
  })

  test.each([
    ['repetitions within repetitions', '(((a{10}){10}){10}|'.repeat(60) + 'b' + ')'.repeat(60)],
    ['ranges of every alphabet, without case', `(?i)${'[\\x{60}-\\x{1e920}]'.repeat(100)}`],
    ['a megabyte', '(a|b)*'.repeat(170_000)],
  ])('with a pattern of %s is refused', async (_, pattern) => {
    const a = { type: 'string', pattern }
    expect(await define('large', { type: 'object', properties: { a } })).toMatchObject(
      refusedWith(422, 'Invalid', /pattern/),
    )
  })

  test('with thousands of patterns is refused, with hundreds it is served', async () => {
    const patterned = (count: number): object => ({
      type: 'object',
      properties: Object.fromEntries(
        many(count, (index) => [`p${index}`, { type: 'string', pattern: `^(a|b)+[${index}]{1,50}x$` }]),
      ),
    })
    expect(await define('thousands', patterned(5_000))).toMatchObject(
      refusedWith(422, 'Invalid', /patterns are too large together/),
    )
    expect(await define('hundreds', patterned(500))).toMatchObject({ status: 201 })
    const values = Object.fromEntries(many(500, (index) => [`p${index}`, `a${String(index)[0]}x`]))
    expect(await custom('hundreds', values)).toMatchObject({ status: 201 })
  })

  test('with defaults that multiply is refused its objects', async () => {
    const defaulted = Object.fromEntries(
      many(5_000, (index) => [`d${index}`, { type: 'string', default: 'x' }]),
    )
    const l = { type: 'array', items: { type: 'object', properties: defaulted } }
    expect(await define('multiplying', { type: 'object', properties: { l } })).toMatchObject({ status: 201 })
    expect(await custom('multiplying', { l: [{}, {}] })).toMatchObject({ status: 201 })
    expect(await custom('multiplying', { l: many(10_000, () => ({})) })).toMatchObject(
      refusedWith(413, 'RequestEntityTooLarge', /the defaults make the object too large/),
    )
    const within = { ...l, default: many(10_000, () => ({})) }
    expect(await define('within', { type: 'object', properties: { l: within } })).toMatchObject(
      refusedWith(422, 'Invalid', /the defaults make the object too large/),
    )
  })

  test.each([
    ['replace', "self.s.replace('a', 'bbbb').replace('b', '').size() >= 0"],
    ['split', "self.s.split('').size() >= 0"],
    ['put together', '(self.s + self.s + self.s).lowerAscii().size() >= 0'],
    ['match', "self.s.matches('^(a|b|c)*$')"],
  ])('with hundreds of rules that %s a long text is refused it', async (name, rule) => {
    const rules = many(500, (index) => ({ rule: `${rule} && ${index} >= 0` }))
    const plural = `texts${name.replaceAll(' ', '')}`
    const s = { type: 'string' }
    const spec = { type: 'object', 'x-kubernetes-validations': rules, properties: { s } }
    expect(await define(plural, spec)).toMatchObject({ status: 201 })
    expect(await custom(plural, { s: 'a'.repeat(10) })).toMatchObject({ status: 201 })
    expect(await custom(plural, { s: 'a'.repeat(300_000) })).toMatchObject(
      refusedWith(422, 'Invalid', /running out of cost budget/),
    )
  })

  test('with rules that compare long lists over and over is refused them', async () => {
    const l = { type: 'array', items: { type: 'integer' } }
    const spec = {
      type: 'object',
      'x-kubernetes-validations': [{ rule: 'self.l.all(x, self.l == self.l)' }],
      properties: { l },
    }
    expect(await define('comparing', spec)).toMatchObject({ status: 201 })
    expect(await custom('comparing', { l: many(100, (index) => index) })).toMatchObject({ status: 201 })
    expect(await custom('comparing', { l: many(10_000, (index) => index) })).toMatchObject(
      refusedWith(422, 'Invalid', /running out of cost budget/),
    )
  })

  test('with a pattern for each of thousands of alternatives gives up in words', async () => {
    const anyOf = many(1_000, (index) => ({ pattern: `^(a|b)*${index}$` }))
    const spec = { type: 'object', properties: { s: { type: 'string', anyOf } } }
    expect(await define('manypatterns', spec)).toMatchObject({ status: 201 })
    expect(await custom('manypatterns', { s: 'a'.repeat(50_000) })).toMatchObject(
      refusedWith(422, 'Invalid', /running out of budget/),
    )
  })

  test('with too many rules to read is refused', async () => {
    const rules = many(2_000, (index) => ({ rule: `self.a != ${index}` }))
    const a = { type: 'integer' }
    expect(
      await define('manyrules', { type: 'object', 'x-kubernetes-validations': rules, properties: { a } }),
    ).toMatchObject(refusedWith(422, 'Invalid', /2000 validation rules are too many/))
  })

  test('with columns that multiply what they find shows a short table', async () => {
    const jsonPath = `.${'..[*]'.repeat(8)}`
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    await define('columns', open, { additionalPrinterColumns: [{ name: 'x', type: 'string', jsonPath }] })
    const tree = (levels: number): unknown => (levels === 0 ? 1 : many(6, () => tree(levels - 1)))
    expect(await custom('columns', { tree: tree(4) })).toMatchObject({ status: 201 })
    const table = await send({
      method: 'GET',
      path: `/apis/${group}/v1/namespaces/default/columns`,
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    })
    expect(table).toMatchObject({ status: 200, body: { kind: 'Table' } })
  })
})
