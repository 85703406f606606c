// The Kubernetes API as a kubeconfig names it, in plain HTTPS requests: for what kubectl would send, on machines without
// kubectl. Independent of the product's own client.

import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { parse } from 'yaml'

export interface Answer {
  readonly status: number
  readonly text: string
  /** What kubectl prints after `Warning:`. */
  readonly warnings: readonly string[]
  json<T>(): T
}

interface RequestOptions {
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  /** Instead of the kubeconfig's. */
  readonly token?: string
}

export interface Api {
  /** Throws on any status of 400 or more, with the server's answer. */
  ok<T>(method: string, path: string, options?: RequestOptions): Promise<T>
  send(method: string, path: string, options?: RequestOptions): Promise<Answer>
  /** Events of a watch, one JSON object each, until the caller breaks out. */
  watch<T>(
    path: string,
    options?: Pick<RequestOptions, 'accept'>,
  ): AsyncIterable<{ readonly type: string; readonly object: T }>
  /** Reads the object again at each of its changes until it is as wanted. */
  until<T>(path: string, is: (object: T) => boolean): Promise<T>
}

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string }
  }[]
  readonly users: readonly { readonly user: { readonly token: string } }[]
}

export const apiOf = (kubeconfig: string): Api => {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig
  const [{ cluster }] = clusters as [Kubeconfig['clusters'][number]]
  const [{ user }] = users as [Kubeconfig['users'][number]]
  const ca = Buffer.from(cluster['certificate-authority-data'], 'base64')

  const open = (
    method: string,
    path: string,
    {
      body,
      contentType = 'application/json',
      accept = 'application/json',
      token = user.token,
    }: RequestOptions = {},
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      const outgoing = request(
        new URL(path, cluster.server),
        {
          method,
          ca,
          headers: {
            authorization: `Bearer ${token}`,
            accept,
            'user-agent': 'kubectl/v1.33.1',
            ...(payload === undefined
              ? {}
              : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
          },
        },
        resolve,
      )
      outgoing.once('error', reject)
      outgoing.end(payload)
    })

  const send: Api['send'] = async (method, path, options) => {
    const response = await open(method, path, options)
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
    return {
      status: response.statusCode ?? 0,
      text,
      warnings: (response.headersDistinct['warning'] ?? []).map(warningText),
      json: <T>() => JSON.parse(text) as T,
    }
  }
  const ok = async <T>(method: string, path: string, options?: RequestOptions): Promise<T> => {
    const answer = await send(method, path, options)
    if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
    return answer.json<T>()
  }
  const watch: Api['watch'] = async function* <T>(path: string, options?: Pick<RequestOptions, 'accept'>) {
    const response = await open('GET', `${path}${path.includes('?') ? '&' : '?'}watch=true`, options)
    try {
      let rest = ''
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = (rest + String(chunk)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line !== '') yield JSON.parse(line) as { type: string; object: T }
      }
    } finally {
      response.destroy()
    }
  }
  return {
    send,
    ok,
    watch,
    async until<T>(path: string, is: (object: T) => boolean): Promise<T> {
      const [, collection = '', name = ''] = /^(.*)\/([^/]+)$/.exec(path) ?? []
      for (;;) {
        // Without a resourceVersion a watch begins with what is there.
        for await (const { type, object } of watch<T>(
          `${collection}?fieldSelector=metadata.name%3D${name}`,
        )) {
          if (type !== 'DELETED' && type !== 'BOOKMARK' && is(object)) return object
        }
      }
    },
  }
}

/** `299 - "the agent field"` (RFC 9111, 5.5) as its text. */
const warningText = (header: string): string =>
  (/^\d+ \S+ "((?:[^"\\]|\\.)*)"/.exec(header)?.[1] ?? header).replaceAll(/\\(.)/g, '$1')
