// Which data a template reads, as far as its text tells: paths from the root, each with its place, and whether a
// missing key there is handled. Used to check templates against what will be known, before there is any data.

import type { Command, Operand, Pipeline, Template, TemplateNode } from './ast.ts'

export interface Reference {
  /** From the root: `['steps', 'investigator', 'output']`. */
  readonly path: readonly string[]
  readonly at: number
  /** A missing key here does no harm: `default` takes it, or it is only tested, or was tested before. */
  readonly guarded: boolean
}

/** A path from the root, or undefined where the text does not tell. */
type Place = readonly string[] | undefined

interface Scope {
  readonly dot: Place
  readonly variables: ReadonlyMap<string, Place>
  /** Paths (joined) that an `if` around this place found to be there. */
  readonly tested: readonly string[]
  /** Variables that some `=` sets: whether it has run by then, the text does not tell. */
  readonly assigned: ReadonlySet<string>
}

export const referencesOf = ({ body }: Template): readonly Reference[] => {
  const found: Reference[] = []
  const assigned = assignedIn(body)
  walkBlock(body, { dot: [], variables: new Map([['', []]]), tested: [], assigned }, found)
  return found
}

const assignedIn = (body: readonly TemplateNode[]): ReadonlySet<string> =>
  new Set(
    body.flatMap((node): readonly string[] => {
      switch (node.type) {
        case 'text':
        case 'break':
        case 'continue':
          return []
        case 'action':
          return setBy(node.pipeline)
        case 'range':
          return [...setBy(node.pipeline), ...assignedIn(node.body), ...assignedIn(node.otherwise)]
        case 'if':
        case 'with':
          return [
            ...node.branches.flatMap(({ pipeline, body }) => [...setBy(pipeline), ...assignedIn(body)]),
            ...assignedIn(node.otherwise),
          ]
      }
    }),
  )
const setBy = ({ variables, assigns }: Pipeline): readonly string[] => (assigns ? variables : [])

const walkBlock = (body: readonly TemplateNode[], outer: Scope, found: Reference[]): void => {
  let scope = outer
  for (const node of body) {
    switch (node.type) {
      case 'text':
      case 'break':
      case 'continue':
        break
      case 'action':
        scope = walkPipeline(node.pipeline, scope, found, false).scope
        break
      case 'if':
      case 'with':
        walkBranches(node, scope, found)
        break
      case 'range': {
        const { scope: inside } = walkPipeline(node.pipeline, scope, found, false)
        const variables = new Map(inside.variables)
        for (const name of node.pipeline.variables) variables.set(name, undefined)
        walkBlock(node.body, { ...inside, variables, dot: undefined }, found)
        walkBlock(node.otherwise, { ...inside, variables }, found)
        break
      }
    }
  }
}

const walkBranches = (
  { type, branches, otherwise }: TemplateNode & { readonly type: 'if' | 'with' },
  outer: Scope,
  found: Reference[],
): void => {
  let scope = outer
  for (const { pipeline, body } of branches) {
    const before = found.length
    const { place, scope: after } = walkPipeline(pipeline, scope, found, true)
    scope = after
    const tested = provenBy(pipeline) ? found.slice(before).map(({ path }) => path.join('\n')) : []
    const inside = { ...scope, tested: [...scope.tested, ...tested] }
    walkBlock(body, type === 'with' ? { ...inside, dot: place } : inside, found)
  }
  walkBlock(otherwise, scope, found)
}

// `if .x` and `if and .x .y` prove that .x is there; `if not .x` and `if or .x .y` do not.
const provenBy = ({ commands }: Pipeline): boolean => {
  const [first, ...rest] = commands
  if (first === undefined || rest.length > 0) return false
  return first.type === 'value' || first.name === 'and'
}

const walkPipeline = (
  { variables, commands }: Pipeline,
  scope: Scope,
  found: Reference[],
  guarded: boolean,
): { readonly place: Place; readonly scope: Scope } => {
  let place: Place
  commands.forEach((command, index) => {
    const handled = handles(commands[index + 1]) || (guarded && index === commands.length - 1)
    place = walkCommand(command, scope, found, handled)
  })
  const [name] = variables
  if (name === undefined) return { place, scope }
  const next = new Map(scope.variables).set(name, scope.assigned.has(name) ? undefined : place)
  return { place, scope: { ...scope, variables: next } }
}

const handles = (command: Command | undefined): boolean =>
  command?.type === 'call' && (command.name === 'default' || command.name === 'not')

const walkCommand = (command: Command, scope: Scope, found: Reference[], guarded: boolean): Place => {
  if (command.type === 'value') return walkOperand(command.operand, scope, found, guarded)
  const { name, operands, at } = command
  if (name === 'index') return walkIndex(operands, at, scope, found, guarded)
  const passes = name === 'and' || name === 'or' || name === 'not' || name === 'default'
  operands.forEach((operand, index) => {
    const handled =
      name === 'not' ||
      (name === 'default' && index === 1) ||
      (passes && (guarded || index < operands.length - 1))
    walkOperand(operand, scope, found, handled)
  })
  return undefined
}

// `index .steps "my-step" "output"` is `.steps.my-step.output` as long as the keys are written out.
const walkIndex = (
  [first, ...keys]: readonly Operand[],
  at: number,
  scope: Scope,
  found: Reference[],
  guarded: boolean,
): Place => {
  if (first === undefined) return undefined
  const base = placeOf(first, scope)
  const names = keys.map((key) =>
    key.type === 'literal' && key.value !== null ? String(key.value) : undefined,
  )
  const known = names.findIndex((name) => name === undefined)
  const written = (known < 0 ? names : names.slice(0, known)).filter((name) => name !== undefined)
  for (const key of keys) walkOperand(key, scope, found, false)
  if (base === undefined || first.type === 'group') {
    walkOperand(first, scope, found, guarded)
    return undefined
  }
  const path = [...base, ...written]
  report(path, at, scope, found, guarded)
  return known < 0 ? path : undefined
}

const walkOperand = (operand: Operand, scope: Scope, found: Reference[], guarded: boolean): Place => {
  if (operand.type === 'literal') return undefined
  if (operand.type === 'group') {
    const { place } = walkPipeline(operand.pipeline, scope, found, guarded)
    if (place === undefined || operand.names.length === 0) return place
    const path = [...place, ...operand.names]
    report(path, operand.at, scope, found, guarded)
    return path
  }
  const path = placeOf(operand, scope)
  if (path !== undefined) report(path, operand.at, scope, found, guarded)
  return path
}

const placeOf = (operand: Operand, { dot, variables }: Scope): Place => {
  if (operand.type !== 'field' && operand.type !== 'variable') return undefined
  const base = operand.type === 'field' ? dot : variables.get(operand.variable)
  return base === undefined ? undefined : [...base, ...operand.names]
}

const report = (
  path: readonly string[],
  at: number,
  { tested }: Scope,
  found: Reference[],
  guarded: boolean,
): void => {
  found.push({ path, at, guarded: guarded || tested.includes(path.join('\n')) })
}
