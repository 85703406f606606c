/** What a real API server refuses on builtin kinds beyond their schema; only the rules people actually run into. */
import { asArray, asObject, asString, deepEqual, isObject, valueAt } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { labelSelectorMatches } from '../resources/selectors.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../schema/field-error.ts'
import type { FieldError } from '../schema/field-error.ts'
import { validateSchema } from '../schema/validate-schema.ts'
import { validateCrd } from './validate-crd.ts'
import { validateWebhooks } from './validate-webhooks.ts'
import { builtinSchema } from './definitions.ts'

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const KEY = /^[-._a-zA-Z0-9]+$/

function podSpec(spec: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = []
  const containers = asArray(spec['containers']).map(asObject)
  if (containers.length === 0) errors.push(fieldRequired(`${path}.containers`))
  const volumes = new Set(asArray(spec['volumes']).map((v) => asString(asObject(v)['name'])))
  const names = new Set<string>()
  for (const list of ['initContainers', 'containers']) {
    asArray(spec[list]).forEach((raw, index) => {
      const at = `${path}.${list}[${index}]`
      const container = asObject(raw)
      const name = asString(container['name'])
      if (name === '') errors.push(fieldRequired(`${at}.name`))
      else if (!LABEL.test(name) || name.length > 63)
        errors.push(fieldInvalid(`${at}.name`, name, 'must be a lowercase RFC 1123 label'))
      else if (names.has(name)) errors.push(fieldDuplicate(`${at}.name`, name))
      names.add(name)
      if (asString(container['image']).trim() === '') errors.push(fieldRequired(`${at}.image`))
      asArray(container['volumeMounts']).forEach((mount, position) => {
        const wanted = asString(asObject(mount)['name'])
        if (!volumes.has(wanted))
          errors.push({
            path: `${at}.volumeMounts[${position}].name`,
            type: 'FieldValueNotFound',
            message: `Not found: ${JSON.stringify(wanted)}`,
            value: wanted,
          })
      })
      asArray(container['ports']).forEach((port, position) => {
        const number = asObject(port)['containerPort']
        if (typeof number === 'number' && (number < 1 || number > 65535)) {
          errors.push(
            fieldInvalid(
              `${at}.ports[${position}].containerPort`,
              number,
              'must be between 1 and 65535, inclusive',
            ),
          )
        }
      })
    })
  }
  return errors
}

function template({
  object,
  old,
  immutable,
}: {
  object: JsonObject
  old: JsonObject | undefined
  immutable: boolean
}): FieldError[] {
  const spec = asObject(object['spec'])
  const labels = asObject(valueAt(spec, 'template', 'metadata', 'labels'))
  const errors: FieldError[] = []
  const selector = spec['selector']
  if (selector === undefined && Object.keys(labels).length > 0)
    errors.push(
      fieldInvalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
    )
  if (selector !== undefined) {
    const size =
      Object.keys(asObject(valueAt(selector, 'matchLabels'))).length +
      asArray(valueAt(selector, 'matchExpressions')).length
    if (size === 0)
      errors.push(fieldInvalid('spec.selector', selector, 'empty selector is invalid for deployment'))
    else if (!labelSelectorMatches(selector, labels))
      errors.push(
        fieldInvalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
      )
    const before = valueAt(old, 'spec', 'selector')
    if (before !== undefined && !deepEqual(before, selector))
      errors.push(fieldInvalid('spec.selector', selector, 'field is immutable'))
  }
  if (immutable && old !== undefined && !deepEqual(valueAt(old, 'spec', 'template'), spec['template'])) {
    errors.push(fieldInvalid('spec.template', asObject(spec['template']), 'field is immutable'))
  }
  errors.push(...podSpec(asObject(valueAt(spec, 'template', 'spec')), 'spec.template.spec'))
  return errors
}

const isWorkload = (kind: string): boolean => kind === 'Deployment' || kind === 'ReplicaSet'

