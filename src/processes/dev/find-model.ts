// Looks for a model on this machine: the endpoint in OPENAI_BASE_URL when it is set, else Ollama on its port. Only
// observes; `domain/model/choose-model.ts` decides.

import { request } from 'undici'
import { chooseModel, type ModelChoice, type ModelProbe } from '../../domain/model/choose-model.ts'

const OLLAMA = 'http://localhost:11434/v1'
const PROBE_TIMEOUT_MS = 1500

export const findModel = async ({
  needed,
  openaiBaseUrl,
  openaiApiKey,
}: {
  readonly needed: readonly string[]
  readonly openaiBaseUrl?: string
  readonly openaiApiKey?: string
}): Promise<ModelChoice> => {
  const probe =
    openaiBaseUrl === undefined
      ? await probeEndpoint({ source: 'Ollama', baseUrl: OLLAMA })
      : await probeEndpoint({
          source: 'OPENAI_BASE_URL',
          baseUrl: openaiBaseUrl,
          ...(openaiApiKey === undefined ? {} : { apiKey: openaiApiKey }),
        })
  return chooseModel({ needed, probes: [probe] })
}

const probeEndpoint = async ({
  source,
  baseUrl,
  apiKey,
}: {
  readonly source: ModelProbe['source']
  readonly baseUrl: string
  readonly apiKey?: string
}): Promise<ModelProbe> => {
  try {
    const { statusCode, body } = await request(`${baseUrl.replace(/\/$/, '')}/models`, {
      headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    })
    const text = await body.text()
    if (statusCode !== 200)
      return {
        source,
        baseUrl,
        result: { type: 'unreachable', reason: `GET /models answered ${statusCode}` },
      }
    return { source, baseUrl, result: { type: 'models', models: modelIds(JSON.parse(text)) } }
  } catch (error) {
    return { source, baseUrl, result: { type: 'unreachable', reason: reasonOf(error) } }
  }
}

const modelIds = (body: unknown): readonly string[] => {
  const data = typeof body === 'object' && body !== null && 'data' in body ? body.data : undefined
  if (!Array.isArray(data)) return []
  return data.flatMap((entry: unknown) =>
    typeof entry === 'object' && entry !== null && 'id' in entry && typeof entry.id === 'string'
      ? [entry.id]
      : [],
  )
}

const reasonOf = (error: unknown): string => {
  const { code, name, message } = error as { code?: string; name?: string; message?: string }
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (name === 'TimeoutError') return `no answer in ${PROBE_TIMEOUT_MS} ms`
  return message ?? String(error)
}
