/** Refuses CustomResourceDefinitions a real API server would refuse: names, versions, and schemas that are not structural. */
import { asArray, asObject, asString, isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { compileJsonPath } from '../resources/json-path.ts'
import { DefaultsTooLarge, applyDefaults, defaultsBudget } from '../schema/apply-defaults.ts'
import type { DefaultsBudget } from '../schema/apply-defaults.ts'
import { checkCelRules } from '../schema/cel-rules.ts'
import {
  ENOUGH_ERRORS,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../schema/field-error.ts'
import type { FieldError } from '../schema/field-error.ts'
import { linearRegex } from '../schema/linear-regex.ts'
import { arePatternsTooLarge } from '../schema/pattern-size.ts'
import { validateSchema } from '../schema/validate-schema.ts'

export function validateCrd(crd: JsonObject, old: JsonObject | undefined): FieldError[] {
  const errors: FieldError[] = []
  const spec = asObject(crd['spec'])
  const names = asObject(spec['names'])
  const expected = `${asString(names['plural'])}.${asString(spec['group'])}`
  const name = asString(asObject(crd['metadata'])['name'])
  if (name !== expected)
    errors.push(fieldInvalid('metadata.name', name, `must be spec.names.plural+"."+spec.group`))
  const scope = spec['scope']
  if (asString(scope) === '') errors.push(fieldRequired('spec.scope'))
  else if (scope !== 'Namespaced' && scope !== 'Cluster')
    errors.push(fieldNotSupported('spec.scope', scope ?? null, ['Cluster', 'Namespaced']))
  else if (old !== undefined && scope !== asObject(old['spec'])['scope'])
    errors.push(fieldInvalid('spec.scope', scope, 'field is immutable'))
  if (asString(asObject(spec['conversion'])['strategy']) === 'Webhook') {
    errors.push(
      fieldInvalid(
        'spec.conversion.strategy',
        'Webhook',
        'conversion webhooks are not served by this API server',
      ),
    )
  }
  const versions = asArray(spec['versions']).map(asObject)
  if (versions.filter((version) => version['storage'] === true).length !== 1) {
    errors.push(
      fieldInvalid(
        'spec.versions',
        versions.map((v) => v['name'] ?? ''),
        'must have exactly one version marked as storage version',
      ),
    )
  }
  versions.forEach((version, index) => {
    const path = `spec.versions[${index}]`
    const schema = asObject(asObject(version['schema'])['openAPIV3Schema'])
    // A single version's schema is talked of as that of the whole definition.
    const schemaPath =
      versions.length === 1 ? 'spec.validation.openAPIV3Schema' : `${path}.schema.openAPIV3Schema`
    if (Object.keys(schema).length === 0) {
      errors.push(fieldRequired(`${path}.schema.openAPIV3Schema`))
      return
    }
    if (arePatternsTooLarge(schema)) {
      errors.push(
        fieldForbidden(schemaPath, 'the patterns are too large together; write fewer, or shorter ones'),
      )
      return
    }
    errors.push(
      ...validateStructural({ schema, path: schemaPath, isRoot: true, budget: defaultsBudget() }),
      ...checkCelRules(schema, schemaPath),
    )
    asArray(version['additionalPrinterColumns']).forEach((column, position) => {
      const path_ = asString(asObject(column)['jsonPath'])
      try {
        compileJsonPath(path_)
      } catch (error) {
        errors.push(
          fieldInvalid(
            `${path}.additionalPrinterColumns[${position}].jsonPath`,
            path_,
            `must be a valid JSON path: ${(error as Error).message}`,
          ),
        )
      }
    })
  })
  return errors
}

function validateStructural({
  schema,
  path,
  isRoot = false,
  budget,
}: {
  readonly schema: JsonObject
  readonly path: string
  readonly isRoot?: boolean
  /** For the defaults of all schemas of a version. */
  readonly budget: DefaultsBudget
}): FieldError[] {
  const errors: FieldError[] = []
  const below = (child: JsonObject, childPath: string): FieldError[] =>
    validateStructural({ schema: child, path: childPath, budget })
  const free =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  if (typeof schema['type'] !== 'string' || schema['type'] === '') {
    if (!free && !isRoot)
      errors.push(fieldRequired(`${path}.type`, 'must not be empty for specified object fields'))
  } else if (isRoot && schema['type'] !== 'object')
    errors.push(fieldInvalid(`${path}.type`, schema['type'], 'must be object at the root'))
  if (typeof schema['$ref'] === 'string') errors.push(fieldForbidden(`${path}.$ref`, '$ref is not supported'))
  if (schema['uniqueItems'] === true)
    errors.push(
      fieldForbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  if (typeof schema['pattern'] === 'string') {
    try {
      linearRegex(schema['pattern'])
    } catch (error) {
      const why = (error as Error).message
      errors.push(
        fieldInvalid(
          `${path}.pattern`,
          schema['pattern'],
          `must be a valid regular expression, but isn't: ${why}`,
        ),
      )
    }
  }
  if (schema['properties'] !== undefined && schema['additionalProperties'] !== undefined) {
    errors.push(
      fieldForbidden(
        `${path}.additionalProperties`,
        'additionalProperties and properties are mutual exclusive',
      ),
    )
  }
  for (const [key, child] of Object.entries(asObject(schema['properties']))) {
    if (errors.length >= ENOUGH_ERRORS) break
    if (isObject(child)) errors.push(...below(child, `${path}.properties[${key}]`))
  }
  if (isObject(schema['items'])) errors.push(...below(schema['items'], `${path}.items`))
  else if (schema['type'] === 'array') errors.push(fieldRequired(`${path}.items`, 'must be specified'))
  if (isObject(schema['additionalProperties']))
    errors.push(...below(schema['additionalProperties'], `${path}.additionalProperties`))
  if (schema['default'] !== undefined) {
    errors.push(...validateDefault({ schema, value: schema['default'], at: `${path}.default`, budget }))
  }
  if (schema['x-kubernetes-list-type'] === 'map' && isObject(schema['items'])) {
    const fields = asObject(schema['items']['properties'])
    const keys = asArray(schema['x-kubernetes-list-map-keys']).map(asString)
    if (keys.some((key) => !Object.hasOwn(fields, key)))
      errors.push(
        fieldInvalid(
          `${path}.x-kubernetes-list-map-keys`,
          keys,
          'entries must all be names of item properties',
        ),
      )
  }
  if (
    schema['x-kubernetes-list-type'] === 'map' &&
    asArray(schema['x-kubernetes-list-map-keys']).length === 0
  ) {
    errors.push(
      fieldRequired(
        `${path}.x-kubernetes-list-map-keys`,
        'must not be empty if x-kubernetes-list-type is map',
      ),
    )
  }
  if (isRoot && asString(schema['type']) === '')
    errors.push(fieldRequired(`${path}.type`, 'must not be empty at the root'))
  return errors
}

function validateDefault({
  schema,
  value,
  at,
  budget,
}: {
  readonly schema: JsonObject
  readonly value: JsonValue
  readonly at: string
  readonly budget: DefaultsBudget
}): FieldError[] {
  let filled: JsonValue
  try {
    filled = applyDefaults(schema, value, budget)
  } catch (error) {
    if (!(error instanceof DefaultsTooLarge)) throw error
    return [fieldForbidden(at, error.message)]
  }
  // The value stands in no body.
  return validateSchema(schema, filled, at).map((error) => ({
    ...error,
    message: error.message.replace(`${at} in body`, ' in body'),
  }))
}
