/** `x-kubernetes-validations`: compiles the rules of a schema once, and evaluates them along a value. */
import type { Duration } from '@marcbachmann/cel-js/evaluator'
import { asArray, asObject, asString, isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { BudgetExceeded, charge, chargeEvaluation, checkBudget, openBudget, weightOf } from './cel-budget.ts'
import { celEnvironment, rewireRegex } from './cel-environment.ts'
import { celLibrary } from './cel-library.ts'
import { ENOUGH_ERRORS, fieldForbidden, fieldInvalid, fieldRequired } from './field-error.ts'
import type { FieldError, FieldErrorType } from './field-error.ts'
import type { StructuralSchema } from './structural-schema.ts'

type Evaluate = (context: Record<string, unknown>) => unknown

interface Rule {
  readonly evaluate: Evaluate
  readonly source: string
  readonly message: string
  readonly messageExpression: Evaluate | undefined
  readonly reason: FieldErrorType
  readonly fieldPath: string
  readonly usesOldSelf: boolean
  readonly optionalOldSelf: boolean
}

const REASONS: readonly FieldErrorType[] = [
  'FieldValueRequired',
  'FieldValueDuplicate',
  'FieldValueInvalid',
  'FieldValueForbidden',
]
const compiledRules = new WeakMap<JsonObject, readonly Rule[]>()
const worthVisiting = new WeakMap<JsonObject, boolean>()
const ruleSizes = new WeakMap<JsonObject, RuleSize>()

/** Characters; no rule that a person reads is longer. */
const LONGEST_RULE = 10_000
const MOST_RULES = 1_000
/** Of all rules of a schema; those of the largest operators are a tenth of it. */
const MOST_CHARACTERS = 500_000

/** Characters of all expressions whose compiled form is kept. */
const REMEMBERED = 2_000_000
/** What an expression became, or why it is none; the oldest first. */
const compiledExpressions = new Map<string, Evaluate | Error>()
let remembered = 0
let timesForgotten = 0

/** Changes when expressions that were compiled before have to be compiled again. */
export const expressionGeneration = (): number => timesForgotten

/** Throws when the expression is none. */
export function compileExpression(expression: string): Evaluate {
  if (expression.length > LONGEST_RULE)
    throw new Error(`the expression has ${expression.length} characters; ${LONGEST_RULE} are allowed`)
  const compiled = compiledExpressions.get(expression) ?? remember(expression)
  if (compiled instanceof Error) throw compiled
  return compiled
}

function remember(expression: string): Evaluate | Error {
  const compiled = compile(expression)
  compiledExpressions.set(expression, compiled)
  remembered += expression.length
  if (remembered <= REMEMBERED) return compiled
  timesForgotten += 1
  for (const oldest of compiledExpressions.keys()) {
    // Half of it: what a schema being prepared has just been given stays.
    if (remembered <= REMEMBERED / 2) break
    compiledExpressions.delete(oldest)
    remembered -= oldest.length
  }
  return compiled
}

function compile(expression: string): Evaluate | Error {
  try {
    const parsed = celEnvironment().parse(rewireRegex(expression))
    chargeEvaluation(parsed.ast)
    return parsed as unknown as Evaluate
  } catch (error) {
    return error as Error
  }
}

function rulesOf(schema: StructuralSchema): readonly Rule[] {
  const known = compiledRules.get(schema)
  if (known !== undefined) return known
  const rules = asArray(schema['x-kubernetes-validations']).map((raw): Rule => {
    const rule = asObject(raw)
    const source = asString(rule['rule']).trim()
    const expression = asString(rule['messageExpression'])
    const reason = asString(rule['reason']) as FieldErrorType
    return {
      evaluate: compileExpression(source),
      source,
      message: asString(rule['message']).trim(),
      messageExpression: expression === '' ? undefined : compileExpression(expression),
      reason: REASONS.includes(reason) ? reason : 'FieldValueInvalid',
      fieldPath: asString(rule['fieldPath']),
      usesOldSelf: /\boldSelf\b/.test(source),
      optionalOldSelf: rule['optionalOldSelf'] === true,
    }
  })
  compiledRules.set(schema, rules)
  return rules
}

/** Whether a schema or anything below it has rules, so that values without any are not walked. */
function hasRules(schema: StructuralSchema): boolean {
  const known = worthVisiting.get(schema)
  if (known !== undefined) return known
  worthVisiting.set(schema, false)
  const below = [
    schema['items'],
    schema['additionalProperties'],
    ...Object.values(asObject(schema['properties'])),
  ]
  const found =
    asArray(schema['x-kubernetes-validations']).length > 0 ||
    below.some((child) => isObject(child) && hasRules(child))
  worthVisiting.set(schema, found)
  return found
}

/** Why an expression does not compile; `undefined` when it does. */
export function expressionFault(expression: string): string | undefined {
  try {
    compileExpression(expression)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Refuses rules that do not parse, when the definition is written, and definitions with too many to read at once. */
export function checkCelRules(schema: StructuralSchema, path: string): FieldError[] {
  const excess = excessOfRules(schema)
  return excess === undefined ? checkRules(schema, path) : [fieldForbidden(path, excess)]
}

/** What is too much about the rules of a schema; `undefined` when they are few enough to be compiled. */
export function excessOfRules(schema: StructuralSchema): string | undefined {
  const { count, characters } = sizeOfRules(schema)
  if (count > MOST_RULES) return `${count} validation rules are too many; ${MOST_RULES} are allowed`
  return characters > MOST_CHARACTERS
    ? `the validation rules have ${characters} characters together; ${MOST_CHARACTERS} are allowed`
    : undefined
}

interface RuleSize {
  readonly count: number
  readonly characters: number
}

function sizeOfRules(schema: StructuralSchema): RuleSize {
  const known = ruleSizes.get(schema)
  if (known !== undefined) return known
  const rules = asArray(schema['x-kubernetes-validations']).map(asObject)
  const below = [
    schema['items'],
    schema['additionalProperties'],
    ...Object.values(asObject(schema['properties'])),
  ]
  let count = rules.length
  let characters = 0
  for (const { rule, messageExpression } of rules)
    characters += asString(rule).length + asString(messageExpression).length
  for (const child of below.filter(isObject)) {
    const size = sizeOfRules(child)
    count += size.count
    characters += size.characters
  }
  const size = { count, characters }
  ruleSizes.set(schema, size)
  return size
}

function checkRules(schema: StructuralSchema, path: string): FieldError[] {
  const errors: FieldError[] = []
  asArray(schema['x-kubernetes-validations']).forEach((raw, index) => {
    if (errors.length >= ENOUGH_ERRORS) return
    const at = `${path}.x-kubernetes-validations[${index}]`
    const rule = asString(asObject(raw)['rule'])
    if (rule.trim() === '') errors.push(fieldRequired(`${at}.rule`, 'rule is not specified'))
    for (const field of ['rule', 'messageExpression']) {
      const expression = asString(asObject(raw)[field])
      if (expression.trim() === '') continue
      const fault = expressionFault(expression)
      if (fault !== undefined)
        errors.push(fieldInvalid(`${at}.${field}`, asObject(raw), `compilation failed: ${fault}`))
    }
  })
  const visit = (child: JsonValue | undefined, below: string): void => {
    if (isObject(child)) errors.push(...checkRules(child, below))
  }
  for (const [key, child] of Object.entries(asObject(schema['properties'])))
    visit(child, `${path}.properties[${key}]`)
  visit(schema['items'], `${path}.items`)
  visit(schema['additionalProperties'], `${path}.additionalProperties`)
  return errors
}

export function evaluateCelRules(request: {
  readonly schema: StructuralSchema
  readonly value: JsonValue
  readonly old: JsonValue | undefined
  readonly isRoot?: boolean
}): FieldError[] {
  if (request.value === null || !hasRules(request.schema)) return []
  openBudget()
  try {
    return evaluateAll(request)
  } catch (error) {
    if (!(error instanceof BudgetExceeded)) throw error
    return [fieldInvalid('<nil>', '', error.message)]
  }
}

function evaluateAll({
  schema,
  value,
  old,
  path = '',
  isRoot = false,
}: {
  readonly schema: StructuralSchema
  readonly value: JsonValue
  readonly old: JsonValue | undefined
  readonly path?: string
  readonly isRoot?: boolean
}): FieldError[] {
  if (value === null || !hasRules(schema)) return []
  const errors: FieldError[] = []
  const rules = rulesOf(schema)
  if (rules.length > 0) {
    charge(weightOf(value) + weightOf(old))
    const self = toCel(schema, value, isRoot)
    const oldSelf = old === undefined || old === null ? undefined : toCel(schema, old, isRoot)
    for (const rule of rules) {
      const error = evaluateRule({ rule, schema, self, oldSelf, path })
      if (error !== undefined) errors.push(error)
    }
  }
  if (Array.isArray(value)) {
    const items = schema['items']
    if (isObject(items)) {
      value.forEach((item, index) =>
        errors.push(
          ...evaluateAll({
            schema: items,
            value: item,
            old: correlate(schema, item, old),
            path: `${path}[${index}]`,
          }),
        ),
      )
    }
  } else if (isObject(value)) {
    const properties = asObject(schema['properties'])
    for (const [key, child] of Object.entries(value)) {
      if (child === undefined) continue
      const declared = Object.hasOwn(properties, key)
      const property = declared ? properties[key] : schema['additionalProperties']
      if (!isObject(property)) continue
      const before = isObject(old) && Object.hasOwn(old, key) ? old[key] : undefined
      const childPath = declared ? (path === '' ? key : `${path}.${key}`) : `${path}[${key}]`
      errors.push(
        ...evaluateAll({
          schema: property,
          value: child,
          old: before,
          path: childPath,
          isRoot: property['x-kubernetes-embedded-resource'] === true,
        }),
      )
    }
  }
  return errors
}

/** Only elements of a list map keep an identity across an update. */
function correlate(
  schema: StructuralSchema,
  item: JsonValue,
  old: JsonValue | undefined,
): JsonValue | undefined {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old) || !isObject(item)) return undefined
  const keys = asArray(schema['x-kubernetes-list-map-keys']).map(asString)
  return old.find((other) => isObject(other) && keys.every((key) => other[key] === item[key]))
}

function evaluateRule({
  rule,
  schema,
  self,
  oldSelf,
  path,
}: {
  rule: Rule
  schema: StructuralSchema
  self: unknown
  oldSelf: unknown
  path: string
}): FieldError | undefined {
  if (rule.usesOldSelf && oldSelf === undefined && !rule.optionalOldSelf) return undefined
  const { Optional } = celLibrary()
  const context = {
    self,
    oldSelf: rule.optionalOldSelf
      ? oldSelf === undefined
        ? Optional.none()
        : Optional.of(oldSelf)
      : oldSelf,
  }
  // The value is named by its type: rules are usually about objects too large to print.
  const type = asString(schema['type']) || 'object'
  const at = (path + rule.fieldPath).replace(/^\./, '')
  const fail = (detail: string): FieldError => {
    const error = fieldInvalid(at === '' ? '<nil>' : at, type, detail)
    if (rule.reason === 'FieldValueRequired')
      return { ...error, type: rule.reason, message: `Required value: ${detail}` }
    if (rule.reason === 'FieldValueForbidden')
      return { ...error, type: rule.reason, message: `Forbidden: ${detail}` }
    if (rule.reason === 'FieldValueDuplicate')
      return { ...error, type: rule.reason, message: `Duplicate value: "${type}"` }
    return error
  }
  try {
    const result = rule.evaluate(context)
    checkBudget()
    if (result === true) return undefined
  } catch (error) {
    checkBudget()
    const reason = (error as Error).message.split('\n')[0] ?? ''
    return fail(`${reason} evaluating rule: ${rule.message === '' ? rule.source : rule.message}`)
  }
  return fail(messageOf(rule, context))
}

function messageOf(rule: Rule, context: Record<string, unknown>): string {
  if (rule.messageExpression !== undefined) {
    try {
      const text = rule.messageExpression(context)
      if (typeof text === 'string' && text.trim() !== '') return text.trim()
    } catch {
      checkBudget()
      // A message that cannot be made falls back to the fixed one, as in Kubernetes.
    }
  }
  return rule.message === '' ? `failed rule: ${rule.source}` : rule.message
}

const RESERVED = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
])

