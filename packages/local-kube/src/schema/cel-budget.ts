/**
 * What the evaluation of rules may cost, counted while they run: a rule within a rule over a list is quadratic, and
 * everybody waits for it. Every turn of a comprehension pays for the expression it repeats.
 */

/** Parts of expressions evaluated for one object; about a tenth of a second. */
const BUDGET = 500_000
const COMPREHENSIONS = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])
/** These look at a whole list or text in one step. */
const LONG_STEPS = new Set([
  'indexOf',
  'lastIndexOf',
  'sum',
  'min',
  'max',
  'isSorted',
  'contains',
  'join',
  'split',
])
const VALUES_PER_STEP = 20

export class BudgetExceeded extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run')
    this.name = 'BudgetExceeded'
  }
}

let left = BUDGET
let longStep = 1

/** For one object with so many values in it. */
export function openBudget(values: number): void {
  left = BUDGET
  longStep = 1 + Math.floor(values / VALUES_PER_STEP)
}

/** Throws `BudgetExceeded`; asked after each rule, because a loop without budget just ends. */
export function checkBudget(): void {
  if (left < 0) throw new BudgetExceeded()
}

interface Node {
  readonly op: string
  readonly args: unknown
  readonly meta?: { readonly alternate?: { readonly args: Loop } }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value

const childrenOf = (value: unknown): readonly Node[] =>
  Array.isArray(value) ? value.flatMap((item) => (isNode(item) ? [item] : childrenOf(item))) : []

/** `[name, receiver, arguments]` of a call on something. */
const callOf = ({ op, args }: Node): { readonly name: string; readonly parts: unknown[] } | undefined => {
  if (op !== 'rcall' || !Array.isArray(args)) return undefined
  const [name, , parts] = args as readonly unknown[]
  return typeof name === 'string' && Array.isArray(parts) ? { name, parts } : undefined
}

function weightOf(node: Node): { readonly parts: number; readonly longSteps: number } {
  const isLong = node.op === 'in' || LONG_STEPS.has(callOf(node)?.name ?? '')
  return childrenOf(node.args)
    .map(weightOf)
    .reduce(
      (sum, child) => ({ parts: sum.parts + child.parts, longSteps: sum.longSteps + child.longSteps }),
      { parts: 1, longSteps: isLong ? 1 : 0 },
    )
}

/** A macro's node stands for a loop, which asks its condition before each turn and ends when that is false. */
interface Loop {
  condition?: (result: unknown) => boolean
}

/** Makes what comprehensions repeat pay for itself; changes the tree in place, before it is first evaluated. */
export function chargeComprehensions(tree: unknown): void {
  if (!isNode(tree)) return
  for (const child of childrenOf(tree.args)) chargeComprehensions(child)
  const call = callOf(tree)
  const repeated = call?.parts[1]
  const loop = tree.meta?.alternate?.args
  if (call === undefined || !COMPREHENSIONS.has(call.name) || !isNode(repeated) || loop === undefined) return
  const { parts, longSteps } = weightOf(repeated)
  const goesOn = loop.condition
  loop.condition = (result) => {
    left -= parts + longSteps * longStep
    return left >= 0 && (goesOn?.(result) ?? true)
  }
}
