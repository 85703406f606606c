// Text → syntax tree. Everything that can be known without data is checked here: syntax, functions and their number of
// arguments, variables. One fault per action is reported, and all actions are looked at.

import { closestName } from '../closest-name.ts'
import { limits, positionAt } from './ast.ts'
import type { Command, Operand, Pipeline, Template, TemplateError, TemplateNode } from './ast.ts'
import { functions } from './functions.ts'
import { lexTemplate } from './lex.ts'
import type { Part, Token } from './lex.ts'
import { TemplateSyntaxError } from './syntax-error.ts'

export type ParseResult =
  | { readonly type: 'template'; readonly template: Template }
  | { readonly type: 'error'; readonly errors: readonly TemplateError[] }

export const parseTemplate = (text: string): ParseResult => {
  if (text.length > limits.text) {
    const message = `the template has ${text.length} characters; at most ${limits.text} are allowed`
    return { type: 'error', errors: [{ message, position: { line: 1, column: 1 } }] }
  }
  const { parts, errors } = lexTemplate(text)
  const parser = new Parser(text, parts)
  const body = parser.parseAll()
  const all = [...errors, ...parser.errors].toSorted((a, b) => a.at - b.at)
  if (all.length === 0) return { type: 'template', template: { text, body } }
  return {
    type: 'error',
    errors: all.slice(0, MAX_ERRORS).map(({ message, remedy, at }) => ({
      message,
      ...(remedy === undefined ? {} : { remedy }),
      position: positionAt(text, at),
    })),
  }
}

const MAX_ERRORS = 20

type Action = Part & { readonly type: 'action' }
const keywords = ['if', 'else', 'end', 'range', 'with', 'break', 'continue', 'define', 'template', 'block']

interface BlockEnd {
  readonly keyword: 'else' | 'end' | 'text'
  readonly action: Action | undefined
}

/** Thrown away after one template: it only holds the place in the parts and the variables in scope. */
class Parser {
  readonly errors: TemplateSyntaxError[] = []
  readonly #text: string
  readonly #parts: readonly Part[]
  #next = 0
  #nodes = 0
  #depth = 0
  #loops = 0
  #variables: readonly string[] = ['']

  constructor(text: string, parts: readonly Part[]) {
    this.#text = text
    this.#parts = parts
  }

  parseAll(): readonly TemplateNode[] {
    const body: TemplateNode[] = []
    try {
      for (;;) {
        const { nodes, end } = this.#parseBlock()
        body.push(...nodes)
        if (end.keyword === 'text' || end.action === undefined) return body
        this.errors.push(
          new TemplateSyntaxError(
            end.action.at,
            `{{ ${end.keyword} }} without an {{ if }}, {{ range }} or {{ with }}`,
          ),
        )
      }
    } catch (error) {
      // A limit was reached: nothing after it is worth reading.
      if (!(error instanceof TemplateSyntaxError)) throw error
      this.errors.push(error)
      return body
    }
  }

