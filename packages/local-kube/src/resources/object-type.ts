/** The type that an object says it is of, against the one that the path names. */
import { builtinMessageName } from '../builtin/definitions.ts'
import { asString } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { badRequest } from '../status-error.ts'
import { apiVersionOf } from './resource.ts'
import type { Resource } from './resource.ts'

/** A builtin may leave out its type, which the path says; typed clients do. A custom resource may not. */
export function withType(resource: Resource, object: JsonObject): JsonObject {
  if (resource.definition === undefined) return object
  const { kind, apiVersion } = object
  if (asString(kind) !== '' && asString(apiVersion) !== '') return object
  return {
    ...object,
    kind: asString(kind) || resource.kind,
    apiVersion: asString(apiVersion) || apiVersionOf(resource),
  }
}

export function checkType(resource: Resource, object: JsonObject): void {
  const apiVersion = apiVersionOf(resource)
  if (object['apiVersion'] === apiVersion && object['kind'] === resource.kind) return
  const given = asString(object['apiVersion'])
  if (asString(object['kind']) === '') throw badRequest("Object 'Kind' is missing in the request body")
  if (
    resource.definition !== undefined &&
    builtinMessageName(given, asString(object['kind'])) !== undefined
  ) {
    const internal = resource.group === '' ? 'core' : (resource.group.split('.')[0] ?? '')
    const [group, version = group] = given.split('/')
    throw badRequest(
      `${asString(object['kind'])} in version "${version ?? ''}" cannot be handled as a ${resource.kind}: converting (${version ?? ''}.${asString(object['kind'])}) to (${internal}.${resource.kind}): unknown conversion`,
    )
  }
  throw badRequest(
    `${asString(object['kind'])} in version "${given}" cannot be handled as a ${resource.kind}: the API version in the data (${given}) and kind (${asString(object['kind'])}) do not match the expected ${apiVersion}, Kind=${resource.kind}`,
  )
}
