// A run of an event, in three shapes: promised in the inbox, as the resource to create, and as the engine of starts
// sees it.

import type { SwarmRun } from '../../api/v1alpha1/index.ts'
import { triggerLabel } from '../../domain/run/take-snapshot.ts'
import type { EventRun } from '../../domain/trigger/make-way.ts'
import { hashOf, labelValue } from '../../domain/workload/agent-names.ts'
import type { InboxEntry, OwedRun } from '../../ports/inbox.ts'
import { keyOf } from '../reconcile/indexed-cache.ts'

const eventLabel = 'kubeswarm.io/event'
const teamLabel = 'kubeswarm.io/team'
const subjectLabel = 'kubeswarm.io/subject'
const subjectAnnotation = 'kubeswarm.io/subject'
const LONGEST_SUBJECT = 1024

/** Names an event among all as its runs do. */
export const eventKeyOf = ({
  namespace,
  name,
}: {
  readonly namespace: string | undefined
  readonly name: string
}): string => keyOf({ namespace, name: labelValue(name) })

/** The key of the event that started the run; undefined where none did. */
export const eventOfRun = ({ metadata: { namespace, labels } }: SwarmRun): string | undefined => {
  const event = labels?.[eventLabel]
  return event === undefined ? undefined : keyOf({ namespace, name: event })
}

/** Undefined where the accepted delivery holds no manifest for it. */
export const promisedRun = (owed: OwedRun): EventRun | undefined => {
  const manifest = manifestOf(owed)
  return manifest && withSubject(manifest, owed.run, subjectOf(owed.entry))
}

export const existingRun = (run: SwarmRun): EventRun =>
  withSubject(run, run.metadata.name, run.metadata.labels?.[subjectLabel])

/** The resource to create; undefined where the accepted delivery holds no manifest for it. */
export const runToCreate = (owed: OwedRun): SwarmRun | undefined => {
  const manifest = manifestOf(owed)
  if (manifest === undefined) return undefined
  const { namespace, event, subject } = owed.entry
  const label = subjectOf(owed.entry)
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      name: owed.run,
      namespace,
      ...(subject === undefined
        ? {}
        : { annotations: { [subjectAnnotation]: subject.key.slice(0, LONGEST_SUBJECT) } }),
      labels: {
        ...manifest.metadata?.labels,
        [eventLabel]: labelValue(event),
        // Tells the engine that the input was written by a stranger.
        [triggerLabel]: labelValue(event),
        ...(label === undefined ? {} : { [subjectLabel]: label }),
        ...(manifest.spec.teamRef === undefined ? {} : { [teamLabel]: labelValue(manifest.spec.teamRef) }),
      },
    },
  }
}

const withSubject = (
  { spec: { teamRef, agent } }: SwarmRun,
  name: string,
  subject: string | undefined,
): EventRun => ({
  name,
  target: teamRef === undefined ? `agent ${agent}` : `team ${teamRef}`,
  ...(subject === undefined ? {} : { subject }),
})

/** As a label value: any text may be a subject. */
const subjectOf = ({ subject }: InboxEntry): string | undefined =>
  subject === undefined ? undefined : hashOf(subject.key).slice(0, 32)

const manifestOf = ({ entry, run: name }: OwedRun): SwarmRun | undefined => {
  const manifest = entry.runs.find((run) => run.name === name)?.manifest
  return isRunManifest(manifest) ? manifest : undefined
}

const isRunManifest = (value: unknown): value is SwarmRun =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  value.kind === 'SwarmRun' &&
  'spec' in value
