// Which provider speaks for a model, and where: by the model's name, unless told otherwise.

import { KubeswarmError } from '../../domain/error.ts'

export interface ModelSettings {
  /** AGENT_PROVIDER: `openai`, `anthropic` or `google`; unset: by model name. */
  readonly provider?: string
  readonly openaiBaseUrl?: string
  readonly openaiApiKey?: string
  readonly anthropicBaseUrl?: string
  readonly anthropicApiKey?: string
  readonly geminiBaseUrl?: string
  readonly geminiApiKey?: string
}

export interface ProviderChoice {
  /** Which package speaks. */
  readonly dialect: 'openai-compatible' | 'openai' | 'anthropic' | 'google'
  /** As telemetry names it. */
  readonly provider: 'openai' | 'anthropic' | 'google'
  readonly baseUrl: string
  readonly apiKey: string | undefined
  /** The setting that holds the key, and the one that holds the address, for messages. */
  readonly keySetting: string
  readonly urlSetting: string
}

export const chooseProvider = ({
  model,
  settings,
}: {
  readonly model: string
  readonly settings: ModelSettings
}): ProviderChoice => {
  switch (providerOf({ model, override: settings.provider })) {
    case 'anthropic':
      return {
        dialect: 'anthropic',
        provider: 'anthropic',
        baseUrl: withoutSlash(settings.anthropicBaseUrl ?? 'https://api.anthropic.com/v1'),
        apiKey: settings.anthropicApiKey,
        keySetting: 'ANTHROPIC_API_KEY',
        urlSetting: 'ANTHROPIC_BASE_URL',
      }
    case 'google':
      return {
        dialect: 'google',
        provider: 'google',
        baseUrl: withoutSlash(settings.geminiBaseUrl ?? 'https://generativelanguage.googleapis.com/v1beta'),
        apiKey: settings.geminiApiKey,
        keySetting: 'GEMINI_API_KEY',
        urlSetting: 'GEMINI_BASE_URL',
      }
    case 'openai':
      return openai({ settings, baseUrl: settings.openaiBaseUrl ?? OPENAI })
    case 'openai-compatible':
      if (settings.openaiBaseUrl === undefined) throw needsAddress(model)
      return openai({ settings, baseUrl: settings.openaiBaseUrl })
  }
}

const OPENAI = 'https://api.openai.com/v1'

const openai = ({ settings, baseUrl }: { settings: ModelSettings; baseUrl: string }): ProviderChoice => ({
  // Only OpenAI itself wants what its newer models need; everybody else speaks the older common dialect.
  dialect: hostOf(baseUrl) === 'api.openai.com' ? 'openai' : 'openai-compatible',
  provider: 'openai',
  baseUrl: withoutSlash(baseUrl),
  apiKey: settings.openaiApiKey,
  keySetting: 'OPENAI_API_KEY',
  urlSetting: 'OPENAI_BASE_URL',
})

const providerOf = ({
  model,
  override,
}: {
  model: string
  override: string | undefined
}): 'openai' | 'openai-compatible' | 'anthropic' | 'google' => {
  switch (override) {
    case undefined:
    case '':
    case 'auto':
      break
    case 'openai':
    case 'openai-compatible':
      return isOpenaiName(model) ? 'openai' : 'openai-compatible'
    case 'anthropic':
      return 'anthropic'
    case 'google':
    case 'gemini':
      return 'google'
    default:
      throw new KubeswarmError({
        code: 'InvalidInput',
        message: `cannot use model "${model}": AGENT_PROVIDER is "${override}"`,
        remedy: 'set AGENT_PROVIDER to openai, anthropic or google, or leave it out',
      })
  }
  if (model.startsWith('claude-')) return 'anthropic'
  if (model.startsWith('gemini-')) return 'google'
  return isOpenaiName(model) ? 'openai' : 'openai-compatible'
}

const isOpenaiName = (model: string): boolean => /^(gpt-(?!oss)|chatgpt-|o[1-9])/.test(model)

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).host : undefined)

const withoutSlash = (url: string): string => url.replace(/\/+$/, '')

const needsAddress = (model: string): KubeswarmError =>
  new KubeswarmError({
    code: 'ModelUnreachable',
    message: `cannot use model "${model}": no endpoint is configured for it (OPENAI_BASE_URL is not set)`,
    remedy:
      'set OPENAI_BASE_URL in Secret kubeswarm-api-keys of the agent’s namespace, for example http://localhost:11434/v1 for Ollama',
  })
