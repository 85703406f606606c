import { describe, expect, it } from 'vitest'
import { objectSchema, type StructuralSchema } from '../crd.ts'
import { fieldFacts } from './fields.fixture.ts'
import { definitions } from './index.ts'

interface Fact {
  readonly field: string
  readonly type: string
  readonly list: boolean
  readonly map: boolean
  readonly required: boolean
  readonly default: string | undefined
  readonly enum: readonly string[] | undefined
  readonly limits: Readonly<Record<string, string>>
}

const parseFact = (line: string): Fact => {
  const [, field = '', type = '', rest = ''] = /^(\w+): (\w+)(.*)$/.exec(line) ?? []
  const limits = [...rest.matchAll(/(Minimum|Maximum|MinLength|MaxLength|MinItems|MaxItems|Pattern): (\S+)/g)]
  return {
    field,
    type,
    list: rest.startsWith(' array'),
    map: rest.includes('(keys:string, values:string)'),
    required: / required\b/.test(rest),
    default: /=(\S*)/.exec(rest)?.[1],
    enum: /Enum: \[([^\]]*)\]/.exec(rest)?.[1]?.split(' '),
    limits: Object.fromEntries(
      limits.map(([, name = '', value = '']) => [
        name.charAt(0).toLowerCase() + name.slice(1),
        value.replace(/^`(.*)`$/, '$1'),
      ]),
    ),
  }
}

const facts = new Map<string, Fact[]>()
for (const line of fieldFacts.split('\n').filter((each) => each.trim() !== '')) {
  if (!line.startsWith(' ')) facts.set(line.trim(), [])
  else [...facts.values()].at(-1)?.push(parseFact(line.trim()))
}

const scalarTypes: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'integer',
  boolean: 'boolean',
  Time: 'string',
  Duration: 'string',
}

/** Where we ask for more than was promised, each with its reason. */
const added: Readonly<Record<string, string>> = {
  'BearerAuth.secretKeyRef required': 'proof without its Secret is no proof',
  'MTLSAuth.secretRef required': 'likewise',
  'PipelineStepStatus.name required': 'the list is merged by it',
  'SwarmTeamRoleStatus.name required': 'the list is merged by it',
  'MCPToolSpec.headers maxItems': 'the API server must know how often its rule can run',
  'SwarmNotifySpec.channels required': 'without a channel nobody is told',
  'NotifyChannelSpec.type required': 'its rules ask for it',
  'NotifyChannelSpec.template maxLength': 'it is parsed at every look',
  'WebhookChannelSpec.url maxLength': 'the API server must know how long its rules can run',
  'WebhookHeader.name required': 'a header has a name',
  'WebhookHeader.name minLength': 'likewise',
  'WebhookHeader.name maxLength': 'so must its pattern',
  'WebhookHeader.name pattern': 'a name with a line break would be two headers',
  'WebhookHeader.value maxLength': 'no server reads longer ones',
  'NotifyDispatchResult.channelIndex required': 'it says which channel',
  'SwarmEventSource.cron maxLength': 'a schedule is read at every look at the event',
  'SwarmTeamSpec.runRetainFor maxLength': 'so must its pattern',
  'SwarmTeamSpec.runRetainFor pattern': 'a duration that nobody can read keeps runs for ever',
}
/** Where we take more than was promised, each with its reason. */
const widened: Readonly<Record<string, string>> = {
  'SwarmTeamSpec.pipeline maxItems': 'a team that fans out over services has more steps',
  'SwarmRunSpec.pipeline maxItems': 'a run carries the pipeline of a team',
  'SwarmRunStatus.steps maxItems': 'it tells of each of them',
}
const limitNames = [
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'pattern',
] as const

const numbersAlike = (a: unknown, b: string): boolean => String(a) === b || Number(a) === Number(b)

const compare = (schema: StructuralSchema, typeName: string, path: string, faults: string[]): void => {
  for (const fact of facts.get(typeName) ?? []) {
    const at = `${path}.${fact.field}`
    const property = schema.properties?.[fact.field]
    if (property === undefined) {
      faults.push(`${at}: missing`)
      continue
    }
    const required = schema.required?.includes(fact.field) ?? false
    if (fact.required && !required) faults.push(`${at}: should be required`)
    if (!fact.required && required && added[`${typeName}.${fact.field} required`] === undefined)
      faults.push(`${at}: is required, and was not`)
    if (fact.list && property.type !== 'array') faults.push(`${at}: should be a list`)
    const element = fact.list ? (property.items ?? {}) : property
    if (fact.map && element.additionalProperties?.type !== 'string')
      faults.push(`${at}: should be a map of text`)
    const expected = fact.enum !== undefined ? 'string' : (scalarTypes[fact.type] ?? 'object')
    if (element.type !== expected) faults.push(`${at}: is ${String(element.type)}, should be ${expected}`)
    if (fact.default !== undefined) {
      const actual =
        typeof property.default === 'string' ? property.default : JSON.stringify(property.default)
      if (actual !== fact.default) faults.push(`${at}: default is ${actual}, should be ${fact.default}`)
    } else if (property.default !== undefined) faults.push(`${at}: has a default, and had none`)
    for (const value of fact.enum ?? [])
      if (!(element.enum ?? []).includes(value)) faults.push(`${at}: does not accept ${value}`)
    for (const name of limitNames) {
      const actual = property[name]
      const wanted = fact.limits[name]
      if (
        wanted === undefined &&
        actual !== undefined &&
        added[`${typeName}.${fact.field} ${name}`] === undefined
      )
        faults.push(`${at}: ${name} ${actual} is stricter than promised`)
      const isWider =
        widened[`${typeName}.${fact.field} ${name}`] !== undefined && Number(actual) > Number(wanted)
      if (wanted !== undefined && !isWider && !numbersAlike(actual, wanted))
        faults.push(`${at}: ${name} is ${String(actual)}, should be ${wanted}`)
    }
    if (facts.has(fact.type)) compare(element, fact.type, fact.list ? `${at}[]` : at, faults)
  }
}

describe('the fields manifests rely on', () => {
  it.each(definitions.map((definition) => [definition.resource.kind, definition] as const))(
    '%s has every one, with its type, default and limits',
    (kind, definition) => {
      const faults: string[] = []
      compare(objectSchema(definition), kind, kind, faults)
      expect(faults).toEqual([])
    },
  )

  it('a field that appears nowhere is noticed', () => {
    const faults: string[] = []
    compare({ type: 'object', properties: {} }, 'PolicyModels', 'x', faults)
    expect(faults).toEqual(['x.allowed: missing', 'x.denied: missing'])
  })
})
