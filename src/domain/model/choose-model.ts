// Which model an embedded cluster uses: decided from what was found, never silently. A real endpoint is used when it
// answers and has the models the agents name; otherwise the scripted model steps in, and the reason is kept for the
// screen.

export interface ModelProbe {
  readonly source: 'OPENAI_BASE_URL' | 'Ollama'
  readonly baseUrl: string
  /** Model ids the endpoint listed, or why it could not be asked. */
  readonly result:
    | { readonly type: 'models'; readonly models: readonly string[] }
    | { readonly type: 'unreachable'; readonly reason: string }
}

export type ModelChoice =
  | {
      readonly type: 'endpoint'
      readonly source: ModelProbe['source']
      readonly baseUrl: string
      readonly models: readonly string[]
    }
  | { readonly type: 'scripted'; readonly reason: string; readonly remedy: string }

export const chooseModel = ({
  needed,
  probes,
}: {
  /** Model names of the agents that talk to an OpenAI-compatible endpoint. Empty: nobody has asked yet. */
  readonly needed: readonly string[]
  readonly probes: readonly ModelProbe[]
}): ModelChoice => {
  const reasons: string[] = []
  let remedy = 'start Ollama and pull the model your agents name, or set OPENAI_BASE_URL'
  for (const { source, baseUrl, result } of probes) {
    if (result.type === 'unreachable') {
      reasons.push(`${source} at ${baseUrl}: ${result.reason}`)
      continue
    }
    const missing = needed.filter((model) => !offers(result.models, model))
    if (missing.length === 0 && result.models.length > 0) {
      return { type: 'endpoint', source, baseUrl, models: needed.length > 0 ? needed : result.models }
    }
    reasons.push(
      `${source} at ${baseUrl} answers but has not ${missing.length > 0 ? missing.join(', ') : 'a single model'}`,
    )
    if (source === 'Ollama') remedy = `ollama pull ${missing[0] ?? 'qwen2.5:7b'}`
  }
  return { type: 'scripted', reason: reasons.join('; '), remedy }
}

/** Ollama lists `llama3:latest` for what people call `llama3`. */
const offers = (models: readonly string[], wanted: string): boolean =>
  models.includes(wanted) || models.includes(`${wanted}:latest`)
