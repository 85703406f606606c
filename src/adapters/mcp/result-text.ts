// What a tool answered, as one text for a model. Parts that are not text are named, not shown.

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

// oxlint-disable-next-line no-control-regex -- terminal escapes begin with a control character
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g
// oxlint-disable-next-line no-control-regex -- removing control characters is its purpose
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Without terminal escapes and control characters (line breaks and tabs stay), and well-formed. */
export const printable = (text: string): string =>
  text.replaceAll('\r\n', '\n').replaceAll(escapes, '').replaceAll(controls, '').toWellFormed()
