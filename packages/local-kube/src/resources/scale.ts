/** The scale subresource: an autoscaling/v1 view of three paths in an object. */
import { asObject, asString, valueAt, withValueAt } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { invalid } from '../status-error.ts'
import type { Resource } from './resource.ts'
import { labelSelectorText } from './selectors.ts'

export function scaleOf(resource: Resource, object: JsonObject): JsonObject {
  const { scale } = resource
  const { name, namespace, uid, resourceVersion, creationTimestamp } = asObject(object['metadata'])
  const selector =
    scale?.labelSelectorPath === undefined ? undefined : valueAt(object, ...scale.labelSelectorPath)
  const replicas = Number(valueAt(object, ...(scale?.specReplicasPath ?? [])) ?? 0)
  const selectorText = typeof selector === 'string' ? selector : labelSelectorText(selector)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    // Zero is what a Scale says by saying nothing.
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: Number(valueAt(object, ...(scale?.statusReplicasPath ?? [])) ?? 0),
      ...(selectorText === '' ? {} : { selector: selectorText }),
    },
  }
}

/** The object with the replicas of `scale`; a version in `scale` is a precondition. */
export function withScale(resource: Resource, object: JsonObject, scale: JsonObject): JsonObject {
  const replicas = valueAt(scale, 'spec', 'replicas') ?? 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
    throw invalid(
      { group: 'autoscaling', resource: 'Scale' },
      asString(valueAt(object, 'metadata', 'name')),
      [
        {
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`,
          field: 'spec.replicas',
        },
      ],
    )
  }
  const scaled = withValueAt(object, resource.scale?.specReplicasPath ?? [], replicas)
  const version = asString(valueAt(scale, 'metadata', 'resourceVersion'))
  return version === ''
    ? scaled
    : { ...scaled, metadata: { ...asObject(scaled['metadata']), resourceVersion: version } }
}
