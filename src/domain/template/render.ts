// Template + data → text, in one pass. Data is looked up and printed, never read as a template; what a run may cost is
// bounded; a key that is not there is an error unless `default` or a test for truth handles it.

import { limits, positionAt } from './ast.ts'
import type { Command, Operand, Pipeline, Position, Template, TemplateNode } from './ast.ts'
import { TemplateFault } from './fault.ts'
import { functions } from './functions.ts'
import {
  isList,
  isNumber,
  isObject,
  isTrue,
  memberOf,
  Missing,
  missingFault,
  nameOfType,
  textOf,
} from './value.ts'

/** A value on its way into the text. */
export interface PrintedValue {
  readonly text: string
  /** Where it comes from, as `originOf` named it; values computed from several have all of them. */
  readonly origins: readonly string[]
}

export interface RenderRequest {
  readonly template: Template
  /** JSON-like data; only own properties of plain objects and lists are seen. */
  readonly data: unknown
  /** Names the source of the data at a path from the root, where that matters to `onValue`. */
  readonly originOf?: (path: readonly string[]) => string | undefined
  /** Sees each value that is printed and returns what is printed for it. The template's own text does not pass here. */
  readonly onValue?: (value: PrintedValue) => string
}

export type RenderResult =
  /** `steps`: nodes and operands evaluated. Without loops and branches it depends on the template only. */
  | { readonly type: 'text'; readonly text: string; readonly steps: number }
  | {
      readonly type: 'error'
      readonly position: Position
      readonly message: string
      readonly remedy?: string
    }

export const renderTemplate = ({ template, data, originOf, onValue }: RenderRequest): RenderResult => {
  const evaluator = new Evaluator({ data, originOf, onValue })
  try {
    evaluator.run(template.body)
    return { type: 'text', text: evaluator.text, steps: evaluator.steps }
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error
    const { message, remedy, at = 0 } = error
    const position = positionAt(template.text, at)
    return { type: 'error', position, message, ...(remedy === undefined ? {} : { remedy }) }
  }
}

interface Value {
  readonly value: unknown
  /** The way from the root, while it is known: field by field, without a function in between. */
  readonly path?: readonly string[]
  readonly origins: readonly string[]
}

interface Variable {
  readonly name: string
  value: Value
}

interface Scope {
  readonly dot: Value
  readonly variables: readonly Variable[]
}

const noOrigins: readonly string[] = []
const plain = (value: unknown): Value => ({ value, origins: noOrigins })

class Evaluator {
  text = ''
  steps = 0
  readonly #root: Value
  readonly #originOf: NonNullable<RenderRequest['originOf']>
  readonly #onValue: NonNullable<RenderRequest['onValue']>

  constructor({ data, originOf, onValue }: Pick<RenderRequest, 'data' | 'originOf' | 'onValue'>) {
    this.#originOf = originOf ?? (() => undefined)
    this.#onValue = onValue ?? (({ text }) => text)
    this.#root = { value: data, path: [], origins: noOrigins }
  }

  run(body: readonly TemplateNode[]): void {
    this.#block(body, { dot: this.#root, variables: [{ name: '', value: this.#root }] })
  }