  /** Nodes up to an `else`, an `end` or the end of the text. */
  #parseBlock(): { readonly nodes: readonly TemplateNode[]; readonly end: BlockEnd } {
    const nodes: TemplateNode[] = []
    for (;;) {
      const part = this.#parts[this.#next]
      if (part === undefined) return { nodes, end: { keyword: 'text', action: undefined } }
      this.#next += 1
      this.#count(part.at)
      if (part.type === 'text') {
        nodes.push(part)
        continue
      }
      const keyword = keywordOf(part)
      if (keyword === 'else' || keyword === 'end') return { nodes, end: { keyword, action: part } }
      const node = this.#parseAction(part, keyword)
      if (node !== undefined) nodes.push(node)
    }
  }

  #parseAction(action: Action, keyword: string | undefined): TemplateNode | undefined {
    const { at } = action
    switch (keyword) {
      case 'if':
      case 'with':
        return this.#parseBranches(action, keyword)
      case 'range':
        return this.#parseRange(action)
      case 'break':
      case 'continue': {
        this.#recover(() => {
          if (this.#loops === 0)
            throw new TemplateSyntaxError(at, `{{ ${keyword} }} outside of a {{ range }}`)
          this.#expectEnd(action, 1)
        })
        return { type: keyword, at }
      }
      case 'define':
      case 'template':
      case 'block': {
        const message = `{{ ${keyword} }} is not supported: a template stands alone`
        this.errors.push(new TemplateSyntaxError(at, message, 'write its text where it is used'))
        if (keyword !== 'template') this.#skipToEnd(action)
        return undefined
      }
      default: {
        const pipeline = this.#recover(() => this.#parsePipeline(action, 0))
        return pipeline === undefined ? undefined : { type: 'action', pipeline, at }
      }
    }
  }

  #parseBranches(action: Action, type: 'if' | 'with'): TemplateNode {
    return this.#nested(action.at, () => {
      const branches: { pipeline: Pipeline; body: readonly TemplateNode[] }[] = []
      let head = action
      let skip = 1
      for (;;) {
        const start = head
        const from = skip
        const pipeline = this.#recover(() => this.#parsePipeline(start, from)) ?? nothing(start.at)
        const { nodes, end } = this.#scoped(() => this.#parseBlock())
        branches.push({ pipeline, body: nodes })
        if (end.keyword !== 'else' || end.action === undefined) {
          this.#expectClosed(action, end)
          return { type, branches, otherwise: [], at: action.at }
        }
        const [, second] = end.action.tokens
        if (second?.type === 'name' && second.name === type) {
          head = end.action
          skip = 2
          continue
        }
        const otherwise = this.#parseElse(action, end.action)
        return { type, branches, otherwise, at: action.at }
      }
    })
  }

  #parseRange(action: Action): TemplateNode {
    return this.#nested(action.at, () => {
      const pipeline =
        this.#recover(() => this.#parsePipeline(action, 1, MAX_RANGE_VARIABLES)) ?? nothing(action.at)
      this.#loops += 1
      const { nodes, end } = this.#scoped(() => this.#parseBlock())
      this.#loops -= 1
      const node = { type: 'range', pipeline, body: nodes, at: action.at } as const
      if (end.keyword === 'else' && end.action !== undefined) {
        return { ...node, otherwise: this.#parseElse(action, end.action) }
      }
      this.#expectClosed(action, end)
      return { ...node, otherwise: [] }
    })
  }

  #parseElse(opener: Action, otherwise: Action): readonly TemplateNode[] {
    this.#recover(() => this.#expectEnd(otherwise, 1))
    const { nodes, end } = this.#scoped(() => this.#parseBlock())
    if (end.keyword !== 'else') {
      this.#expectClosed(opener, end)
      return nodes
    }
    this.errors.push(
      new TemplateSyntaxError(end.action?.at ?? otherwise.at, 'a second {{ else }} in one block'),
    )
    if (end.action !== undefined) this.#skipToEnd(end.action)
    return nodes
  }

  #expectClosed(opener: Action, { keyword, action }: BlockEnd): void {
    if (keyword === 'end' && action !== undefined) {
      this.#recover(() => this.#expectEnd(action, 1))
      return
    }
    const name = keywordOf(opener) ?? 'block'
    this.errors.push(
      new TemplateSyntaxError(
        opener.at,
        `the {{ ${name} }} that starts here has no {{ end }}`,
        'add {{ end }}',
      ),
    )
  }

  #skipToEnd(opener: Action): void {
    this.#nested(opener.at, () => {
      const known = this.errors.length
      for (;;) {
        const { end } = this.#scoped(() => this.#parseBlock())
        if (end.keyword !== 'else') break
      }
      this.errors.length = known
    })
  }

  #parsePipeline(action: Action, from: number, maxVariables = 1): Pipeline {
    const tokens = new Tokens(action, from, this.#text)
    const pipeline = this.#pipeline(tokens, maxVariables)
    const rest = tokens.peek()
    if (rest !== undefined) throw unexpected(rest)
    return pipeline
  }

  #pipeline(tokens: Tokens, maxVariables: number): Pipeline {
    const { variables, assigns, at } = this.#declaration(tokens, maxVariables)
    const commands: Command[] = []
    do commands.push(this.#command(tokens, commands.length > 0))
    while (tokens.take('|') !== undefined)
    if (!assigns) this.#variables = [...this.#variables, ...variables]
    return { variables, assigns, commands, at }
  }

  #declaration(tokens: Tokens, max: number): Pick<Pipeline, 'variables' | 'assigns' | 'at'> {
    const at = tokens.at
    const names = tokens.declared()
    if (names === undefined) return { variables: [], assigns: false, at }
    const { variables, assigns } = names
    if (variables.length > max) {
      const allowed = ['no variable can', 'one variable can', 'at most two variables can'][max] ?? ''
      throw new TemplateSyntaxError(at, `${allowed} be declared here`)
    }
    for (const name of variables) {
      if (name === '') throw new TemplateSyntaxError(at, '$ itself cannot be set')
      if (assigns) this.#expectVariable(name, at)
    }
    return { variables, assigns, at }
  }

  #command(tokens: Tokens, piped: boolean): Command {
    const first = tokens.peek()
    if (first === undefined || first.type === '|' || first.type === ')') {
      throw new TemplateSyntaxError(first?.at ?? tokens.end, 'a value is missing here')
    }
    if (first.type === 'name' && !constants.has(first.name)) return this.#call(tokens, first, piped)
    if (piped) {
      throw new TemplateSyntaxError(
        first.at,
        'only a function can follow |',
        'for example {{ .input.x | trim }}',
      )
    }
    const operand = this.#operand(tokens)
    const next = tokens.peek()
    if (next !== undefined && next.type !== '|' && next.type !== ')') {
      throw new TemplateSyntaxError(
        next.at,
        'a value follows a value; only functions take arguments',
        'put the function first, for example {{ eq .input.x "yes" }}',
      )
    }
    return { type: 'value', operand, at: first.at }
  }

  #call(tokens: Tokens, { name, at }: Token & { readonly name: string }, piped: boolean): Command {
    tokens.next()
    const known = functionNamed(name, at)
    const operands: Operand[] = []
    for (let next = tokens.peek(); next !== undefined && next.type !== '|' && next.type !== ')';) {
      if (next.glued) throw unexpected(next)
      operands.push(this.#operand(tokens))
      next = tokens.peek()
    }
    const given = operands.length + (piped ? 1 : 0)
    if (given < known.min || given > known.max) {
      throw new TemplateSyntaxError(at, `${name} takes ${arity(known)}, not ${given}`)
    }
    return { type: 'call', name, operands, at }
  }

  #operand(tokens: Tokens): Operand {
    const token = tokens.next()
    if (token === undefined) throw new TemplateSyntaxError(tokens.end, 'a value is missing here')
    const { at } = token
    this.#count(at)
    switch (token.type) {
      case 'literal':
        return { type: 'literal', value: token.value, at }
      case '.':
        return { type: 'field', names: [], at }
      case 'field':
        return { type: 'field', names: [token.name, ...tokens.fields()], at }
      case 'variable':
        this.#expectVariable(token.name, at)
        return { type: 'variable', variable: token.name, names: tokens.fields(), at }
      case '(': {
        const pipeline = this.#nested(at, () => this.#pipeline(tokens, 0))
        if (tokens.take(')') === undefined) {
          throw new TemplateSyntaxError(at, 'the parenthesis is not closed', 'close it with )')
        }
        return { type: 'group', pipeline, names: tokens.fields(), at }
      }
      case 'name': {
        const value = constants.get(token.name)
        if (value !== undefined) return { type: 'literal', value, at }
        const { min } = functionNamed(token.name, at)
        const remedy = `put it in parentheses: (${token.name} …)`
        throw new TemplateSyntaxError(at, `${token.name} takes ${min} or more arguments, not 0`, remedy)
      }
      case '|':
      case ')':
      case ':=':
      case '=':
      case ',':
        throw unexpected(token)
    }
  }

  #expectVariable(name: string, at: number): void {
    if (this.#variables.includes(name)) return
    const near = closestName(name, this.#variables)
    throw new TemplateSyntaxError(
      at,
      `the variable $${name} is not declared`,
      near === undefined || near === '' ? `declare it first: {{ $${name} := … }}` : `did you mean $${near}?`,
    )
  }

  #expectEnd({ tokens }: Action, from: number): void {
    const extra = tokens[from]
    if (extra !== undefined) throw unexpected(extra)
  }

  /** Records a fault and goes on after the action it is in. Limits end the parse. */
  #recover<T>(parse: () => T): T | undefined {
    const depth = this.#depth
    try {
      return parse()
    } catch (error) {
      if (!(error instanceof TemplateSyntaxError) || error instanceof LimitReached) throw error
      this.#depth = depth
      this.errors.push(error)
      return undefined
    }
  }

  #nested<T>(at: number, parse: () => T): T {
    if (this.#depth >= limits.depth) {
      throw new LimitReached(at, `blocks and parentheses are more than ${limits.depth} levels deep`)
    }
    this.#depth += 1
    const result = this.#scoped(parse)
    this.#depth -= 1
    return result
  }

  #scoped<T>(parse: () => T): T {
    const outside = this.#variables
    const result = parse()
    this.#variables = outside
    return result
  }

  #count(at: number): void {
    this.#nodes += 1
    if (this.#nodes > limits.nodes) {
      throw new LimitReached(at, `the template has more than ${limits.nodes} parts`)
    }
  }
}

