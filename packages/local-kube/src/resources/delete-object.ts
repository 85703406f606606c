/** The way of an object that is to go: admit, then mark it, or remove it where nothing holds it. */
import type { JsonObject } from '../json.ts'
import { notFound } from '../status-error.ts'
import { markDeleted } from './lifecycle.ts'
import type { DeleteOptions } from './lifecycle.ts'
import { checkDeletePreconditions } from './preconditions.ts'
import { refOf } from './resource.ts'
import { isSame } from './same-object.ts'
import type { WriteContext } from './write-context.ts'
import { commitChange, keyOf, requestOf } from './write-parts.ts'
import type { WriteParts } from './write-parts.ts'

export interface Deleted {
  readonly object: JsonObject
  readonly gone: boolean
}

export async function deleteObject({
  parts,
  context,
  options,
}: {
  readonly parts: WriteParts
  readonly context: WriteContext
  readonly options: DeleteOptions
}): Promise<Deleted> {
  const { store, admission, now } = parts
  const { resource, name } = context
  const key = keyOf(context)
  for (let attempt = 1; ; attempt += 1) {
    const stored = store.latest(key)
    if (stored === undefined) throw notFound(refOf(resource), name)
    const current = resource.fromStorage(stored.object)
    checkDeletePreconditions({ context, current, options })
    await admission.validate({ ...requestOf(context, 'DELETE'), object: undefined, old: current })
    const marked = markDeleted({ resource, object: current, options, now: now() })
    if (marked === undefined) {
      if (context.dryRun) return { object: current, gone: true }
      const gone = await commitChange({
        store,
        key,
        expected: stored.revision,
        object: undefined,
        attempt,
        context,
        isPinned: false,
      })
      if (gone !== undefined) return { object: current, gone: true }
      continue
    }
    if (context.dryRun || isSame(current, marked)) return { object: marked, gone: false }
    const result = await commitChange({
      store,
      key,
      expected: stored.revision,
      object: resource.toStorage(marked),
      attempt,
      context,
      isPinned: false,
    })
    if (result !== undefined) return { object: resource.fromStorage(result), gone: false }
  }
}