const replicas = (object: JsonObject): FieldError[] => {
  const wanted = valueAt(object, 'spec', 'replicas')
  return typeof wanted === 'number' && wanted < 0
    ? [fieldInvalid('spec.replicas', wanted, 'must be greater than or equal to 0')]
    : []
}

const restartPolicy = (object: JsonObject, allowed: readonly string[]): FieldError[] => {
  const policy = valueAt(object, 'spec', 'template', 'spec', 'restartPolicy')
  return allowed.includes(asString(policy))
    ? []
    : [fieldNotSupported('spec.template.spec.restartPolicy', policy ?? '', allowed)]
}

const dataKeys = (object: JsonObject): FieldError[] =>
  ['data', 'binaryData'].flatMap((field) =>
    Object.keys(asObject(object[field]))
      .filter((key) => !KEY.test(key))
      .map((key) =>
        fieldInvalid(
          `${field}[${key}]`,
          key,
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ),
      ),
  )

const NEEDED: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
}

function secret(object: JsonObject, old: JsonObject | undefined): FieldError[] {
  const type = asString(object['type'])
  const data = asObject(object['data'])
  const missing = (NEEDED[type] ?? []).filter((key) => !Object.hasOwn(data, key))
  return [
    ...missing.map((key) => fieldRequired(`data[${key}]`)),
    ...(old !== undefined && old['type'] !== type ? [fieldInvalid('type', type, 'field is immutable')] : []),
  ]
}

function immutableData(object: JsonObject, old: JsonObject | undefined): FieldError[] {
  if (old?.['immutable'] !== true) return []
  const errors: FieldError[] = []
  if (object['immutable'] !== true)
    errors.push(fieldForbidden('immutable', 'field is immutable when `immutable` is set'))
  for (const field of ['data', 'binaryData']) {
    if (!deepEqual(object[field] ?? null, old[field] ?? null))
      errors.push(fieldForbidden(field, 'field is immutable when `immutable` is set'))
  }
  return errors
}

/** Container images, deadlines and tolerations may change; everything else about a pod is fixed. */
function podUpdate(object: JsonObject, old: JsonObject | undefined): FieldError[] {
  if (old === undefined) return []
  const fixed = (pod: JsonObject): JsonValue => {
    const {
      containers: _containers,
      initContainers: _initContainers,
      activeDeadlineSeconds: _deadline,
      tolerations: _tolerations,
      terminationGracePeriodSeconds: _grace,
      ...rest
    } = asObject(pod['spec'])
    return rest
  }
  const before = fixed(old)
  const bound =
    valueAt(old, 'spec', 'nodeName') === undefined && isObject(before)
      ? { ...before, nodeName: valueAt(object, 'spec', 'nodeName') }
      : before
  const isSame = (list: string): boolean =>
    sameButImages(asArray(valueAt(old, 'spec', list)), asArray(valueAt(object, 'spec', list)))
  if (deepEqual(bound, fixed(object)) && isSame('containers') && isSame('initContainers')) return []
  return [
    fieldForbidden(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    ),
  ]
}

const sameButImages = (before: readonly JsonValue[], after: readonly JsonValue[]): boolean =>
  before.length === after.length &&
  before.every((item, index) => {
    const other = asObject(after[index])
    return deepEqual(item, other) || deepEqual({ ...asObject(item), image: null }, { ...other, image: null })
  })

