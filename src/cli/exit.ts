// How every command ends: the exit codes, and the one shape of an error on the screen (one line of cause, one of
// remedy, one stable code).

import { KubeswarmError, type ErrorCode } from '../domain/error.ts'
import { KubernetesApiError } from '../ports/resources.ts'

export const exitCodes = {
  ok: 0,
  runFailed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  unavailable: 5,
  timeout: 124,
  interrupted: 130,
} as const

const byCode: Partial<Record<ErrorCode, number>> = {
  InvalidManifest: exitCodes.usage,
  InvalidInput: exitCodes.usage,
  AlreadyExists: exitCodes.usage,
  Usage: exitCodes.usage,
  NotFound: exitCodes.notFound,
  PolicyDenied: exitCodes.denied,
  ToolDefinitionChanged: exitCodes.denied,
  Forbidden: exitCodes.denied,
  Unauthorized: exitCodes.denied,
  HubUnavailable: exitCodes.unavailable,
  KubernetesApi: exitCodes.unavailable,
  StoreLocked: exitCodes.unavailable,
  StoreTooNew: exitCodes.unavailable,
  StoreUnavailable: exitCodes.unavailable,
  PortTaken: exitCodes.unavailable,
  ToolServerUnavailable: exitCodes.unavailable,
  ModelUnreachable: exitCodes.unavailable,
  NodeTooOld: exitCodes.unavailable,
  TaskTimeout: exitCodes.timeout,
  Interrupted: exitCodes.interrupted,
}

interface Failure {
  readonly lines: readonly string[]
  readonly exitCode: number
}

/** The one shape of an error on the screen. */
export const errorLines = ({
  message,
  remedy,
  code,
}: {
  readonly message: string
  readonly remedy?: string | undefined
  readonly code: string
}): readonly string[] => [
  `error: ${message}`,
  ...(remedy === undefined ? [] : [`  fix: ${remedy}`]),
  `  code: ${code}`,
]

/** What a thrown value looks like to the person at the keyboard. A stack is shown only for what should not happen. */
export const describeFailure = (error: unknown): Failure => {
  const known = error instanceof KubernetesApiError ? refusalOf(error) : (knownFailure(error) ?? error)
  if (known instanceof KubeswarmError)
    return { lines: errorLines(known), exitCode: byCode[known.code] ?? exitCodes.runFailed }
  const { message, stack } = error as { message?: unknown; stack?: unknown }
  return {
    lines: [
      `error: ${String(message ?? error)}`,
      ...(typeof stack === 'string' ? stack.split('\n').slice(1, 6) : []),
      '  code: Internal',
    ],
    exitCode: exitCodes.runFailed,
  }
}

/** A refusal of the API server in our form: its own words name the object, ours say what to do. */
export const refusalOf = (error: KubernetesApiError): KubeswarmError => {
  const { code, remedy } = meaningOf(error)
  const said = (error.said ?? error.message).replace(/^admission webhook "[^"]*" denied the request: /, '')
  // Our own admission ends its sentence with what to do; that belongs on the line below.
  const [, cause = said, advice] = /^(.+?)\. ([A-Z].*)$/s.exec(said) ?? []
  const ours = said !== (error.said ?? error.message) && !said.includes('\n')
  return new KubeswarmError({
    code,
    message: ours ? cause : said,
    remedy: ours && advice !== undefined ? advice : remedy,
    cause: error,
  })
}

const meaningOf = ({
  status,
  reason,
}: KubernetesApiError): { readonly code: ErrorCode; readonly remedy: string } => {
  if (status === 404)
    return { code: 'NotFound', remedy: 'check the name and the namespace (-n NAMESPACE; -A lists all)' }
  if (reason === 'AlreadyExists')
    return { code: 'AlreadyExists', remedy: 'choose another name, or delete the old one first' }
  if (status === 401) return { code: 'Unauthorized', remedy: 'check the credentials in your kubeconfig' }
  if (status === 403)
    return { code: 'Forbidden', remedy: 'ask for that right; "kubectl auth can-i --list" shows what you may' }
  if (status === 400 || status === 422)
    return { code: 'InvalidManifest', remedy: 'correct the field; "swarm lint FILE" points at its line' }
  if (status === 0) return { code: 'KubernetesApi', remedy: 'is the cluster up? On a laptop: swarm dev' }
  return {
    code: 'KubernetesApi',
    remedy: 'try again; if it stays so, look at the operator and the API server',
  }
}

/** Failures of the machine and of local-kube, which come as errors with a string code. */
const knownFailure = (error: unknown): KubeswarmError | undefined => {
  if (error instanceof KubeswarmError) return error
  const { code, message, remedy, path, syscall, address, port } = error as {
    readonly code?: unknown
    readonly message?: unknown
    readonly remedy?: unknown
    readonly path?: unknown
    readonly syscall?: unknown
    readonly address?: unknown
    readonly port?: unknown
  }
  if (typeof code !== 'string' || typeof message !== 'string') return undefined
  if (code in byCode)
    return new KubeswarmError({
      code: code as ErrorCode,
      message,
      ...(typeof remedy === 'string' ? { remedy } : {}),
      cause: error,
    })
  const reason = systemReasons[code]
  if (reason === undefined) return undefined
  if (syscall === 'listen')
    return new KubeswarmError({
      code: 'InvalidInput',
      message: `cannot listen on ${String(address)}:${String(port)}: ${reason}`,
      remedy: 'choose another address or port',
      cause: error,
    })
  const what = typeof path === 'string' ? `"${path}": ${reason}` : message
  return new KubeswarmError({
    code: code === 'ENOENT' ? 'NotFound' : 'InvalidInput',
    message: `cannot ${typeof syscall === 'string' ? syscall : 'use'} ${what}`,
    remedy: 'check the path and its permissions',
    cause: error,
  })
}

const systemReasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'it is not an address of this machine',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'it exists already',
  ENOSPC: 'no space is left',
}
