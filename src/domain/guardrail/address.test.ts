import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressFault, coversAddress } from './address.ts'

test.each([
  ['https://mcp.example.com', 'https://mcp.example.com', true, 'the same'],
  ['https://mcp.example.com', 'https://mcp.example.com/sse', true, 'no path covers every path'],
  [
    'https://mcp.example.com/',
    'https://MCP.example.com:443/a/b',
    true,
    'case of the host and the usual port do not count',
  ],
  ['https://mcp.example.com/team-a', 'https://mcp.example.com/team-a/sse', true, 'a segment more'],
  [
    'https://mcp.example.com/team-a/',
    'https://mcp.example.com/team-a',
    true,
    'a slash at the end does not count',
  ],
  [
    'https://mcp.example.com/team-a',
    'https://mcp.example.com/team-ab',
    false,
    'a segment is whole or not there',
  ],
  ['https://mcp.example.com/team-a', 'https://mcp.example.com/', false, 'less than the path'],
  ['https://mcp.example.com', 'https://mcp.example.com.evil.org', false, 'another host that begins alike'],
  [
    'https://mcp.example.com',
    'https://mcp.example.com@evil.org',
    false,
    'a user name that looks like the host',
  ],
  ['https://mcp.example.com', 'https://mcp.example.com:8443', false, 'another port'],
  ['https://mcp.example.com', 'http://mcp.example.com', false, 'without encryption'],
  [
    'https://mcp.example.com',
    'https://mcp.example.com./',
    false,
    'a host with a dot at its end is another name',
  ],
  ['https://mcp.example.com/a', 'https://mcp.example.com/a/../b', false, 'dots are resolved first'],
  ['https://mcp.example.com/a', 'https://mcp.example.com/a/%2e%2e/b', false, 'also encoded'],
  [
    'https://mcp.example.com/a',
    'https://mcp.example.com/a/..%2fb',
    false,
    'nor hidden behind an encoded slash',
  ],
  ['https://mcp.example.com/a', 'https://mcp.example.com/a\\..\\b', false, 'nor behind backslashes'],
  ['https://*.example.com', 'https://mcp.example.com', false, 'a wildcard stands for nothing'],
  ['mcp.example.com', 'https://mcp.example.com', false, 'an entry without a scheme covers nothing'],
  ['https://user:secret@mcp.example.com', 'https://mcp.example.com', false, 'nor does one with a password'],
  ['https://mcp.example.com?a=b', 'https://mcp.example.com?a=b', false, 'nor one with a query'],
  ['https://mcp.example.com', 'ftp://mcp.example.com', false, 'another protocol'],
  ['https://mcp.example.com', '', false, 'no address at all'],
])('%s covers %s: %s, because %s', (entry, address, expected) => {
  expect(coversAddress(entry, address)).toBe(expected)
})

test('an entry that can cover nothing says why', () => {
  expect(addressFault('https://mcp.example.com/team-a')).toBeUndefined()
  for (const entry of [
    'mcp.example.com',
    'https://a:b@c',
    'https://*.c',
    'https://c?x',
    'https://c#x',
    'ftp://c',
  ])
    expect(addressFault(entry), entry).toBeTypeOf('string')
})

test('what is covered is at the host and under the path of the entry, whatever the address looks like', () => {
  const piece = fc.constantFrom(
    'a',
    'b',
    'ab',
    '..',
    '.',
    '%2e%2e',
    '%2f',
    '@',
    ':',
    '/',
    '\\',
    'evil.org',
    '?',
    '#',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const address = `https://mcp.example.com${pieces.join('')}`
      if (!coversAddress('https://mcp.example.com/a', address)) return
      const { host, pathname } = new URL(address)
      expect(host).toBe('mcp.example.com')
      expect(`${decodeURIComponent(pathname)}/`).toMatch(/^\/+a\//)
      expect(decodeURIComponent(pathname).split(/[/\\]/)).not.toContain('..')
    }),
    { numRuns: 2000 },
  )
})