export function validateBuiltin({
  group,
  kind,
  definition,
  object,
  old,
}: {
  group: string
  kind: string
  definition: string
  object: JsonObject
  old: JsonObject | undefined
}): FieldError[] {
  const errors = structural(definition, object)
  // A template without a selector is told together with what that makes wrong.
  if (errors.length > 0)
    return isWorkload(kind) && errors.every(({ path }) => path === 'spec.selector')
      ? [...errors, ...template({ object, old, immutable: false })]
      : errors
  switch (`${group}/${kind}`) {
    case '/Pod':
      return [...podSpec(asObject(object['spec']), 'spec'), ...podUpdate(object, old)]
    case 'apps/Deployment':
      return [
        ...template({ object, old, immutable: false }),
        ...replicas(object),
        ...restartPolicy(object, ['Always']),
      ]
    case 'apps/ReplicaSet':
      return [
        ...template({ object, old, immutable: false }),
        ...replicas(object),
        ...restartPolicy(object, ['Always']),
      ]
    case 'batch/Job':
      return [
        ...template({ object, old, immutable: true }),
        ...(['OnFailure', 'Never'].includes(
          asString(valueAt(object, 'spec', 'template', 'spec', 'restartPolicy')),
        )
          ? []
          : [fieldRequired('spec.template.spec.restartPolicy', 'valid values: "OnFailure", "Never"')]),
      ]
    case '/ConfigMap':
      return [...dataKeys(object), ...immutableData(object, old)]
    case '/Secret':
      return [...dataKeys(object), ...secret(object, old), ...immutableData(object, old)]
    case '/Event': {
      const about = asString(valueAt(object, 'involvedObject', 'namespace'))
      const namespace = asString(valueAt(object, 'metadata', 'namespace'))
      return about === namespace || (about === '' && namespace === 'default')
        ? []
        : [fieldInvalid('involvedObject.namespace', about, 'does not match event.namespace')]
    }
    case '/Service': {
      const spec = asObject(object['spec'])
      const errors: FieldError[] = []
      const ports = asArray(spec['ports']).map(asObject)
      if (ports.length === 0 && spec['clusterIP'] !== 'None' && spec['type'] !== 'ExternalName')
        errors.push(fieldRequired('spec.ports'))
      ports.forEach((port, index) => {
        if (ports.length > 1 && asString(port['name']) === '')
          errors.push(fieldRequired(`spec.ports[${index}].name`))
        const number = Number(port['port'])
        if (number < 1 || number > 65535)
          errors.push(
            fieldInvalid(`spec.ports[${index}].port`, number, 'must be between 1 and 65535, inclusive'),
          )
      })
      const before = asString(valueAt(old, 'spec', 'clusterIP'))
      if (before !== '' && before !== spec['clusterIP'] && spec['type'] !== 'ExternalName') {
        errors.push(
          fieldInvalid('spec.clusterIPs[0]', [spec['clusterIP'] ?? null], 'may not change once set'),
        )
      }
      return errors
    }
    case 'rbac.authorization.k8s.io/RoleBinding':
    case 'rbac.authorization.k8s.io/ClusterRoleBinding':
      return old !== undefined && !deepEqual(old['roleRef'], object['roleRef'])
        ? [fieldInvalid('roleRef', asObject(object['roleRef']), 'cannot change roleRef')]
        : []
    case 'admissionregistration.k8s.io/ValidatingWebhookConfiguration':
    case 'admissionregistration.k8s.io/MutatingWebhookConfiguration':
      return validateWebhooks(object)
    case 'apiextensions.k8s.io/CustomResourceDefinition':
      return validateCrd(object, old)
    default:
      return []
  }
}

/** `required` of a Go type with a zero value means little outside spec: clients leave such fields out everywhere. */
function structural(definition: string, object: JsonObject): FieldError[] {
  const schema = builtinSchema(definition)
  if (schema === undefined) return []
  const properties = asObject(schema['properties'])
  return Object.entries(object).flatMap(([key, value]) => {
    const property = properties[key]
    if (!isObject(property) || value === undefined || value === null) return []
    if (key === 'status' || key === 'metadata') return []
    return validateSchema(property, value, key).filter(
      (error) =>
        !(error.type === 'FieldValueRequired' && /\.metadata\./.test(error.path)) &&
        // Told with the container's name, and with everything else that is wrong with it.
        !(error.type === 'FieldValueDuplicate' && /ontainers\[\d+\]$/.test(error.path)) &&
        !(
          error.type === 'FieldValueRequired' &&
          /^webhooks\[\d+\]\.(sideEffects|admissionReviewVersions|clientConfig)$/.test(error.path)
        ) &&
        !(error.type === 'FieldValueRequired' && /ontainers\[\d+\]\.(name|image)$/.test(error.path)),
    )
  })
}