const escapeName = (name: string): string => {
  if (RESERVED.has(name)) return `__${name}__`
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}

/** CEL tells ints from doubles, so numbers are converted by what the schema says they are. */
function toCel(schema: StructuralSchema | undefined, value: JsonValue, isRoot = false): unknown {
  if (value === null) return null
  if (typeof value === 'number') {
    const isDouble = schema?.['type'] === 'number'
    return !isDouble && Number.isInteger(value) ? BigInt(value) : value
  }
  if (typeof value === 'string') return stringToCel(schema, value)
  if (Array.isArray(value)) {
    const items = isObject(schema?.['items']) ? schema['items'] : undefined
    return value.map((item) => toCel(items, item))
  }
  if (!isObject(value)) return value
  const properties = asObject(schema?.['properties'])
  const additional = isObject(schema?.['additionalProperties']) ? schema['additionalProperties'] : undefined
  const converted: Record<string, unknown> = {}
  for (const [key, child] of Object.entries(value)) {
    if (child === undefined) continue
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined
    // Of an object's metadata, rules may see only the name.
    if (isRoot && key === 'metadata')
      converted[key] = { name: asObject(child)['name'], generateName: asObject(child)['generateName'] }
    else if (isObject(property)) {
      // A null in a declared field is an absent field to `has()`.
      if (child !== null) converted[escapeName(key)] = toCel(property, child)
    } else converted[key] = toCel(additional, child)
  }
  return converted
}