  #block(body: readonly TemplateNode[], outer: Scope): 'end' | 'break' | 'continue' {
    let scope = outer
    for (const node of body) {
      this.#count(node.at)
      switch (node.type) {
        case 'text':
          this.#print(node.text, node.at)
          break
        case 'action': {
          const result = this.#pipeline(node.pipeline, scope)
          scope = result.scope
          if (node.pipeline.variables.length > 0) break
          const { value, origins } = result.value
          const written = this.#at(node.pipeline.at, () => textOf(value))
          this.#print(this.#onValue({ text: written, origins }), node.at)
          break
        }
        case 'if':
        case 'with': {
          const flow = this.#branches(node, scope)
          if (flow !== 'end') return flow
          break
        }
        case 'range': {
          const flow = this.#range(node, scope)
          if (flow !== 'end') return flow
          break
        }
        case 'break':
        case 'continue':
          return node.type
      }
    }
    return 'end'
  }

  #branches(
    { type, branches, otherwise }: TemplateNode & { readonly type: 'if' | 'with' },
    outer: Scope,
  ): 'end' | 'break' | 'continue' {
    // A variable declared in one condition is known in the branches that follow it.
    let scope = outer
    for (const { pipeline, body } of branches) {
      const result = this.#pipeline(pipeline, scope)
      scope = result.scope
      if (!isTrue(result.value.value)) continue
      return this.#block(body, type === 'with' ? { ...scope, dot: result.value } : scope)
    }
    return this.#block(otherwise, scope)
  }

  #range(
    { pipeline, body, otherwise, at }: TemplateNode & { readonly type: 'range' },
    outer: Scope,
  ): 'end' | 'break' | 'continue' {
    const { value } = this.#commands(pipeline, outer)
    const items = this.#at(pipeline.at, () => itemsOf(value, (item, key) => this.#member(value, item, key)))
    if (items.length === 0) {
      const variables = pipeline.variables.map((name) => ({ name, value: plain(null) }))
      return this.#block(otherwise, { ...outer, variables: [...outer.variables, ...variables] })
    }
    for (const { key, item } of items) {
      this.#count(at)
      const bound = pipeline.variables.length === 2 ? [plain(key), item] : [item]
      let scope: Scope = { ...outer, dot: item }
      if (pipeline.assigns) {
        pipeline.variables.forEach((name, index) => assign(scope, name, bound[index] ?? item))
      } else {
        const variables = pipeline.variables.map((name, index) => ({ name, value: bound[index] ?? item }))
        scope = { ...scope, variables: [...scope.variables, ...variables] }
      }
      if (this.#block(body, scope) === 'break') break
    }
    return 'end'
  }

  #pipeline(pipeline: Pipeline, scope: Scope): { readonly value: Value; readonly scope: Scope } {
    const { value } = this.#commands(pipeline, scope)
    const [name] = pipeline.variables
    if (name === undefined) return { value, scope }
    if (pipeline.assigns) {
      assign(scope, name, value)
      return { value, scope }
    }
    return { value, scope: { ...scope, variables: [...scope.variables, { name, value }] } }
  }

  #commands({ commands }: Pipeline, scope: Scope): { readonly value: Value } {
    let value: Value | undefined
    for (const command of commands) value = this.#command(command, scope, value)
    return { value: value ?? plain(null) }
  }

  #command(command: Command, scope: Scope, piped: Value | undefined): Value {
    this.#count(command.at)
    if (command.type === 'value') return this.#operand(command.operand, scope)
    const { name, operands, at } = command
    if (name === 'and' || name === 'or') return this.#shortCircuit(name, operands, scope, piped)
    const args = operands.map((operand) => this.#operand(operand, scope))
    if (piped !== undefined) args.push(piped)
    if (name === 'index') return this.#index(args, at)
    return this.#apply(name, args, at)
  }

  #apply(name: string, args: readonly Value[], at: number): Value {
    const known = functions.get(name)
    if (known === undefined) throw new TypeError(`the parser let an unknown function pass: ${name}`)
    const values = args.map(({ value }) => value)
    return this.#at(at, () => {
      const missing = known.takesMissing ? undefined : values.find((value) => value instanceof Missing)
      if (missing instanceof Missing) throw missingFault(missing)
      // What `default` did not choose leaves no trace in the text.
      const origins = name === 'default' && !isTrue(values[1]) ? args.slice(0, 1) : args
      const value = known.apply(values)
      if (typeof value === 'string' && value.length > limits.output) {
        throw new TemplateFault(`a text has more than ${limits.output} characters`)
      }
      return { value, origins: unite(origins) }
    })
  }

  // Looked up like fields, so that the way from the root stays known.
  #index([first, ...keys]: readonly Value[], at: number): Value {
    let found = first ?? plain(null)
    for (const key of keys) {
      const { value } = this.#apply('index', [found, key], at)
      const name = isNumber(key.value) ? String(key.value) : key.value
      const next = this.#member(found, value, typeof name === 'string' ? name : '')
      found = key.origins.length === 0 ? next : { ...next, origins: unite([next, key]) }
    }
    return found
  }

  #shortCircuit(
    name: 'and' | 'or',
    operands: readonly Operand[],
    scope: Scope,
    piped: Value | undefined,
  ): Value {
    let last: Value = plain(null)
    for (const operand of operands) {
      last = this.#operand(operand, scope)
      if (isTrue(last.value) === (name === 'or')) return last
    }
    return piped ?? last
  }

  #operand(operand: Operand, scope: Scope): Value {
    this.#count(operand.at)
    switch (operand.type) {
      case 'literal':
        return plain(operand.value)
      case 'field':
        return this.#fields(scope.dot, operand.names)
      case 'variable': {
        const found = scope.variables.findLast(({ name }) => name === operand.variable)
        if (found === undefined)
          throw new TypeError(`the parser let an unknown variable pass: ${operand.variable}`)
        return this.#fields(found.value, operand.names)
      }
      case 'group':
        return this.#fields(this.#commands(operand.pipeline, scope).value, operand.names)
    }
  }

  #fields(from: Value, names: readonly string[]): Value {
    let found = from
    for (const name of names) {
      if (found.value instanceof Missing) return found
      const value = memberOf(found.value, name)
      found = this.#member(
        found,
        value instanceof Missing ? describeMissing(value, found, name) : value,
        name,
      )
    }
    return found
  }

  #member(from: Value, value: unknown, name: string): Value {
    if (from.path === undefined) return { value, origins: from.origins }
    const path = [...from.path, name]
    const origin = this.#originOf(path)
    const origins =
      origin === undefined || from.origins.includes(origin) ? from.origins : [...from.origins, origin]
    return { value, path, origins }
  }

  #print(text: string, at: number): void {
    if (this.text.length + text.length > limits.output) {
      throw faultAt(
        at,
        new TemplateFault(`the text has more than ${limits.output} characters`, 'cut values with trunc'),
      )
    }
    this.text += text
  }

  #count(at: number): void {
    this.steps += 1
    if (this.steps > limits.steps) {
      throw faultAt(at, new TemplateFault(`rendering takes more than ${limits.steps} steps`))
    }
  }

  /** Runs `work`; a fault in it that knows no place is at this one. */
  #at<T>(at: number, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw error instanceof TemplateFault ? faultAt(at, error) : error
    }
  }
}

