import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createFetch } from '../http/create-fetch.ts'
import { networkFailure } from '../http/network-failure.ts'
import { notificationGuard } from './notification-guard.ts'

/** Whether a connection to the host is made when its name leads to that address. */
const allows = (host: string, address: string, { port = 443, allow = [] as readonly string[] } = {}) => {
  const guard = notificationGuard({ namespace: 'mine', allow })
  try {
    guard.checkHost({ host, port })
    guard.checkAddress({ host, port, address })
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'ADDRESS_FORBIDDEN' })
    return false
  }
}

describe('F96 X8 where addresses of users may lead', () => {
  test.each([
    '127.0.0.1',
    '169.254.169.254',
    '10.0.0.1',
    '172.20.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:169.254.169.254',
    '::ffff:7f00:1',
    '64:ff9b::a9fe:a9fe',
    'fe80::1',
    'fd00:ec2::254',
    'not an address',
  ])('%s is closed, behind a name and written out', (address) => {
    expect(allows('hooks.example.com', address)).toBe(false)
    expect(allows(address, address)).toBe(false)
    expect(allows(`[${address}]`, address)).toBe(false)
  })

  test.each(['93.184.216.34', '2606:2800:220:1::1'])('%s is open', (address) => {
    expect(allows('hooks.example.com', address)).toBe(true)
  })

  test('a Service is reached in one’s own namespace and in no other', () => {
    expect(allows('web.mine.svc', '10.0.0.1')).toBe(true)
    expect(allows('web.mine.svc.cluster.local', '10.0.0.1')).toBe(true)
    for (const host of ['web.theirs.svc', 'web.theirs.svc.cluster.local', 'WEB.THEIRS.SVC.'])
      expect(allows(host, '93.184.216.34')).toBe(false)
  })

  test('a Service that leads to a metadata service is closed', () => {
    expect(allows('web.mine.svc', '169.254.169.254')).toBe(false)
  })

  test('what the installation has opened is open, at that port, and leads to no metadata service', () => {
    const allow = ['Chat.lan:8065', '[fd12::1]:8065']
    expect(allows('chat.lan', '10.0.0.9', { port: 8065, allow })).toBe(true)
    expect(allows('[fd12::1]', 'fd12::1', { port: 8065, allow })).toBe(true)
    expect(allows('chat.lan', '10.0.0.9', { port: 22, allow })).toBe(false)
    expect(allows('other.lan', '10.0.0.9', { port: 8065, allow })).toBe(false)
    expect(allows('chat.lan', '169.254.169.254', { port: 8065, allow })).toBe(false)
  })
})

describe('F96 X8 a guarded connection', () => {
  const open: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of open.splice(0)) await close()
  })
  const client = ({ allow = [] as readonly string[], addresses = ['127.0.0.1'] }) => {
    const asked: string[] = []
    const http = createFetch({
      guard: notificationGuard({ namespace: 'mine', allow }),
      lookup: async (host) => {
        asked.push(host)
        return addresses
      },
    })
    open.push(() => http.close())
    const kind = (url: string): Promise<string> =>
      http.fetch(url).then(
        () => 'answered',
        (error: unknown) => networkFailure(error).kind,
      )
    return { asked, kind }
  }

  test.each(['http://2130706433/', 'http://0x7f.1/', 'http://0177.0.0.1/', 'http://127.1/', 'http://[::1]/'])(
    '%s is read as the address it means',
    async (url) => {
      expect(await client({ addresses: ['127.0.0.1'] }).kind(url)).toBe('forbidden')
    },
  )

  test('one closed address among several closes the name', async () => {
    const { kind } = client({ addresses: ['93.184.216.34', '10.0.0.1'] })
    expect(await kind('http://rebind.example.com/')).toBe('forbidden')
  })

  test('whether a Service of others exists is not asked', async () => {
    const { kind, asked } = client({})
    expect(await kind('http://web.theirs.svc/')).toBe('forbidden')
    expect(asked).toEqual([])
  })

  test('what is opened is reached', async () => {
    const server = createServer((_, response) => response.end('hello'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
    const { port } = server.address() as AddressInfo
    const { kind } = client({ allow: [`chat.example.com:${port}`] })
    expect(await kind(`http://chat.example.com:${port}/`)).toBe('answered')
    expect(await kind(`http://other.example.com:${port}/`)).toBe('forbidden')
  })
})
