/** Long work with turns for everybody else between: one event loop serves all. */
import { setImmediate as nextTurn } from 'node:timers/promises'

const TURN_MILLISECONDS = 10
/** Looking at the clock costs as much as a small item. */
const ITEMS_PER_LOOK = 4

export async function eachInTurns<Item>(items: Iterable<Item>, visit: (item: Item) => void): Promise<void> {
  let began = performance.now()
  let count = 0
  for (const item of items) {
    visit(item)
    count += 1
    if (count % ITEMS_PER_LOOK !== 0 || performance.now() - began < TURN_MILLISECONDS) continue
    await nextTurn()
    began = performance.now()
  }
}
