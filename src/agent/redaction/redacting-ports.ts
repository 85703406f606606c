// The one place where an agent's secrets are kept out of everything that is stored, logged or sent as a record. What
// comes in (answers of models and tools, and their errors) is cleaned before the loop sees it, so that a conversation
// is the same whether it goes on or is restored; what goes out (records, contents, log lines, what a model is asked) is
// cleaned once more.

import { KubeswarmError } from '../../domain/error.ts'
import { withoutSecrets, type KnownSecret } from '../../domain/guardrail/known-secrets.ts'
import type { RecordBody, StoredText } from '../../domain/journal/record.ts'
import { isStoredText, storeText } from '../../domain/journal/stored-text.ts'
import type { LanguageModel, ModelTurn } from '../../ports/language-model.ts'
import type { Logger } from '../../ports/logger.ts'
import type { TaskSource } from '../../ports/task-source.ts'
import type { ToolServer } from '../../ports/tool-server.ts'
import type { ToolServerBinding } from '../pin-tools.ts'

export interface AgentPorts {
  readonly source: TaskSource
  readonly model: LanguageModel
  readonly servers: readonly ToolServerBinding[]
  readonly log: Logger
}

interface Redactor {
  text(text: string): string
  /** The value with every text in it redacted, names of fields included. */
  value<T>(value: T): T
}

export const redactingPorts = (
  { source, model, servers, log }: AgentPorts,
  /** As they are now: they are rotated. */
  held: () => readonly KnownSecret[],
): AgentPorts => {
  // What was rotated away is still nobody's business.
  const seen = new Map<string, KnownSecret>()
  const known = (): readonly KnownSecret[] => {
    for (const secret of held()) seen.set(secret.value, secret)
    return [...seen.values()]
  }
  const redactor: Redactor = {
    text: (text) => withoutSecrets(text, known()) as string,
    value: <T>(value: T) => withoutSecrets(value, known()) as T,
  }
  return {
    source: redactingSource(source, redactor),
    model: redactingModel(model, redactor),
    servers: servers.map((binding) => ({ ...binding, server: redactingServer(binding.server, redactor) })),
    log: redactingLogger(log, redactor),
  }
}

interface Told<Body extends RecordBody = RecordBody> {
  readonly records: readonly Body[]
  readonly contents?: readonly string[]
}

const redactingSource = (source: TaskSource, redactor: Redactor): TaskSource => {
  const told = <T extends Told>(request: T): T => {
    const texts = new Map(
      (request.contents ?? []).map((text) => [storeText(text).sha256, redactor.text(text)]),
    )
    return {
      ...request,
      records: request.records.map((record) => redactedRecord(record, texts, redactor)),
      ...(request.contents === undefined ? {} : { contents: [...texts.values()] }),
    }
  }
  return {
    lease: (request) => source.lease(request),
    heartbeat: (proof) => source.heartbeat(proof),
    record: (request) => source.record(told(request)),
    reserve: ({ record, before, ...proof }) =>
      source.reserve({
        ...proof,
        record: redactedRecord(record, new Map(), redactor),
        ...(before === undefined ? {} : { before: told(before) }),
      }),
    finish: (request) => source.finish(told(request)),
    release: (proof) => source.release(proof),
    content: (sha256) => source.content(sha256),
  }
}

/** A text that is kept by its hash gets the hash of what is kept. */
const redactedRecord = <Body extends RecordBody>(
  record: Body,
  texts: ReadonlyMap<string, string>,
  redactor: Redactor,
): Body => {
  const clean = redactor.value(record)
  const entries = Object.entries(record).flatMap(([key, value]: [string, unknown]) =>
    isStoredText(value) ? [[key, redactedText(value, texts, redactor)]] : [],
  )
  return entries.length === 0 ? clean : { ...clean, ...(Object.fromEntries(entries) as Partial<Body>) }
}

const redactedText = (
  stored: StoredText,
  texts: ReadonlyMap<string, string>,
  redactor: Redactor,
): StoredText => {
  const text = texts.get(stored.sha256)
  return text === undefined ? { ...stored, head: redactor.text(stored.head) } : storeText(text)
}

const redactingModel = (model: LanguageModel, redactor: Redactor): LanguageModel => ({
  provider: model.provider,
  endpoint: model.endpoint,
  ...(model.prepare === undefined ? {} : { prepare: () => model.prepare?.() ?? Promise.resolve() }),
  // What the model wants to call is left for the gate to see and refuse; it goes no further than that, and not back.
  generate: async (request) => {
    let wanted: ModelTurn['toolCalls'] = []
    const turn = await cleaned(async () => {
      const answer = await model.generate({ ...request, messages: redactor.value(request.messages) })
      wanted = answer.toolCalls
      return answer
    }, redactor)
    return { ...turn, toolCalls: wanted }
  },
})

const redactingServer = (server: ToolServer, redactor: Redactor): ToolServer => ({
  name: server.name,
  listTools: (request) => cleaned(() => server.listTools(request), redactor),
  callTool: (request) => cleaned(() => server.callTool(request), redactor),
  close: () => server.close(),
})

const cleaned = async <T>(ask: () => Promise<T>, redactor: Redactor): Promise<T> => {
  try {
    return redactor.value(await ask())
  } catch (error) {
    throw cleanError(error, redactor)
  }
}

// The causes stay: what became of a call is told from their kinds and codes. Their texts go nowhere but through here.
const cleanError = (error: unknown, redactor: Redactor): unknown => {
  if (error instanceof KubeswarmError) {
    const { code, message, remedy, retryable, retryAfterMs, cause } = error
    return new KubeswarmError({
      code,
      message: redactor.text(message),
      retryable,
      ...(remedy === undefined ? {} : { remedy: redactor.text(remedy) }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      cause,
    })
  }
  if (error instanceof Error) {
    for (const key of ['message', 'stack'] as const) {
      const text = error[key]
      const clean = text === undefined ? undefined : redactor.text(text)
      // Some errors have these as accessors that cannot be set.
      if (clean !== text) Object.defineProperty(error, key, { value: clean, configurable: true })
    }
    return error
  }
  return typeof error === 'string' ? redactor.text(error) : error
}

const redactingLogger = (log: Logger, redactor: Redactor): Logger => {
  type Say = Logger['info']
  const through =
    (say: Say): Say =>
    (fields, message) =>
      say(redactor.value(plain(fields)), redactor.text(message))
  return {
    debug: through((fields, message) => log.debug(fields, message)),
    info: through((fields, message) => log.info(fields, message)),
    warn: through((fields, message) => log.warn(fields, message)),
    error: through((fields, message) => log.error(fields, message)),
  }
}

// An Error keeps its texts where nobody looks for fields.
const plain = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value,
    ]),
  )
