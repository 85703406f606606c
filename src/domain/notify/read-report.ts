// What the outputs of a run say in fields: agents that are asked for JSON answer with it, often with words around.
// Nothing is invented: a field that no output has is left out.

export interface Report {
  readonly service?: string
  readonly severity?: string
  readonly confidence?: string
  readonly rootCause?: string
  readonly blastRadius?: string
  /** One entry a step. */
  readonly remediation?: readonly string[]
  /** Absolute http(s) addresses. */
  readonly evidence?: readonly string[]
}

const spellings: Readonly<Record<Exclude<keyof Report, 'remediation' | 'evidence'>, readonly string[]>> = {
  service: ['service', 'service_name', 'serviceName'],
  severity: ['severity', 'priority', 'urgency'],
  confidence: ['confidence'],
  rootCause: ['root_cause', 'rootCause', 'cause'],
  blastRadius: ['blast_radius', 'blastRadius', 'impact'],
}
const remediationKeys = ['remediation', 'remediation_steps', 'remediationSteps', 'fix']
const evidenceKeys = ['evidence', 'evidence_links', 'links', 'runbook']

/** `outputs` in the order of the steps; a later one wins. */
export const readReport = (outputs: readonly string[]): Report => {
  const objects: readonly Fields[] = outputs
    .flatMap((text): readonly Fields[] => {
      const object = objectIn(text)
      return object === undefined ? [] : [object]
    })
    .toReversed()
  const first = <T>(keys: readonly string[], read: (value: unknown) => T | undefined): T | undefined => {
    for (const object of objects)
      for (const key of keys) {
        const value = Object.hasOwn(object, key) ? read(object[key]) : undefined
        if (value !== undefined) return value
      }
    return undefined
  }
  const texts = Object.entries(spellings).flatMap(([field, keys]) => {
    const value = first(keys, textOf)
    return value === undefined ? [] : [[field, value] as const]
  })
  const remediation = first(remediationKeys, stepsOf)
  const evidence = first(evidenceKeys, linksOf)
  return {
    ...(Object.fromEntries(texts) as Partial<Record<keyof typeof spellings, string>>),
    ...(remediation === undefined ? {} : { remediation }),
    ...(evidence === undefined ? {} : { evidence }),
  }
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The whole text, or the part between its first and last brace. */
const objectIn = (text: string): Fields | undefined => {
  const [start, end] = [text.indexOf('{'), text.lastIndexOf('}')]
  if (start < 0 || end <= start) return undefined
  try {
    const value: unknown = JSON.parse(text.slice(start, end + 1))
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value !== 'string' || value.trim() === '') return undefined
  return value.trim()
}

const stepsOf = (value: unknown): readonly string[] | undefined => {
  const steps = (Array.isArray(value) ? value : [value]).flatMap((step: unknown) => textOf(step) ?? [])
  return steps.length === 0 ? undefined : steps
}

const mostLinks = 5

const linksOf = (value: unknown): readonly string[] | undefined => {
  const links = (Array.isArray(value) ? value : [value])
    .flatMap((link: unknown) => textOf(isFields(link) ? (link['url'] ?? link['href']) : link) ?? [])
    .filter(isWebAddress)
    .slice(0, mostLinks)
  return links.length === 0 ? undefined : links
}

const isWebAddress = (text: string): boolean =>
  /^https?:\/\/[^\s<>|]+$/.test(text) && text.length <= 1000 && URL.canParse(text)
