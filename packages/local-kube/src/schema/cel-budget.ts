/**
 * What the evaluation of rules may cost, counted while they run: a rule within a rule over a list is quadratic, and
 * everybody waits for it. Every turn of a comprehension pays for the expression it repeats, and every operator and call
 * for what it is given to look through.
 */

/** Parts of expressions evaluated for one object; about a twentieth of a second. */
const BUDGET = 250_000
/** Of text that is looked through in the time of one part. */
const CHARACTERS_PER_PART = 16
const COMPREHENSIONS = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])
const OPERATORS = new Set(['==', '!=', 'in', '+', '<', '<=', '>', '>='])

export class BudgetExceeded extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run')
    this.name = 'BudgetExceeded'
  }
}

let left = BUDGET

/** For one object. */
export function openBudget(): void {
  left = BUDGET
}

/** Throws `BudgetExceeded`; asked after each rule, because a loop without budget just ends. */
export function checkBudget(): void {
  if (left < 0) throw new BudgetExceeded()
}

/** Takes so many parts from the budget. Throws `BudgetExceeded` when they are not there. */
export function charge(parts: number): void {
  left -= parts
  checkBudget()
}

const weights = new WeakMap<object, number>()

/** Values and text in a value; what was counted once is remembered. */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return 1 + Math.floor(value.length / CHARACTERS_PER_PART)
  if (typeof value !== 'object' || value === null) return 1
  const known = weights.get(value)
  if (known !== undefined) return known
  const weight =
    value instanceof Uint8Array
      ? 1 + Math.floor(value.length / CHARACTERS_PER_PART)
      : Object.values(value).reduce<number>((sum, child) => sum + weightOf(child), 1)
  weights.set(value, weight)
  return weight
}

interface Evaluator {
  readonly run: (node: Node, context: unknown) => unknown
}

type Evaluate = (evaluator: Evaluator, node: Node, context: unknown) => unknown

interface Node {
  readonly op: string
  readonly args: unknown
  readonly meta: { readonly evaluate: Evaluate; readonly alternate?: { readonly args: Loop } }
  readonly setMeta: (key: 'evaluate', value: Evaluate) => void
  /** Made by the check that comes before the first evaluation. */
  readonly handle?: (...values: unknown[]) => unknown
  readonly left?: Node
  readonly right?: Node
  readonly receiverWithArgs?: readonly Node[]
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

/** A negation has its operand itself, not a list of one. */
const operandsOf = ({ args }: Node): readonly Node[] => (isNode(args) ? [args] : childrenOf(args))

const partsOf = (node: Node): number => operandsOf(node).reduce((sum, child) => sum + partsOf(child), 1)

/** A macro's node stands for a loop, which asks its condition before each turn and ends when that is false. */
interface Loop {
  condition?: (result: unknown) => boolean
}

/** Makes a rule pay while it runs; changes the tree in place, before it is first evaluated. */
export function chargeEvaluation(tree: unknown): void {
  if (!isNode(tree)) return
  for (const operand of operandsOf(tree)) chargeEvaluation(operand)
  const call = callOf(tree)
  const repeated = call?.parts[1]
  const loop = tree.meta.alternate?.args
  if (call !== undefined && COMPREHENSIONS.has(call.name) && isNode(repeated) && loop !== undefined)
    chargeTurns(loop, partsOf(repeated))
  else if (tree.op === 'rcall' || tree.op === 'call' || OPERATORS.has(tree.op)) chargeOperands(tree)
}

function chargeTurns(loop: Loop, parts: number): void {
  const goesOn = loop.condition
  loop.condition = (result) => {
    left -= parts
    return left >= 0 && (goesOn?.(result) ?? true)
  }
}

const paid = <T extends readonly unknown[]>(values: T): T => {
  charge(values.reduce<number>((sum, value) => sum + weightOf(value), 0))
  return values
}

/** The same as the library does, with a look at the operands between. */
function chargeOperands(node: Node): void {
  const { evaluate } = node.meta
  node.setMeta('evaluate', (evaluator, self, context) => {
    const { handle, left: first, right: second, receiverWithArgs } = self
    if (handle === undefined) return evaluate(evaluator, self, context)
    if (receiverWithArgs !== undefined)
      return handle(paid(receiverWithArgs.map((part) => evaluator.run(part, context))), evaluator, self)
    if (first !== undefined && second !== undefined) {
      const [one, other] = paid([evaluator.run(first, context), evaluator.run(second, context)])
      return handle(one, other, self, evaluator)
    }
    const values = childrenOf(self.args).map((part) => evaluator.run(part, context))
    return handle(paid(values), self, evaluator)
  })
}