class LimitReached extends TemplateSyntaxError {}

const MAX_RANGE_VARIABLES = 2
const constants: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['nil', null],
])

const keywordOf = ({ tokens: [first] }: Action): string | undefined =>
  first?.type === 'name' && keywords.includes(first.name) ? first.name : undefined

/** Stands for a pipeline that could not be read; the template it is in is never evaluated. */
const nothing = (at: number): Pipeline => ({ variables: [], assigns: false, commands: [], at })

const functionNamed = (name: string, at: number): { readonly min: number; readonly max: number } => {
  const known = functions.get(name)
  if (known !== undefined) return known
  if (name === 'call') {
    throw new TemplateSyntaxError(
      at,
      'call is not supported: data holds no functions',
      'use the function by its name',
    )
  }
  if (keywords.includes(name)) {
    throw new TemplateSyntaxError(at, `${name} can only stand at the beginning of an action`)
  }
  const near = closestName(name, [...functions.keys()])
  const known_ = `known are ${[...functions.keys()].join(', ')}`
  throw new TemplateSyntaxError(
    at,
    `there is no function ${JSON.stringify(name)}`,
    near === undefined ? known_ : `did you mean ${near}?`,
  )
}

const arity = ({ min, max }: { readonly min: number; readonly max: number }): string => {
  if (min === max) return min === 1 ? '1 argument' : `${min} arguments`
  return max === Number.POSITIVE_INFINITY ? `${min} or more arguments` : `${min} to ${max} arguments`
}

