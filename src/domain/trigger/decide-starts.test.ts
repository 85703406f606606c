import { expect, test } from 'vitest'
import { decideStarts, startRules } from './decide-starts.ts'
import type { StartRules } from './make-way.ts'

const run = (name: string, subject?: string) => ({
  name,
  target: 'team a',
  ...(subject === undefined ? {} : { subject }),
})
const typesOf = (
  rules: Partial<StartRules>,
  waiting: readonly ReturnType<typeof run>[],
  unfinished: readonly ReturnType<typeof run>[] = [],
) =>
  decideStarts({
    waiting: waiting.map((one) => ({ name: one.name, run: one })),
    unfinished,
    rules: { policy: 'Allow', scope: 'event', maxUnfinished: 50, ...rules },
  }).starts.map(({ type }) => type)

test('W2 what begins counts for those behind it', () => {
  expect(typesOf({ policy: 'Forbid' }, [run('a'), run('b')])).toEqual(['free', 'refuse'])
  expect(typesOf({ maxUnfinished: 2 }, [run('a'), run('b'), run('c')])).toEqual(['free', 'free', 'wait'])
  expect(typesOf({ scope: 'subject' }, [run('a', '1'), run('b', '1'), run('c', '2')])).toEqual([
    'free',
    'wait',
    'free',
  ])
})

test('W2 under Replace the latest of those that wait overtakes the others, by subject where that is the scope', () => {
  const waiting = [run('a', '1'), run('b', '2'), run('c', '1')]
  expect(typesOf({ policy: 'Replace' }, waiting)).toEqual(['overtaken', 'overtaken', 'free'])
  expect(typesOf({ policy: 'Replace', scope: 'subject' }, waiting)).toEqual(['overtaken', 'free', 'free'])
  expect(typesOf({ policy: 'Replace', scope: 'subject' }, [run('a'), run('b')])).toEqual(['free', 'free'])
  expect(typesOf({ policy: 'Replace' }, waiting, [run('old')])).toEqual(['overtaken', 'overtaken', 'replace'])
})

test('a promise that names no run is let through and takes no place', () => {
  const waiting = [
    { name: 'a', run: undefined },
    { name: 'b', run: run('b') },
  ]
  const { starts, unfinished } = decideStarts({
    waiting,
    unfinished: [],
    rules: { policy: 'Forbid', scope: 'event', maxUnfinished: 1 },
  })
  expect(starts.map(({ type }) => type)).toEqual(['free', 'free'])
  expect(unfinished.map(({ name }) => name)).toEqual(['b'])
})

test('an event that is gone hinders nothing', () => {
  expect(startRules(undefined)).toMatchObject({ policy: 'Allow', scope: 'event' })
})
