import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { warningHeaders } from './warning-headers.ts'

const received = async (text: string): Promise<string> => {
  const server = createServer((_, response) => {
    response.setHeader('Warning', [...warningHeaders([text])])
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await new Promise((resolve, reject) => {
      get({ port: (server.address() as AddressInfo).port }, ({ headers }) =>
        resolve(Buffer.from(String(headers['warning']), 'latin1').toString('utf8')),
      ).on('error', reject)
    })
  } finally {
    server.close()
  }
}

test.each([
  { reason: 'plain words', text: 'nothing acts on it', sent: '299 - "nothing acts on it"' },
  { reason: 'any language', text: 'a → b, 数据, 🔥', sent: '299 - "a → b, 数据, 🔥"' },
  { reason: 'quotes and backslashes', text: 'say "x" or \\y', sent: '299 - "say \\"x\\" or \\\\y"' },
  {
    reason: 'lines and control characters',
    text: 'one\r\ntwo\u0000\u007fthree',
    sent: '299 - "one two three"',
  },
])('a warning arrives: $reason', async ({ text, sent }) => {
  expect(await received(text)).toBe(sent)
})

test('warnings that are too long together are cut short, and those beyond are left out', () => {
  const short = Array.from({ length: 100 }, (_, index) => `warning ${index}`)
  expect(warningHeaders(short)).toHaveLength(100)
  expect(warningHeaders(['x'.repeat(4_000)])).toEqual([`299 - "${'x'.repeat(4_000)}"`])
  const long = Array.from({ length: 10_000 }, (_, index) => `${index} ${'🔥'.repeat(1_000)}`)
  const kept = warningHeaders(long)
  expect(kept).toHaveLength(16)
  expect(Buffer.from(kept[0] ?? '', 'latin1').toString()).toBe(`299 - "0 ${'🔥'.repeat(254)}"`)
})
