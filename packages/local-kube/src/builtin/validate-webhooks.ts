/** Refuses webhook configurations that a real API server refuses: names, addresses, versions, conditions. */
import { asArray, asObject, asString, isObject } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { expressionFault } from '../schema/cel-rules.ts'
import { fieldInvalid, fieldRequired } from '../schema/field-error.ts'
import type { FieldError } from '../schema/field-error.ts'

export function validateWebhooks(configuration: JsonObject): FieldError[] {
  return asArray(configuration['webhooks'])
    .map(asObject)
    .flatMap((webhook, index) => validate(webhook, `webhooks[${index}]`))
}

function validate(webhook: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = []
  const versions = asArray(webhook['admissionReviewVersions']).map(asString)
  if (versions.length === 0)
    errors.push(fieldRequired(`${path}.admissionReviewVersions`, 'must specify one of v1, v1beta1'))
  else if (!versions.some((version) => version === 'v1' || version === 'v1beta1'))
    errors.push(
      fieldInvalid(`${path}.admissionReviewVersions`, versions, 'must include at least one of v1, v1beta1'),
    )
  const name = asString(webhook['name'])
  if (name.split('.').length < 3)
    errors.push(
      fieldInvalid(`${path}.name`, name, 'should be a domain with at least three segments separated by dots'),
    )
  if (asString(webhook['sideEffects']) === '')
    errors.push(fieldRequired(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun'))
  errors.push(...address(asObject(webhook['clientConfig']), `${path}.clientConfig`))
  asArray(webhook['matchConditions'])
    .map(asObject)
    .forEach((condition, index) => {
      const expression = asString(condition['expression'])
      const fault = expressionFault(expression)
      if (fault !== undefined)
        errors.push(
          fieldInvalid(
            `${path}.matchConditions[${index}].expression`,
            expression,
            `compilation failed: ${fault}`,
          ),
        )
    })
  return errors
}

function address({ url, service }: JsonObject, path: string): FieldError[] {
  if (isObject(service) === (typeof url === 'string'))
    return [fieldRequired(path, 'exactly one of url or service is required')]
  if (typeof url !== 'string' || url.startsWith('https://')) return []
  return [
    fieldInvalid(
      `${path}.url`,
      url.split(':')[0] ?? '',
      "'https' is the only allowed URL scheme; desired format: https://host[/path]",
    ),
  ]
}
