import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { warningHeader } from './warning-header.ts'

const received = async (text: string): Promise<string> => {
  const server = createServer((_, response) => {
    response.setHeader('Warning', warningHeader(text))
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
