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
  Usage: exitCodes.usage,
  NotFound: exitCodes.notFound,
  PolicyDenied: exitCodes.denied,
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

/** What a thrown value looks like to the person at the keyboard. A stack is shown only for what should not happen. */
export const describeFailure = (error: unknown): Failure => {
  if (error instanceof KubeswarmError) {
    return {
      lines: [
        `error: ${error.message}`,
        ...(error.remedy === undefined ? [] : [`  fix: ${error.remedy}`]),
        `  code: ${error.code}`,
      ],
      exitCode: byCode[error.code] ?? 1,
    }
  }
  if (error instanceof KubernetesApiError) {
    return {
      lines: [`error: ${error.message}`, `  code: ${error.reason === '' ? 'KubernetesApi' : error.reason}`],
      exitCode:
        error.status === 404
          ? exitCodes.notFound
          : error.status === 403 || error.status === 401
            ? exitCodes.denied
            : error.status >= 500
              ? exitCodes.unavailable
              : exitCodes.usage,
    }
  }
  // local-kube reports its own failures as errors with a string code and, where it knows one, a remedy.
  const foreign = error as { code?: unknown; remedy?: unknown; message?: unknown; stack?: unknown }
  if (typeof foreign.code === 'string' && typeof foreign.message === 'string') {
    return {
      lines: [
        `error: ${foreign.message}`,
        ...(typeof foreign.remedy === 'string' ? [`  fix: ${foreign.remedy}`] : []),
        `  code: ${foreign.code}`,
      ],
      exitCode: byCode[foreign.code as ErrorCode] ?? 1,
    }
  }
  return {
    lines: [
      `error: ${String(foreign.message ?? error)}`,
      ...(typeof foreign.stack === 'string' ? foreign.stack.split('\n').slice(1, 6) : []),
      '  code: Internal',
    ],
    exitCode: 1,
  }
}
