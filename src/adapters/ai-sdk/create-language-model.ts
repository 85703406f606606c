// The language model port over the AI SDK's provider packages: one call, one turn. The provider's package is loaded
// on first use; its retries are never used, because retries are the agent's and stand in the journal.

import type { LanguageModelV4 } from '@ai-sdk/provider'

import { KubeswarmError } from '../../domain/error.ts'
import type { LanguageModel } from '../../ports/language-model.ts'
import type { Fetch } from '../http/create-fetch.ts'
import { limitedResponse } from '../http/light-response.ts'
import { chooseProvider, type ModelSettings, type ProviderChoice } from './choose-provider.ts'
import { modelFailure } from './model-failure.ts'
import { toPrompt, toTools } from './to-prompt.ts'
import { toTurn } from './to-turn.ts'

/** More than any answer in use; an endless one ends here. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024

/** Throws when no provider can speak for the model with these settings. */
export const createLanguageModel = ({
  model,
  settings,
  fetch,
  maxAnswerBytes = MAX_ANSWER_BYTES,
  now = Date.now,
}: {
  /** Decides the provider; each request names its own model. */
  readonly model: string
  readonly settings: ModelSettings
  readonly fetch: Fetch
  readonly maxAnswerBytes?: number
  readonly now?: () => number
}): LanguageModel => {
  const choice = chooseProvider({ model, settings })
  if (!URL.canParse(choice.baseUrl)) {
    throw new KubeswarmError({
      code: 'InvalidInput',
      message: `cannot use model "${model}": ${choice.urlSetting} is "${choice.baseUrl}", which is not a URL`,
      remedy: `set ${choice.urlSetting} to something like http://localhost:11434/v1`,
    })
  }
  const endpoint = new URL(choice.baseUrl).host
  const bounded: Fetch = async (input, init) =>
    limitedResponse({ response: await fetch(input, init), limit: { maxBytes: maxAnswerBytes } })
  const models = new Map<string, Promise<LanguageModelV4>>()
  const load = (name: string): Promise<LanguageModelV4> => {
    const loaded = models.get(name) ?? loadModel({ choice, model: name, fetch: bounded })
    models.set(name, loaded)
    return loaded
  }
  return {
    provider: choice.provider,
    endpoint,
    async prepare() {
      // The provider's package compiles itself on its first answer: this one never leaves the process.
      const rehearsal = await loadModel({ choice, model, fetch: answerNothing }).catch(() => undefined)
      await Promise.resolve(
        rehearsal?.doGenerate({ prompt: toPrompt([{ role: 'user', content: '' }]) }),
      ).catch(() => undefined)
    },
    generate: async (request) => {
      const { signal } = request
      try {
        signal.throwIfAborted()
        if (choice.apiKey === undefined && choice.dialect !== 'openai-compatible')
          throw needsKey({ choice, ...request })
        const provider = await load(request.model)
        const result = await provider.doGenerate({
          prompt: toPrompt(request.messages),
          maxOutputTokens: request.maxOutputTokens,
          abortSignal: signal,
          ...(request.tools.length > 0 && {
            tools: toTools(request.tools),
            toolChoice: { type: 'auto' as const },
          }),
          ...(request.temperature !== undefined && { temperature: request.temperature }),
          ...thinkingBudget(choice, request.maxThinkingTokens),
        })
        return toTurn({ result, model: request.model })
      } catch (error) {
        throw modelFailure({ error, signal, model: request.model, endpoint, choice, now: now() })
      }
    },
  }
}

/** Gemini thinks unless told otherwise; Claude does not unless asked; OpenAI's models take no number. */
const thinkingBudget = ({ dialect }: ProviderChoice, tokens: number | undefined) =>
  dialect === 'google' && tokens !== undefined
    ? { providerOptions: { google: { thinkingConfig: { thinkingBudget: tokens } } } }
    : {}

const answerNothing: Fetch = async () =>
  Response.json({
    id: '',
    object: 'chat.completion',
    created: 0,
    model: '',
    choices: [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  })

const loadModel = async ({
  choice,
  model,
  fetch,
}: {
  choice: ProviderChoice
  model: string
  fetch: Fetch
}): Promise<LanguageModelV4> => {
  const { baseUrl: baseURL, apiKey } = choice
  switch (choice.dialect) {
    case 'openai-compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
      return createOpenAICompatible({ name: 'openai', baseURL, fetch, ...(apiKey && { apiKey }) })(model)
    }
    case 'openai': {
      const { createOpenAI } = await import('@ai-sdk/openai')
      return createOpenAI({ baseURL, fetch, ...(apiKey && { apiKey }) }).chat(model)
    }
    case 'anthropic': {
      const { createAnthropic } = await import('@ai-sdk/anthropic')
      return createAnthropic({ baseURL, fetch, ...(apiKey && { apiKey }) })(model)
    }
    case 'google': {
      const { createGoogle } = await import('@ai-sdk/google')
      return createGoogle({ baseURL, fetch, ...(apiKey && { apiKey }) })(model)
    }
  }
}

const needsKey = ({ choice, model }: { choice: ProviderChoice; model: string }): KubeswarmError =>
  new KubeswarmError({
    code: 'ModelUnauthorized',
    message: `cannot ask model "${model}" at ${new URL(choice.baseUrl).host}: ${choice.keySetting} is not set`,
    remedy: `put ${choice.keySetting} into Secret kubeswarm-api-keys of the agent’s namespace`,
  })
