// The newest audit entries that match, over as many runs as it takes: run by run from the newest, each a fold of its
// own journal, so that memory holds one run and what was found.

import { auditRun, matchesAudit, type AuditEntry, type AuditFilter } from '../domain/journal/audit.ts'
import type { Journal, RunSummary } from '../ports/journal.ts'

export interface RunSelection {
  /** Left out: all of them. */
  readonly namespace?: string
  readonly run?: string
  readonly since?: string
}

const RUNS_AT_ONCE = 100

/** The selected runs, the newest first. With a name: all that bore it. */
export async function* selectRuns(
  journal: Pick<Journal, 'runs'>,
  { namespace, run, since }: RunSelection,
): AsyncGenerator<RunSummary> {
  let before: RunSummary | undefined
  for (;;) {
    const page = await journal.runs({
      limit: RUNS_AT_ONCE,
      ...(namespace === undefined ? {} : { namespace }),
      ...(since === undefined ? {} : { since }),
      ...(before === undefined ? {} : { before }),
    })
    for (const each of page) if (run === undefined || each.name === run) yield each
    before = page.at(-1)
    if (before === undefined || page.length < RUNS_AT_ONCE) return
  }
}

/** In the order of time. */
export const collectAudit = async ({
  journal,
  selection,
  filter,
  limit,
  signal,
}: {
  readonly journal: Pick<Journal, 'runs' | 'read'>
  readonly selection: RunSelection
  readonly filter: AuditFilter
  readonly limit: number
  readonly signal: AbortSignal
}): Promise<readonly AuditEntry[]> => {
  let found: AuditEntry[] = []
  for await (const run of selectRuns(journal, selection)) {
    // Runs come by their start: once there is enough, one that started before all of it cannot add anything newer
    // unless it ended later.
    const oldest = found.length < limit ? undefined : found.at(-1)
    if (signal.aborted) break
    if (oldest !== undefined && run.finishedAt !== undefined && run.finishedAt < oldest.at) continue
    const entries = auditRun(run, await journal.read({ run: run.uid }))
    found = [...found, ...entries.filter((entry) => matchesAudit(entry, filter))]
      .toSorted((a, b) => b.at.localeCompare(a.at) || b.seq - a.seq)
      .slice(0, limit)
  }
  return found.toReversed()
}
