// From the resources of a run to what it will do: taken once, when the run starts. Everything that can be known to be
// wrong by then (names, inputs, types, templates, cycles) is answered here, before a token is spent.

import type { FieldError } from '../error.ts'
import type { RunSnapshot } from './snapshot.ts'

export type SnapshotResult =
  | { readonly type: 'snapshot'; readonly snapshot: RunSnapshot; readonly snapshotHash: string }
  | { readonly type: 'invalid'; readonly reason: InvalidRunReason; readonly errors: readonly FieldError[] }

export type InvalidRunReason =
  'TeamNotFound' | 'AgentNotFound' | 'InvalidInput' | 'InvalidPipeline' | 'TemplateError' | 'NotSupported'
