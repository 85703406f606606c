// The whole product as its users start it: `swarm dev` in a process of its own, with the incident story applied and the
// scripted model, so that every run is 7 model calls, 5 tool calls and 3 steps.

import { apiOf, type Api } from '../test/scenarios/support/api.ts'
import { copyStory, runPath } from '../test/scenarios/support/story.ts'
import { startDevProcess, type DevProcess } from '../test/scenarios/support/swarm.ts'

export interface Run {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion: string }
  readonly status?: { readonly phase?: string }
}

export interface Product {
  readonly dev: DevProcess
  readonly api: Api
  /** Creates a run and resolves with it when it has ended; throws unless it succeeded. */
  readonly play: (name: string) => Promise<Run>
  readonly stop: () => Promise<void>
}

const alert =
  'PagerDuty Incident P-48291: High error rate on payments-api\nSeverity: High\nService: payments-api'

export async function startProduct(): Promise<Product> {
  const story = copyStory()
  // It allows a namespace 21 stories a day.
  story.drop('incident-policy.yaml')
  const dev = await startDevProcess({ args: ['--ephemeral', '--script', 'responder', story.directory] })
  const api = apiOf(dev.kubeconfig)
  return {
    dev,
    api,
    async play(name) {
      await api.ok('POST', runPath('').slice(0, -1), {
        body: {
          apiVersion: 'kubeswarm.io/v1alpha1',
          kind: 'SwarmRun',
          metadata: { name },
          spec: { teamRef: 'incident-responder', input: { alert } },
        },
      })
      const run = await api.until<Run>(
        runPath(name),
        ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed',
      )
      if (run.status?.phase !== 'Succeeded')
        throw new Error(`${name} did not succeed: ${JSON.stringify(run.status)}`)
      return run
    },
    async stop() {
      await dev.stop()
      story.remove()
    },
  }
}
