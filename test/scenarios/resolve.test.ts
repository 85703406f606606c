// A tool call that is cut off, and the person who finds out what became of it: with real processes, the tool server's
// ledger as witness.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiOf, type Api } from './support/api.ts'
import { example, journalOf, ledgerOf, namespace, recordsOf, runPath } from './support/story.ts'
import { startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

let dev: DevProcess
let api: Api
beforeAll(async () => {
  dev = await startDevProcess({ args: ['--ephemeral', '--script', 'responder', example] })
  api = apiOf(dev.kubeconfig)
})
afterAll(() => dev?.stop())

const there = () => ['-n', namespace, '--kubeconfig', dev.kubeconfig]

/** The next post to Slack loses its connection, before or after it took effect. */
const cutNextPost = async (when: 'before' | 'after'): Promise<void> => {
  const { status, text } = await api.send(
    'POST',
    `/api/v1/namespaces/${namespace}/services/mock-slack:control/proxy/__fault`,
    { body: { tool: 'post_message', mode: 'close', when, times: 1 } },
  )
  expect(status, text).toBe(204)
}
const posts = async (): Promise<number> =>
  (await ledgerOf({ api, server: 'slack' })).filter(({ tool }) => tool === 'post_message').length

const runStory = (name: string) =>
  swarm([
    'run',
    'incident-responder',
    '-i',
    'alert=High error rate on payments-api',
    '-i',
    'incidentId=P-48291',
    '--name',
    name,
    ...there(),
  ])

test.each([
  { when: 'after', outcome: 'done', effect: 'took effect' },
  { when: 'before', outcome: 'not-done', effect: 'did not take effect' },
] as const)(
  'F02 P7 D5 a post cut off $when its effect ends the run as unknown; "$outcome" lets it go on, with one post',
  async ({ when, outcome, effect }) => {
    const before = await posts()
    const name = `cut-${when}`
    await cutNextPost(when)
    const { exitCode, stderr } = await runStory(name)
    expect(exitCode, stderr).toBe(1)
    expect(stderr).toContain('code: OutcomeUnknown')
    const command = `swarm resolve ${name} -n ${namespace} --step notifier --outcome`
    expect(stderr).toContain(command)
    expect(await posts()).toBe(before + (when === 'after' ? 1 : 0))

    const word = await swarm([...command.split(' ').slice(1), outcome, '--kubeconfig', dev.kubeconfig])
    expect(word.exitCode, word.stderr).toBe(0)
    expect(word.stdout).toContain(`slack/post_message of step "notifier" ${effect}`)
    const logs = await swarm(['logs', `run/${name}`, '-f', ...there()])
    expect(logs.stdout).toContain('run goes on, at the word of')
    expect(logs.stdout).toContain('run Succeeded')
    expect(await posts()).toBe(before + 1)

    const records = await journalOf({ kubeconfig: dev.kubeconfig, run: name })
    expect(recordsOf(records, 'tool.resolved')).toMatchObject([{ outcome, step: 'notifier' }])
    // P2: no step ran again.
    expect(recordsOf(records, 'task.completed').map(({ step }) => step)).toEqual([
      'investigator',
      'diagnostician',
      'notifier',
    ])
    const run = await api.until<{ status: { phase: string; conditions: { type: string }[] } }>(
      runPath(name),
      ({ status }) => status?.phase === 'Succeeded',
    )
    expect(run.status.conditions.map(({ type }) => type)).toEqual(['Succeeded'])

    const again = await swarm(['resolve', name, '--outcome', 'done', ...there()])
    expect(again.exitCode).toBe(2)
    expect(again.stderr).toContain('only a run that ended with OutcomeUnknown can go on')
  },
)
