// Tells of ends of runs: the SwarmNotify of the team how they ended, those of its agents that their day is used up.

import { dailyLimitFacts, endFact } from '../../domain/notify/end-fact.ts'
import type { OperatorContext } from '../context.ts'
import type { EndFollower } from '../controllers/run-ends.ts'
import type { Tell } from './tell.ts'

/** What the delivery that started a run was about. */
const subjectAnnotation = 'kubeswarm.io/subject'

export const createTellEnds =
  ({ caches, tell }: Pick<OperatorContext, 'caches'> & { readonly tell: Tell }): EndFollower =>
  async (end) => {
    const { team, state, models, run } = end
    const { namespace } = run
    const teamNotify =
      team === undefined ? undefined : caches.teams.get({ namespace, name: team })?.spec.notifyRef?.name
    if (team !== undefined) {
      const subject = caches.runs.get(run)?.metadata.annotations?.[subjectAnnotation]
      const fact = endFact({ end, team, state, models, subject })
      if (fact !== undefined) await tell({ notify: teamNotify, fact })
    }
    for (const fact of dailyLimitFacts({ end, state })) {
      const agent = caches.agents.get({ namespace, name: fact.subject.name })
      const told = new Set([teamNotify, agent?.spec.observability?.notifyRef?.name])
      for (const notify of told) await tell({ notify, fact })
    }
  }
