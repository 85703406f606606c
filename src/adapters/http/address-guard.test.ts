import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, test } from 'vitest'
import { addressGuard, ForbiddenAddressError } from './address-guard.ts'
import { createFetch } from './create-fetch.ts'
import { networkFailure } from './network-failure.ts'

const allows = (host: string, address: string, listed: readonly string[] = []): boolean => {
  try {
    addressGuard({ mayBePrivate: (name) => listed.includes(name) }).checkAddress({ host, port: 443, address })
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(ForbiddenAddressError)
    return false
  }
}

test.each([
  ['mcp.example.com', '93.184.216.34', true, 'a public address'],
  ['mcp.example.com', '2606:2800:220:1:248:1893:25c8:1946', true, 'one of the newer kind'],
  ['mcp.example.com', '10.0.0.7', false, 'a public name that leads inside'],
  ['mcp.example.com', '127.0.0.1', false, 'or to this machine'],
  ['mcp.example.com', '::1', false, 'also in the newer kind'],
  ['mcp.example.com', '::ffff:10.0.0.7', false, 'also mapped'],
  ['mcp.example.com', '64:ff9b::a00:7', false, 'also translated'],
  ['mcp.example.com', '2002:a00:7::', false, 'also in a tunnel'],
  ['mcp.example.com', 'fd12::1', false, 'a unique local address'],
  ['mcp.example.com', '100.64.0.1', false, 'the range of carriers'],
  ['mock-slack.incident-response.svc', '10.0.0.7', true, 'a Service of the cluster'],
  ['mock-slack.incident-response.svc.cluster.local', '10.0.0.7', true, 'by its long name'],
  ['localhost', '127.0.0.1', true, 'a name that no public DNS answers for'],
  ['192.168.1.5', '192.168.1.5', true, 'an address written as such'],
  ['svc.example.com', '10.0.0.7', false, 'a public name that looks like a Service'],
  ['169.254.169.254', '169.254.169.254', false, 'the metadata service, written out'],
  ['metadata.svc', '169.254.169.254', false, 'or behind a private name'],
  ['mcp.example.com', '::ffff:169.254.169.254', false, 'or mapped'],
  ['mcp.example.com', '64:ff9b::a9fe:a9fe', false, 'or translated'],
  ['localhost', 'fe80::1', false, 'link-local'],
  ['localhost', 'fd00:ec2::254', false, 'a metadata service in a private range'],
  ['localhost', '100.100.100.200', false, 'another one'],
  ['localhost', '0.0.0.0', false, 'no address'],
  ['localhost', '224.0.0.1', false, 'many addresses'],
  ['localhost', '255.255.255.255', false, 'all addresses'],
  ['localhost', 'nonsense', false, 'not an address at all'],
])('%s at %s: %s, because it is %s', (host, address, expected) => {
  expect(allows(host, address)).toBe(expected)
})

test('an allow list lets a public name lead inside, and nothing lets it lead to a metadata service', () => {
  expect(allows('mcp.example.com', '10.0.0.7', ['mcp.example.com'])).toBe(true)
  expect(allows('mcp.example.com', '169.254.169.254', ['mcp.example.com'])).toBe(false)
})

describe('F96 a guarded connection', () => {
  const open: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of open.splice(0)) await close()
  })
  const target = async (address = '127.0.0.1') => {
    let requests = 0
    const server = createServer((_, response) => {
      requests += 1
      response.end('secret')
    })
    await new Promise<void>((resolve) => server.listen(0, address, resolve))
    open.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
    return { port: (server.address() as AddressInfo).port, requests: () => requests }
  }
  const client = (lookup: (host: string) => Promise<readonly string[]>) => {
    const http = createFetch({ guard: addressGuard(), lookup })
    open.push(() => http.close())
    return http
  }
  const refusal = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'answered',
      (error: unknown) => networkFailure(error).kind,
    )

  it('connects to the very address it checked: the name is asked once', async () => {
    const { port, requests } = await target('127.0.0.2')
    let asked = 0
    const checked: string[] = []
    const http = createFetch({
      guard: { checkHost: () => undefined, checkAddress: ({ address }) => void checked.push(address) },
      // A name that rebinds: whoever asks again is sent elsewhere.
      lookup: async () => [asked++ === 0 ? '127.0.0.2' : '127.0.0.1'],
    })
    open.push(() => http.close())
    expect(await (await http.fetch(`http://rebinding.example.com:${port}`)).text()).toBe('secret')
    expect([asked, requests(), checked]).toEqual([1, 1, ['127.0.0.2']])
  })

  it('checks again whenever it asks again: a name that rebinds after a refused connection gains nothing', async () => {
    const { port, requests } = await target()
    let asked = 0
    const http = client(async () => [asked++ === 0 ? '93.184.216.34' : '127.0.0.1'])
    await refusal(http.fetch(`http://rebinding.example.com:${port}`, { signal: AbortSignal.timeout(300) }))
    expect(requests()).toBe(0)
  })

  it('goes nowhere when one of several addresses is bad', async () => {
    const { port, requests } = await target()
    const http = client(async () => ['93.184.216.34', '127.0.0.1'])
    expect(await refusal(http.fetch(`http://both.example.com:${port}`))).toBe('forbidden')
    expect(requests()).toBe(0)
  })

  it.each(['http://0x7f.1', 'http://2130706433', 'http://127.1', 'http://localhost'])(
    '%s is this machine however it is spelled, and allowed because it is written so',
    async (url) => {
      const { port, requests } = await target()
      const http = client(async () => ['127.0.0.1'])
      expect(await (await http.fetch(`${url}:${port}`)).text()).toBe('secret')
      expect(requests()).toBe(1)
    },
  )

  it.each([
    'http://169.254.169.254/latest',
    'http://[::ffff:169.254.169.254]/',
    'http://[fe80::1]/',
    'http://0.0.0.0/',
  ])('%s is refused before a byte is sent', async (url) => {
    const http = createFetch({ guard: addressGuard({ mayBePrivate: () => true }) })
    open.push(() => http.close())
    expect(await refusal(http.fetch(url))).toBe('forbidden')
  })
})
