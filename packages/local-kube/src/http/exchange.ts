/** One HTTP request and its answer, with what every route needs: query, body, user, warnings. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parse as parseYaml } from 'yaml'
import type { UserInfo } from '../admission/admission.ts'
import { isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { decodeProtobuf, isProtobuf } from '../protobuf/decode-protobuf.ts'
import { badRequest, tooLarge } from '../status-error.ts'
import { warningHeader } from './warning-header.ts'

const BODY_LIMIT = 3 * 1024 * 1024

export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly method: string
  user: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] }
  #warnings = new Set<string>()

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request
    this.response = response
    this.url = new URL(request.url ?? '/', 'http://local-kube')
    this.method = request.method ?? 'GET'
  }

  get query(): URLSearchParams {
    return this.url.searchParams
  }

  get accept(): string {
    return this.request.headers.accept ?? ''
  }

  get contentType(): string {
    return (this.request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
  }

  warn(text: string): void {
    this.#warnings.add(text)
  }

  async rawBody(): Promise<Buffer> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of this.request) {
      size += (chunk as Buffer).length
      if (size > BODY_LIMIT) throw tooLarge()
      chunks.push(chunk as Buffer)
    }
    return Buffer.concat(chunks)
  }

  /** The body as JSON, whichever of JSON, YAML or protobuf it came in; `undefined` when empty. */
  async body(): Promise<JsonValue | undefined> {
    const raw = await this.rawBody()
    if (raw.length === 0) return undefined
    if (isProtobuf(raw)) return decodeProtobuf(raw)
    const text = raw.toString('utf8')
    try {
      if (this.contentType.includes('yaml') && !/^\s*[{[]/.test(text))
        return parseYaml(text, { schema: 'core', maxAliasCount: 100 }) as JsonValue
      return JSON.parse(text) as JsonValue
    } catch (error) {
      throw badRequest(
        `the object provided is unrecognized (must be of type ${this.contentType || 'application/json'}): ${(error as Error).message}`,
      )
    }
  }

  async objectBody(): Promise<JsonObject> {
    const body = await this.body()
    if (!isObject(body)) throw badRequest('the request body must be an object')
    return body
  }

  #writeHead(code: number, headers: Record<string, string>): void {
    if (this.#warnings.size > 0) {
      this.response.setHeader('Warning', [...this.#warnings].map(warningHeader))
    }
    this.response.writeHead(code, headers)
  }

  json(
    value: JsonValue,
    {
      code = 200,
      contentType = 'application/json',
      headers = {},
    }: { code?: number; contentType?: string; headers?: Record<string, string> } = {},
  ): void {
    this.jsonText(JSON.stringify(value), { code, contentType, headers })
  }

  /** For what is JSON already. */
  jsonText(
    json: string,
    {
      code = 200,
      contentType = 'application/json',
      headers = {},
    }: { code?: number; contentType?: string; headers?: Record<string, string> } = {},
  ): void {
    const text = `${json}\n`
    this.#writeHead(code, {
      'Content-Type': contentType,
      'Content-Length': String(Buffer.byteLength(text)),
      ...headers,
    })
    this.response.end(text)
  }

  text(
    value: string,
    { code = 200, contentType = 'text/plain; charset=utf-8' }: { code?: number; contentType?: string } = {},
  ): void {
    this.#writeHead(code, { 'Content-Type': contentType, 'Content-Length': String(Buffer.byteLength(value)) })
    this.response.end(value)
  }

  /** Starts an answer of unknown length. */
  stream(contentType: string, code = 200): void {
    this.#writeHead(code, { 'Content-Type': contentType, 'Cache-Control': 'no-cache, private' })
    this.response.flushHeaders()
  }
}
