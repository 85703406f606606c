/**
 * The way of a changed object. Admission is asynchronous, so the revision is checked again at the commit and the whole
 * is repeated when it moved on.
 */
import type { AdmissionRequest } from '../admission/admission.ts'
import { asObject } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { notFound } from '../status-error.ts'
import { isReleased, prepareForUpdate, validateUpdate, withGeneration } from './lifecycle.ts'
import { recordUpdate } from './managed-fields.ts'
import { checkType, withType } from './object-type.ts'
import { checkUpdatePreconditions } from './preconditions.ts'
import { refOf } from './resource.ts'
import { isSame } from './same-object.ts'
import { decodeObject, prepareValidation, validateShape } from './shape.ts'
import type { Decoded } from './shape.ts'
import { newlyUnknown, reportUnknown } from './unknown-fields.ts'
import { giveWay } from './write-context.ts'
import type { Change, WriteContext } from './write-context.ts'
import { commitChange, filled, keyOf, refuse, refuseDepth, requestOf } from './write-parts.ts'
import type { WriteParts } from './write-parts.ts'

export async function updateObject({
  parts,
  context,
  change,
}: {
  readonly parts: WriteParts
  readonly context: WriteContext
  readonly change: Change
}): Promise<JsonObject> {
  const { store, admission, now } = parts
  const { resource, subresource, name } = context
  const key = keyOf(context)
  for (let attempt = 1; ; attempt += 1) {
    await giveWay(context)
    const stored = store.latest(key)
    if (stored === undefined) throw notFound(refOf(resource), name)
    const current = resource.fromStorage(stored.object)
    const { object: proposed, source, ownsManagedFields } = await change(current)
    if (proposed === current) return current
    await giveWay(context)
    const typed = withType(resource, proposed)
    checkType(resource, typed)
    refuseDepth(typed)
    const decode = (object: JsonObject): Promise<Decoded> =>
      decodeObject({ resource, body: object, giveWay: () => giveWay(context) })
    const { object: decoded, unknownFields } = await decode(typed)
    await giveWay(context)
    const before = unknownFields.length === 0 ? [] : (await decode(current)).unknownFields
    reportUnknown(context, newlyUnknown(unknownFields, before), source)
    await giveWay(context)
    const isPinned = checkUpdatePreconditions({ context, current, given: asObject(decoded['metadata']) })
    refuse(context, name, validateUpdate({ current, next: decoded }))

    await giveWay(context)
    let next = prepareForUpdate({ resource, current, next: decoded, subresource })
    await giveWay(context)
    next = await filled({ parts, context, object: next, old: current })
    await giveWay(context)
    const request: AdmissionRequest = { ...requestOf(context, 'UPDATE'), object: next, old: current }
    const mutated = await admission.mutate(request)
    if (mutated !== undefined && mutated !== next) {
      const again = (await decode(mutated)).object
      const prepared = prepareForUpdate({ resource, current, next: again, subresource })
      next = await filled({ parts, context, object: prepared, old: current })
    }
    await giveWay(context)
    if (subresource !== 'binding') next = withGeneration(resource, current, next)
    if (ownsManagedFields !== true)
      next = await recordUpdate({
        resource,
        subresource,
        current,
        next,
        manager: context.fieldManager,
        now: now(),
        giveWay: () => giveWay(context),
      })
    await giveWay(context)
    await prepareValidation(resource, next)
    await giveWay(context)
    refuse(context, name, validateShape(resource, next, current))
    await admission.validate({ ...request, object: next })
    await giveWay(context)

    if (isReleased(next)) {
      if (context.dryRun) return next
      const done = await commitChange({
        store,
        key,
        expected: stored.revision,
        object: undefined,
        attempt,
        context,
        isPinned,
      })
      if (done !== undefined) return next
      continue
    }
    // A write that changes nothing must not look like a change, or controllers would chase their own tail.
    if (isSame(current, next)) return current
    if (context.dryRun) return next
    await giveWay(context)
    const result = await commitChange({
      store,
      key,
      expected: stored.revision,
      object: resource.toStorage(next),
      attempt,
      context,
      isPinned,
    })
    if (result === undefined) continue
    await giveWay(context)
    return resource.fromStorage(result)
  }
}