const faultAt = (at: number, fault: TemplateFault): TemplateFault => {
  fault.at ??= at
  return fault
}

const describeMissing = (missing: Missing, { path, value }: Value, name: string): Missing => {
  if (path === undefined) return missing
  const whole = `.${[...path, name].join('.')}`
  if (isObject(value)) return new Missing(`${whole} is not in the data`)
  return new Missing(`${whole} is not in the data: .${path.join('.')} is ${nameOfType(value)}`)
}

const unite = (values: readonly Value[]): readonly string[] => {
  const all = values.flatMap(({ origins }) => origins)
  return all.length < 2 ? all : [...new Set(all)]
}

const assign = ({ variables }: Scope, name: string, value: Value): void => {
  const variable = variables.findLast((candidate) => candidate.name === name)
  if (variable !== undefined) variable.value = value
}

const itemsOf = (
  { value, origins }: Value,
  member: (item: unknown, key: string) => Value,
): readonly { readonly key: unknown; readonly item: Value }[] => {
  if (value instanceof Missing) throw missingFault(value)
  if (value === null) return []
  if (isList(value)) return value.map((item, index) => ({ key: index, item: member(item, String(index)) }))
  if (isObject(value)) {
    // Sorted, as in Go: the order of keys in JSON means nothing.
    return Object.keys(value)
      .toSorted()
      .map((key) => ({ key, item: member(value[key], key) }))
  }
  const count = Number(value)
  if (isNumber(value) && Number.isSafeInteger(count) && count <= limits.steps) {
    return Array.from({ length: Math.max(0, count) }, (_, index) => ({
      key: index,
      item: { value: index, origins },
    }))
  }
  throw new TemplateFault(`range works on lists, objects and whole numbers, not on ${nameOfType(value)}`)
}
