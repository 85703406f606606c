import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPort, type OpenPort } from './open-port.ts'

const host = '127.0.0.1'

describe('an open port', () => {
  let server: Server
  let open: OpenPort
  let sockets: Socket[]
  const create = () =>
    createServer((incoming, outgoing) => {
      if (incoming.url === '/') outgoing.end('here')
    })
  beforeEach(async () => {
    sockets = []
    server = create()
    open = await openPort({ server, host, port: 0 })
  })
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await open.close()
  })

  /** What a new connection is answered; the connection stays open. */
  const ask = (): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(open.port, host, () => socket.write('GET / HTTP/1.1\r\nhost: hub\r\n\r\n'))
      sockets.push(socket)
      socket.setEncoding('utf8').once('data', (text: string) => resolve(text.split('\r\n')[0] ?? ''))
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })
  const askOften = async (times: number) =>
    new Set(await Promise.all(Array.from({ length: times }, () => ask())))

  test('answers whichever of its sockets takes the connection', async () => {
    expect(await askOften(64)).toEqual(new Set(['HTTP/1.1 200 OK']))
  })

  test.runIf(process.platform === 'linux')('takes new connections with several sockets', async () => {
    await askOften(64)
    const ofOne = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
    expect(ofOne).toBeLessThan(64)
  })

  test('is not shared with another server', async () => {
    const late = create()
    await expect(openPort({ server: late, host, port: open.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    expect(late.listening).toBe(false)
    expect(await askOften(16)).toEqual(new Set(['HTTP/1.1 200 OK']))
  })

  test('is closed for new connections at once, and closed when the last one has ended', async () => {
    const held = Array.from({ length: 16 }, () => {
      const socket = connect(open.port, host, () => socket.write('GET /held HTTP/1.1\r\nhost: hub\r\n\r\n'))
      sockets.push(socket)
      return socket
    })
    let asked = 0
    await new Promise<void>((resolve) =>
      server.on('request', () => {
        if ((asked += 1) === held.length) resolve()
      }),
    )
    let ended = false
    const closing = open.close().then(() => (ended = true))
    expect(await askOften(16)).toEqual(new Set(['ECONNREFUSED']))
    expect(ended).toBe(false)
    server.closeAllConnections()
    await closing
  })
})
