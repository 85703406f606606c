// The operator put together: definitions installed, caches filled, admission registered, controllers at work. Started
// and stopped as one.

import { checkTeam } from '../domain/admission/check-team.ts'
import { nothingKnown } from '../domain/admission/context.ts'
import type { WorkloadSettings } from '../domain/workload/agent-workload.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventCatalog } from '../ports/event-catalog.ts'
import type { Logger } from '../ports/logger.ts'
import type { NotifyChannels } from '../ports/notify-channels.ts'
import type { Resources } from '../ports/resources.ts'
import type { Store } from '../ports/store.ts'
import { createJudge } from './admission/judge.ts'
import { openAdmission, type AdmissionSettings } from './admission/open-admission.ts'
import type { CustomResourceDefinition } from './builtin-kinds.ts'
import { openCaches } from './caches.ts'
import type { OperatorContext } from './context.ts'
import { createAgentController } from './controllers/agent.ts'
import { createDegradedController } from './controllers/degraded.ts'
import { createEventController } from './controllers/event.ts'
import { createInboxController } from './controllers/inbox.ts'
import { createNotifyController } from './controllers/notify.ts'
import { createEventHistory } from './controllers/event-history.ts'
import { createJournalKeeper } from './controllers/journal-keeper.ts'
import { createPolicyController } from './controllers/policy.ts'
import { createRunEndsController } from './controllers/run-ends.ts'
import { createRunController } from './controllers/run.ts'
import { createSettingsController } from './controllers/settings.ts'
import { createTeamOutput } from './controllers/team-output.ts'
import { createTeamController } from './controllers/team.ts'
import { createEventRecorder } from './event-recorder.ts'
import { ensureInstallation } from './installation.ts'
import { installCrds } from './install-crds.ts'
import { createDispatcher } from './notify/dispatcher.ts'
import { createTell } from './notify/tell.ts'
import { createTellEnds } from './notify/tell-ends.ts'
import { electLeader } from './reconcile/leader.ts'

export interface LeaderElection {
  /** Of this replica, unique. */
  readonly identity: string
  /** Leadership went to another: this process must end, because its work may be half done. */
  readonly onLost: () => void
}

export interface OperatorSettings extends WorkloadSettings {
  /** Where senders reach the hub's webhooks. */
  readonly webhookBaseUrl: string
  /** Left out: no admission, only the gate at run time. */
  readonly admission?: AdmissionSettings
  /** Of the operator itself. */
  readonly namespace: string
  /** Left out: this is the only replica. */
  readonly leaderElection?: LeaderElection
}

interface RunningOperator {
  readonly catalog: EventCatalog
  close(): Promise<void>
}

export const runOperator = async ({
  resources,
  store,
  channels,
  settings,
  definitions,
  clock,
  random,
  logger,
  signal,
}: {
  readonly resources: Resources
  readonly store: Store
  readonly channels: NotifyChannels
  readonly settings: OperatorSettings
  readonly definitions: readonly CustomResourceDefinition[]
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  /** Gives up starting. */
  readonly signal: AbortSignal
}): Promise<RunningOperator> => {
  const stack: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const undo of stack.splice(0).toReversed()) await undo()
  }
  try {
    await installCrds({ resources, definitions, signal })
    const { salt } = await ensureInstallation({ resources, namespace: settings.namespace })
    const caches = openCaches({ resources, clock, random, logger })
    const events = createEventRecorder({ resources, clock, logger })
    const context: OperatorContext = {
      resources,
      store,
      caches,
      events,
      clock,
      random,
      logger,
      workload: settings,
      webhookBaseUrl: settings.webhookBaseUrl.replace(/\/+$/, ''),
      salt,
    }
    const runs = createRunController(context)
    const eventController = createEventController(context)
    const tell = createTell(context)
    const controllers = [
      createAgentController(context),
      createPolicyController(context),
      createSettingsController(context),
      createTeamController(context, (team) => checkTeam({ team, context: nothingKnown }).errors),
      eventController,
      createInboxController(context),
      createRunEndsController(context, [createTeamOutput(context), createTellEnds({ caches, tell })]),
      createNotifyController(context),
      createDegradedController(context, tell),
      createDispatcher({ ...context, channels }),
      createEventHistory(context),
      createJournalKeeper(context),
    ]
    stack.push(() => events.close())
    for (const controller of controllers) stack.push(() => controller.close())
    stack.push(() => runs.close())
    stack.push(() => caches.close())
    caches.start()
    await orAborted(caches.synced, signal)
    const { admission: admissionSettings, namespace, leaderElection } = settings
    const admission =
      admissionSettings &&
      (await openAdmission({
        resources,
        namespace,
        judge: createJudge({ resources, caches }),
        settings: admissionSettings,
        clock,
        logger,
      }))
    // Closed last: what the controllers still write on their way out is admitted like everything before.
    if (admission !== undefined) stack.unshift(() => admission.close())
    const leads = leaderElection === undefined
    // Whoever has an address of its own must not take the questions away from the leader.
    if (leads || admissionSettings?.service !== undefined) await admission?.register()
    const start = async (): Promise<void> => {
      if (!leads && admissionSettings?.service === undefined) await admission?.register()
      for (const controller of controllers) controller.start()
      await runs.start()
    }
    if (leaderElection === undefined) await start()
    else stack.push(startAsLeader({ resources, settings, election: leaderElection, clock, logger, start }))
    return { catalog: eventController.catalog, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Every replica fills its caches and answers admission; only the leader works. */
const startAsLeader = ({
  resources,
  settings: { namespace },
  election: { identity, onLost },
  clock,
  logger,
  start,
}: {
  readonly resources: Resources
  readonly settings: OperatorSettings
  readonly election: LeaderElection
  readonly clock: Clock
  readonly logger: Logger
  readonly start: () => Promise<void>
}): (() => Promise<void>) => {
  const leadership = electLeader({ resources, clock, logger, namespace, identity })
  leadership.acquired.then(start).catch((error: unknown) => {
    logger.error({ err: error }, 'controllers did not start')
    onLost()
  })
  void leadership.lost.then(onLost)
  return () => leadership.release()
}

const orAborted = async (work: Promise<void>, signal: AbortSignal): Promise<void> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    signal.throwIfAborted()
    await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
