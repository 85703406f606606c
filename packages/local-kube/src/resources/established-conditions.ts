/** A CustomResourceDefinition is in force as soon as it is stored, and its status says so. */
import { asObject } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Resource } from './resource.ts'

export function withEstablishedConditions(resource: Resource, object: JsonObject, now: number): JsonObject {
  if (resource.kind !== 'CustomResourceDefinition' || resource.group !== 'apiextensions.k8s.io') return object
  const lastTransitionTime = `${new Date(now).toISOString().slice(0, 19)}Z`
  const conditions = [
    {
      type: 'NamesAccepted',
      status: 'True',
      lastTransitionTime,
      reason: 'NoConflicts',
      message: 'no conflicts found',
    },
    {
      type: 'Established',
      status: 'True',
      lastTransitionTime,
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    },
  ]
  return { ...object, status: { ...asObject(object['status']), conditions } }
}