const describe = (token: Token): string => {
  switch (token.type) {
    case 'field':
      return `".${token.name}"`
    case 'variable':
      return `"$${token.name}"`
    case 'name':
      return JSON.stringify(token.name)
    case 'literal':
      return typeof token.value === 'string' ? 'a string' : `the number ${token.value}`
    case '.':
    case '|':
    case '(':
    case ')':
    case ':=':
    case '=':
    case ',':
      return JSON.stringify(token.type)
  }
}
const unexpected = (token: Token): TemplateSyntaxError =>
  new TemplateSyntaxError(token.at, `unexpected ${describe(token)}`)

/** The tokens of one action, read from left to right. */
class Tokens {
  readonly #tokens: readonly Token[]
  #position: number
  /** Where a token that is missing at the end would be. */
  readonly end: number

  constructor({ tokens, at }: Action, from: number, text: string) {
    this.#tokens = tokens
    this.#position = from
    const close = text.indexOf('}}', tokens.at(-1)?.at ?? at)
    this.end = close < 0 ? at : close
  }

  get at(): number {
    return this.peek()?.at ?? this.end
  }

  peek(): Token | undefined {
    return this.#tokens[this.#position]
  }

  next(): Token | undefined {
    const token = this.peek()
    if (token !== undefined) this.#position += 1
    return token
  }

  take(type: Token['type']): Token | undefined {
    return this.peek()?.type === type ? this.next() : undefined
  }

  /** Names joined to what was read before, as in `$x.a.b`. */
  fields(): readonly string[] {
    const names: string[] = []
    for (let token = this.peek(); token?.type === 'field' && token.glued; token = this.peek()) {
      names.push(token.name)
      this.#position += 1
    }
    return names
  }

  /** `$a :=`, `$a, $b :=` or `$a =`, when the tokens begin with one. */
  declared(): { readonly variables: readonly string[]; readonly assigns: boolean } | undefined {
    const variables: string[] = []
    let position = this.#position
    for (;;) {
      const token = this.#tokens[position]
      const next = this.#tokens[position + 1]
      if (token?.type !== 'variable') return undefined
      variables.push(token.name)
      position += 2
      if (next?.type === ',') continue
      if (next?.type !== ':=' && next?.type !== '=') return undefined
      this.#position = position
      return { variables, assigns: next.type === '=' }
    }
  }
}