function stringToCel(schema: StructuralSchema | undefined, value: string): unknown {
  switch (schema?.['format']) {
    case 'date-time':
    case 'date':
      return new Date(value)
    case 'duration':
      return parseDuration(value) ?? value
    case 'byte':
      return new Uint8Array(Buffer.from(value, 'base64'))
    default:
      return value
  }
}

function parseDuration(text: string): Duration | undefined {
  const units: Readonly<Record<string, number>> = {
    ns: 1e-6,
    us: 1e-3,
    µs: 1e-3,
    ms: 1,
    s: 1e3,
    m: 6e4,
    h: 3.6e6,
    d: 8.64e7,
    w: 6.048e8,
  }
  let total = 0
  for (const match of text.matchAll(/([0-9]+(?:\.[0-9]+)?)\s*(ns|us|µs|ms|s|m|h|d|w)/g))
    total += Number(match[1]) * (units[match[2] ?? ''] ?? NaN)
  return Number.isNaN(total) ? undefined : celLibrary().Duration.fromMilliseconds(total)
}

/** A condition over named values, for webhook `matchConditions`. Anything but `true` does not match; errors are thrown. */
export function evaluateCondition(
  expression: string,
  variables: Readonly<Record<string, JsonValue>>,
): boolean {
  const context = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, toCel(undefined, value)]),
  )
  openBudget()
  const result = compileExpression(expression)(context)
  checkBudget()
  return result === true
}
