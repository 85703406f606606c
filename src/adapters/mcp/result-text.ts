// What a tool answered, as one text for a model. Parts that are not text are named, not shown.

import { withoutControls } from '../../domain/hidden-characters.ts'

interface ContentPart {
  readonly type: string
  readonly text?: unknown
  readonly mimeType?: unknown
  readonly data?: unknown
  readonly uri?: unknown
  readonly resource?: unknown
}

export const resultText = ({
  content,
  structuredContent,
}: {
  readonly content: readonly ContentPart[]
  readonly structuredContent?: unknown
}): string => {
  const text = content.map(partText).join('\n')
  if (text === '' && structuredContent !== undefined) return printable(JSON.stringify(structuredContent))
  return printable(text)
}

const partText = (part: ContentPart): string => {
  switch (part.type) {
    case 'text':
      return typeof part.text === 'string' ? part.text : ''
    case 'resource': {
      const resource = (part.resource ?? {}) as { readonly text?: unknown; readonly uri?: unknown }
      return typeof resource.text === 'string'
        ? resource.text
        : `[resource ${String(resource.uri)}, not shown]`
    }
    case 'resource_link':
      return `[resource ${String(part.uri)}]`
    default: {
      const size = typeof part.data === 'string' ? `, ${part.data.length} characters of base64` : ''
      return `[${part.type}${typeof part.mimeType === 'string' ? ` ${part.mimeType}` : ''}${size}, not shown]`
    }
  }
}

/** Without terminal escapes and control characters (line breaks and tabs stay), and well-formed. */
export const printable = (text: string): string =>
  withoutControls(text.replaceAll('\r\n', '\n')).toWellFormed()
