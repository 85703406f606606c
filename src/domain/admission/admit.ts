// May this object be stored? Everything the schema and its CEL rules cannot see, for all kinds, as one pure function:
// the operator's webhook, `swarm lint` and `swarm lint --cluster` ask the same question. Admission is courtesy: what
// it lets pass still meets the gate at run time.

import type { FieldError } from '../error.ts'
import { notYetEffective } from '../../api/effective.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import { oneSpelling, writtenPath } from '../../api/spellings.ts'
import type { SwarmObject } from '../../api/v1alpha1/index.ts'
import { canonicalJson } from '../guardrail/canonical-json.ts'
import { checkAgent } from './check-agent.ts'
import { checkEvent } from './check-event.ts'
import { checkNotify } from './check-notify.ts'
import { checkPolicy } from './check-policy.ts'
import { checkRun } from './check-run.ts'
import { checkSchema } from './check-schema.ts'
import { checkSecrets } from './check-secrets.ts'
import { checkSettings } from './check-settings.ts'
import { checkTeam } from './check-team.ts'
import { type AdmissionContext, nothingKnown } from './context.ts'
import { describeFinding } from './describe.ts'
import { all, type Findings, noFindings, warnings } from './findings.ts'

interface AdmissionResult {
  /** The object is refused when there is one. Paths are as the author wrote them. */
  readonly errors: readonly FieldError[]
  /** One line each, for kubectl to print. */
  readonly warnings: readonly string[]
  /** The same warnings with their fields, for whoever can point at a line. */
  readonly warningFields: readonly FieldError[]
  /** Worth a word in `swarm lint`, not worth one in every `kubectl apply`. */
  readonly notes: readonly FieldError[]
}

const checkKind = (
  object: SwarmObject,
  oldObject: SwarmObject | undefined,
  context: AdmissionContext,
): Findings => {
  const before = <T extends SwarmObject>(kind: T['kind']): T | undefined =>
    oldObject?.kind === kind ? (oldObject as T) : undefined
  switch (object.kind) {
    case 'SwarmAgent':
      return checkAgent({ agent: object, oldAgent: before('SwarmAgent'), context })
    case 'SwarmTeam':
      return checkTeam({ team: object, oldTeam: before('SwarmTeam'), context })
    case 'SwarmRun':
      return checkRun({ run: object, oldRun: before('SwarmRun'), context })
    case 'SwarmPolicy':
      return checkPolicy({ policy: object, context })
    case 'SwarmNotify':
      return checkNotify(object)
    case 'SwarmEvent':
      return checkEvent({ event: object, context })
    case 'SwarmSettings':
      return checkSettings({ settings: object, context })
    default: {
      const unknown: never = object
      void unknown
      return noFindings
    }
  }
}

const specOf = (object: KubernetesObject | undefined): string =>
  canonicalJson((object as { readonly spec?: unknown } | undefined)?.spec ?? null)

export const admit = ({
  object: written,
  oldObject: oldWritten,
  context = nothingKnown,
}: {
  readonly object: KubernetesObject
  /** Present on update. */
  readonly oldObject?: KubernetesObject | undefined
  readonly context?: AdmissionContext
}): AdmissionResult => {
  const nothing: AdmissionResult = { errors: [], warnings: [], warningFields: [], notes: [] }
  // An object that is going must be able to go, and a new label is no reason to judge the spec again.
  if (written.metadata.deletionTimestamp !== undefined) return nothing
  if (oldWritten !== undefined && specOf(written) === specOf(oldWritten)) return nothing
  const faults = checkSchema(written)
  if (faults.length > 0) return { ...nothing, errors: faults }
  const { object, notes } = oneSpelling(written)
  const oldObject = oldWritten === undefined ? undefined : oneSpelling(oldWritten).object
  const checked = all([
    checkKind(object as SwarmObject, oldObject as SwarmObject | undefined, context),
    warnings(checkSecrets(object as { readonly spec?: unknown })),
  ])
  // A field that a check has spoken about needs no second warning.
  const spoken = new Set([...checked.errors, ...checked.warnings].map(({ path }) => path))
  const found = all([checked, warnings(notYetEffective(object).filter(({ path }) => !spoken.has(path)))])
  const asWritten = (finding: FieldError): FieldError => ({
    ...finding,
    path: writtenPath(notes, finding.path),
  })
  const warningFields = found.warnings.map(asWritten)
  return {
    errors: found.errors.map(asWritten),
    warnings: warningFields.map((finding) => describeFinding(written, finding)),
    warningFields,
    notes: notes.map(({ path, canonical }) => ({ path, message: `is another spelling of ${canonical}` })),
  }
}
