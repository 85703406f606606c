// How many tokens a model call will take, before a provider has counted them. Two bounds, because they serve two
// questions: the upper one is what a call is charged and limited by, the lower one is what an honest provider must at
// least report when it has read the whole prompt.

export interface EstimatedMessage {
  readonly content: string
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: string }[]
}
export interface EstimatedTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: Readonly<Record<string, unknown>>
}

// English prose takes 4 to 5 characters a token, JSON and logs about 3.5; digits come one to three a token, scripts
// outside ASCII up to one token for two bytes. Chat templates add a few tokens around each message and each tool.
const ASCII_PER_TOKEN = 3.5
const DIGITS_PER_TOKEN = 2
const OTHER_BYTES_PER_TOKEN = 2
const PER_MESSAGE = 4
const PER_TOOL = 8

/** Upper-bound-ish estimate of one call's input. */
export const estimateInputTokens = ({
  messages,
  tools,
}: {
  readonly messages: readonly EstimatedMessage[]
  readonly tools: readonly EstimatedTool[]
}): number => {
  let tokens = 0
  for (const { content, toolCalls = [] } of messages) {
    tokens += PER_MESSAGE + tokensOf(content)
    for (const call of toolCalls) tokens += PER_MESSAGE + tokensOf(call.name) + tokensOf(call.arguments)
  }
  for (const { name, description, inputSchema } of tools) {
    tokens += PER_TOOL + tokensOf(name) + tokensOf(description) + tokensOf(JSON.stringify(inputSchema))
  }
  return tokens
}

export const tokensOf = (text: string): number => {
  let ascii = 0
  let digits = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 48 && code <= 57) digits++
    else if (code < 128) ascii++
  }
  const otherBytes = Buffer.byteLength(text) - ascii - digits
  const usual = ascii / ASCII_PER_TOKEN + digits / DIGITS_PER_TOKEN + otherBytes / OTHER_BYTES_PER_TOKEN
  return Math.max(Math.ceil(usual), leastTokensOf(text))
}

/**
 * The fewest tokens any tokenizer in use makes of these messages: no token spans two words, and none holds more than
 * three digits. Tool definitions are left out, because providers rewrite them.
 */
export const leastInputTokens = (messages: readonly EstimatedMessage[]): number =>
  messages.reduce((sum, { content }) => sum + leastTokensOf(content), 0)

const leastTokensOf = (text: string): number => {
  let tokens = 0
  let letters = 0
  let digits = 0
  // The regular expression's answer for plain ASCII, which is nearly all there is, at a tenth of its cost.
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127) return leastTokensOfAny(text)
    const isDigit = code >= 48 && code <= 57
    const isLetter = (code | 32) >= 97 && (code | 32) <= 122
    if (!isDigit && digits > 0) {
      tokens += Math.ceil(digits / 3)
      digits = 0
    }
    if (!isLetter && letters > 0) {
      tokens++
      letters = 0
    }
    if (isDigit) digits++
    else if (isLetter) letters++
  }
  return tokens + Math.ceil(digits / 3) + (letters > 0 ? 1 : 0)
}

const leastTokensOfAny = (text: string): number => {
  let tokens = 0
  for (const [, digits] of text.matchAll(/\p{L}+|(\p{N}+)/gu)) {
    tokens += digits === undefined ? 1 : Math.ceil(digits.length / 3)
  }
  return tokens
}

export type UsageVerdict =
  /** `charged` stands for what was reported, or for our estimate where nothing usable was. */
  | { readonly type: 'plausible'; readonly charged: number }
  /** The provider read less than the prompt holds: it cut the prompt without saying so. */
  | { readonly type: 'context-truncated'; readonly reported: number; readonly least: number }

// Below this a prompt fits every window in use, and small counts say little.
const SMALLEST_TELLING_PROMPT = 1000
const TOLERANCE = 0.9

/** Compares what a provider reported as input with what it was sent. */
export const judgeUsage = ({
  reported,
  estimated,
  least,
}: {
  readonly reported: number | undefined
  readonly estimated: number
  readonly least: number
}): UsageVerdict => {
  if (reported === undefined || !Number.isFinite(reported) || reported <= 0) {
    return { type: 'plausible', charged: estimated }
  }
  if (least >= SMALLEST_TELLING_PROMPT && reported < least * TOLERANCE) {
    return { type: 'context-truncated', reported, least }
  }
  return { type: 'plausible', charged: reported }
}
