/** The string formats a CustomResourceDefinition can enforce. Unknown formats are ignored, as in Kubernetes. */
import { isIPv4, isIPv6 } from 'node:net'

const patterns: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    'date-time': /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})?$/,
    datetime: /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})?$/,
    date: /^\d{4}-\d{2}-\d{2}$/,
    // One way to read each part, or a text that fails at its end would be read in exponentially many.
    duration: /^([0-9]+(\.[0-9]+)?\s*[a-zµ]+)+$/i,
    email: /^[^@\s]+@[^@\s]+$/,
    hostname: /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/,
    uuid: /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i,
    uuid4: /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i,
    byte: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
    mac: /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i,
  }),
)

export function hasFormat(format: string, text: string): boolean {
  switch (format) {
    case 'ipv4':
      return isIPv4(text)
    case 'ipv6':
      return isIPv6(text)
    case 'cidr': {
      const [address = '', bits = ''] = text.split('/')
      const limit = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1
      return /^\d+$/.test(bits) && Number(bits) <= limit
    }
    case 'uri':
    case 'url':
      return text.startsWith('/') || URL.canParse(text)
    case 'date-time':
    case 'date':
      return (patterns.get(format)?.test(text) ?? false) && !Number.isNaN(Date.parse(text))
    default:
      return patterns.get(format)?.test(text) ?? true
  }
}
