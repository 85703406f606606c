// What libraries use of a Response, without the cost of building one: the web stream is made only when it is asked
// for, and text and JSON are read straight from the Node stream.

import { Readable, pipeline } from 'node:stream'

import { limitBytes, type ByteLimit } from './limit-bytes.ts'

interface Parts {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly body: Readable
}

/** Behaves as a Response for reading. `instanceof Response` does not hold. */
export const lightResponse = (parts: Parts): Response => new LightResponse(parts) as unknown as Response

/** The same response, whose body fails with ResponseTooLargeError past the limit. Takes the body over. */
export const limitedResponse = ({
  response,
  limit,
}: {
  readonly response: Response
  readonly limit: ByteLimit
}): Response => {
  const light: unknown = response
  if (light instanceof LightResponse) return light.limited(limit)
  if (response.body === null) return response
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
  return lightResponse({
    url: new URL(response.url || 'http://unknown.invalid/'),
    status: response.status,
    headers: response.headers,
    body: piped({ body, limit }),
  })
}

const piped = ({ body, limit }: { body: Readable; limit: ByteLimit }): Readable =>
  // The error reaches the reader through the last stage; without a listener here it would end the process.
  pipeline(body, limitBytes(limit), () => undefined)

class LightResponse {
  readonly status: number
  readonly headers: Headers
  readonly url: string
  readonly statusText = ''
  readonly redirected = false
  readonly type = 'basic'
  readonly #stream: Readable
  #web: ReadableStream<Uint8Array> | undefined
  #used = false

  constructor({ url, status, headers, body }: Parts) {
    this.url = url.href
    this.status = status
    this.headers = headers
    this.#stream = body
    // A failure before anybody reads must not end the process; readers get it when they read.
    body.on('error', () => undefined)
    if (status === 204 || status === 205 || status === 304) body.resume()
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get bodyUsed(): boolean {
    return this.#used
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (this.status === 204 || this.status === 205 || this.status === 304) return null
    this.#used = true
    this.#web ??= Readable.toWeb(this.#stream) as unknown as ReadableStream<Uint8Array>
    return this.#web
  }

  async bytes(): Promise<Uint8Array> {
    if (this.#web !== undefined) return new Response(this.#web).bytes()
    if (this.#used) throw new TypeError('the body has been read')
    this.#used = true
    const chunks: Buffer[] = []
    for await (const chunk of this.#stream as AsyncIterable<Buffer>) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes())
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.bytes()
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  }

  async blob(): Promise<Blob> {
    return new Blob([await this.arrayBuffer()], { type: this.headers.get('content-type') ?? '' })
  }

  limited(limit: ByteLimit): Response {
    this.#used = true
    return lightResponse({
      url: new URL(this.url),
      status: this.status,
      headers: this.headers,
      body: piped({ body: this.#stream, limit }),
    })
  }

  clone(): never {
    throw new TypeError('this response is read once; clone() is not supported')
  }
}
