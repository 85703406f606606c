import { describe, expect, test } from 'vitest'
import { addressKind } from './address-kind.ts'
import { checkedResolver } from './checked-resolver.ts'
import { createFetch } from './create-fetch.ts'
import type { HostResolver } from './service-resolver.ts'

const services: HostResolver = {
  resolve: ({ host }) => Promise.resolve({ host: '127.0.0.1', port: host.startsWith('web.') ? 9001 : 9002 }),
  forget: () => undefined,
}
const resolverFor = (addresses: readonly string[], allow: readonly string[] = []) =>
  checkedResolver({ namespace: 'mine', services, allow, resolve: () => Promise.resolve(addresses) })
const refused = { code: 'ADDRESS_REFUSED' }

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
  ])('%s is closed', (address) => expect(addressKind(address)).not.toBe('public'))

  test.each(['93.184.216.34', '2606:2800:220:1::1'])('%s is open', (address) =>
    expect(addressKind(address)).toBe('public'),
  )

  test('the address that was checked is the one that is connected to', async () => {
    const endpoint = { host: 'hooks.example.com', port: 443 }
    expect(await resolverFor(['93.184.216.34']).resolve(endpoint)).toEqual({
      host: '93.184.216.34',
      port: 443,
    })
  })

  test('one closed address among several closes the name', async () => {
    const resolver = resolverFor(['93.184.216.34', '10.0.0.1'])
    await expect(resolver.resolve({ host: 'rebind.example.com', port: 443 })).rejects.toMatchObject(refused)
  })

  test.each(['169.254.169.254', '169.254.169.254.', '[::1]', '[::ffff:a9fe:a9fe]'])(
    'the address %s written out is refused',
    async (host) => {
      await expect(resolverFor([]).resolve({ host, port: 80 })).rejects.toMatchObject(refused)
    },
  )

  test.each(['http://2130706433/', 'http://0x7f.1/', 'http://0177.0.0.1/', 'http://127.1/'])(
    '%s is read as the address it means',
    async (url) => {
      const client = createFetch({ resolver: resolverFor(['93.184.216.34']) })
      await expect(client.fetch(url)).rejects.toMatchObject({ cause: refused })
      await client.close()
    },
  )

  test('a Service is reached in one’s own namespace and in no other', async () => {
    const resolver = resolverFor([])
    expect(await resolver.resolve({ host: 'web.mine.svc', port: 80 })).toEqual({
      host: '127.0.0.1',
      port: 9001,
    })
    for (const host of ['web.theirs.svc', 'web.theirs.svc.cluster.local', 'WEB.THEIRS.SVC.'])
      await expect(resolver.resolve({ host, port: 80 })).rejects.toMatchObject(refused)
  })

  test('what the installation has opened is open, at that port', async () => {
    const resolver = resolverFor(['10.0.0.9'], ['mattermost.lan:8065'])
    expect(await resolver.resolve({ host: 'mattermost.lan', port: 8065 })).toEqual({
      host: 'mattermost.lan',
      port: 8065,
    })
    await expect(resolver.resolve({ host: 'mattermost.lan', port: 22 })).rejects.toMatchObject(refused)
  })
})
