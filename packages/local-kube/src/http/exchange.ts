/** One HTTP request and its answer, with what every route needs: query, body, user, warnings. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { BODY_BYTES, LARGE } from '../limits.ts'
import type { UserInfo } from '../admission/admission.ts'
import { isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { decodeProtobuf, isProtobuf } from '../protobuf/decode-protobuf.ts'
import { StatusError, badRequest, tooLarge, unsupportedMediaType } from '../status-error.ts'
import { checkJsonText, checkValue } from './body-limits.ts'
import { duplicateKeys } from './duplicate-keys.ts'
import { parseYamlBody } from './parse-yaml.ts'
import { warningHeaders } from './warning-headers.ts'

/** What an object may come as; without a type it is taken for JSON. */
const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

interface AnswerOptions {
  readonly code?: number
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  /** All of the answer is sent at once, but it is over only then. */
  readonly endsAfter?: Promise<void>
}

export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  /** As it was sent: a URL would follow its dots. */
  readonly pathname: string
  readonly method: string
  user: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] }
  #warnings = new Set<string>()
  #jsonText = ''

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request
    this.response = response
    // Put together as text: a path that begins with two slashes is not another host.
    const target = request.url ?? '/'
    this.url = new URL(`http://local-kube${target.startsWith('/') ? target : `/${target}`}`)
    this.pathname = target.split(/[?#]/, 1)[0] ?? '/'
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
    if (Number(this.request.headers['content-length'] ?? 0) > BODY_BYTES) throw tooLarge()
    const chunks: Buffer[] = []
    let size = 0
    // Stopping to read must not end the connection: the client has yet to be told why.
    for await (const chunk of this.request.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length
      if (size > BODY_BYTES) throw tooLarge()
      chunks.push(chunk as Buffer)
    }
    return Buffer.concat(chunks)
  }

  /** The body as JSON, whichever of JSON, YAML or protobuf it came in; `undefined` when empty. */
  async body(): Promise<JsonValue | undefined> {
    const raw = await this.rawBody()
    if (raw.length === 0) return undefined
    const isLarge = raw.length > LARGE
    if (isLarge) await nextTurn()
    try {
      if (isProtobuf(raw)) return checked(decodeProtobuf(raw))
      const text = raw.toString('utf8')
      if (this.contentType.includes('yaml') && !/^\s*[{[]/.test(text))
        return checked(await parseYamlBody(text))
      if (isLarge) await nextTurn()
      checkJsonText(text)
      const value = JSON.parse(text) as JsonValue
      this.#jsonText = text
      if (isLarge) await nextTurn()
      return value
    } catch (error) {
      if (error instanceof StatusError) throw error
      throw badRequest(
        `the object provided is unrecognized (must be of type ${this.contentType || 'application/json'}): ${(error as Error).message}`,
      )
    }
  }

  /** Fields that the body names twice. */
  duplicateFields(): readonly string[] {
    return duplicateKeys(this.#jsonText)
  }

  async objectBody(): Promise<JsonObject> {
    if (this.contentType !== '' && !OBJECT_TYPES.includes(this.contentType)) {
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: ${OBJECT_TYPES.join(', ')}`,
      )
    }
    const body = await this.body()
    if (!isObject(body)) throw badRequest('the request body must be an object')
    return body
  }

  #writeHead(code: number, headers: Record<string, string>): void {
    if (this.#warnings.size > 0) {
      this.response.setHeader('Warning', [...warningHeaders(this.#warnings)])
    }
    this.response.writeHead(code, headers)
  }

  json(value: JsonValue, options: AnswerOptions = {}): void {
    this.jsonText(JSON.stringify(value), options)
  }

  /** For what is JSON already. */
  jsonText(
    json: string,
    { code = 200, contentType = 'application/json', headers = {}, endsAfter }: AnswerOptions = {},
  ): void {
    // Bytes at once: a long text is measured and written in a fraction of the time.
    const bytes = Buffer.from(`${json}\n`)
    this.#writeHead(code, {
      'Content-Type': contentType,
      'Content-Length': String(bytes.length),
      ...headers,
    })
    if (endsAfter === undefined) {
      this.response.end(bytes)
      return
    }
    this.response.write(bytes)
    void endsAfter.then(() => this.response.end())
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

function checked(value: JsonValue): JsonValue {
  checkValue(value)
  return value
}
