/**
 * Derives `src/builtin/definitions.json` (schemas, merge keys, protobuf field numbers of the builtin kinds) from the Go
 * type declarations of Kubernetes. Run by hand when a newer Kubernetes is wanted; nothing at run time depends on it. The
 * directories are those of the Go modules `k8s.io/api` and so on, all of one version.
 *
 *   node scripts/derive-builtin-schemas.ts <directory of k8s.io/api> <of apimachinery> <of apiextensions-apiserver>
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [api, machinery, extensions] = process.argv.slice(2)
if (api === undefined || machinery === undefined || extensions === undefined) {
  throw new Error('usage: derive-builtin-schemas.ts <api> <apimachinery> <apiextensions-apiserver>')
}
const show = (directory: string, path: string): string => readFileSync(join(directory, path), 'utf8')

interface Package {
  readonly name: string
  readonly text: string
}
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const groups = [
  'core/v1',
  'apps/v1',
  'batch/v1',
  'discovery/v1',
  'events/v1',
  'coordination/v1',
  'networking/v1',
  'rbac/v1',
  'authentication/v1',
  'authorization/v1',
  'admissionregistration/v1',
  'autoscaling/v1',
  'policy/v1',
]
const packages: Package[] = [
  ...groups.map((g) => ({ name: `io.k8s.api.${g.replace('/', '.')}`, text: show(api, `${g}/types.go`) })),
  { name: META, text: show(machinery, 'pkg/apis/meta/v1/types.go') },
  {
    name: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
    text:
      show(extensions, 'pkg/apis/apiextensions/v1/types.go') +
      show(extensions, 'pkg/apis/apiextensions/v1/types_jsonschema.go'),
  },
]
const importNames: Record<string, string> = {
  metav1: META,
  v1: 'io.k8s.api.core.v1',
  corev1: 'io.k8s.api.core.v1',
  authenticationv1: 'io.k8s.api.authentication.v1',
}

const structs = new Map<string, { readonly pkg: string; readonly doc: string; readonly body: string }>()
const aliases = new Map<string, { readonly pkg: string; readonly target: string }>()
const enums = new Map<string, string[]>()
for (const { name, text } of packages) {
  for (const m of text.matchAll(/((?:^\/\/.*\n)*)^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    structs.set(`${name}.${m[2]}`, { pkg: name, doc: m[1] ?? '', body: m[3] ?? '' })
  }
  for (const m of text.matchAll(/^type (\w+) struct ?\{\}/gm))
    structs.set(`${name}.${m[1]}`, { pkg: name, doc: '', body: '' })
  for (const m of text.matchAll(/((?:^[ \t]*\/\/.*\n)*)^type (\w+) ((?:string|int32|\[\]|map)\S*)$/gm)) {
    aliases.set(`${name}.${m[2]}`, { pkg: name, target: m[3] ?? '' })
    if (/\+enum/.test(m[1] ?? '')) enums.set(`${name}.${m[2]}`, [])
  }
  for (const m of text.matchAll(/^\s+\w+\s+(\w+)\s+=\s+"([^"]*)"/gm))
    enums.get(`${name}.${m[1]}`)?.push(m[2] ?? '')
}

type Schema = Record<string, unknown>
const definitions: Record<string, Schema> = {}
const protobuf: Record<string, Record<string, [string, string]>> = {}

/** A Go comment as Kubernetes publishes it: paragraphs in lines of their own, instructions to generators left out. */
function description(comment: string): string {
  const [shown = ''] = comment.replaceAll(/^\s*\/\/ ?/gm, '').split('---')
  let text = ''
  for (const raw of shown.split('\n')) {
    const line = raw.replace(/ +$/, '')
    const bare = line.trimStart()
    if (bare.startsWith('TODO') || bare.startsWith('+')) continue
    if (line === '') text = `${text.slice(0, -1)}\n\n`
    else if (/^[ \t]/.test(line)) text = `${text.slice(0, -1)}\n${line}\n`
    else text += `${line} `
  }
  return text.trim().replace(/^\n+/, '')
}

/** Returns [schema, protobuf type]. */
function ofType(goType: string, pkg: string): [Schema, string] {
  if (goType.startsWith('*')) return ofType(goType.slice(1), pkg)
  if (goType === '[]byte') return [{ type: 'string', format: 'byte' }, 'bytes']
  if (goType.startsWith('[]')) {
    const [items, wire] = ofType(goType.slice(2), pkg)
    return [{ type: 'array', items }, `[]${wire}`]
  }
  const map = /^map\[([\w.]+)\](.+)$/.exec(goType)
  if (map) {
    const [value, wire] = ofType(map[2] ?? '', pkg)
    return [{ type: 'object', additionalProperties: value }, `{}${wire}`]
  }
  switch (goType) {
    case 'string':
      return [{ type: 'string' }, 'string']
    case 'bool':
      return [{ type: 'boolean' }, 'bool']
    case 'int':
    case 'int32':
      return [{ type: 'integer', format: 'int32' }, 'int']
    case 'int64':
      return [{ type: 'integer', format: 'int64' }, 'int']
    case 'float64':
      return [{ type: 'number', format: 'double' }, 'double']
    case 'types.UID':
    case 'types.NodeName':
      return [{ type: 'string' }, 'string']
    case 'resource.Quantity':
      return [{ $ref: ref('io.k8s.apimachinery.pkg.api.resource.Quantity') }, 'quantity']
    case 'intstr.IntOrString':
      return [{ $ref: ref('io.k8s.apimachinery.pkg.util.intstr.IntOrString') }, 'intorstring']
    case 'metav1.Time':
      return [{ type: 'string', format: 'date-time' }, 'time']
    case 'metav1.MicroTime':
      return [{ type: 'string', format: 'date-time' }, 'microtime']
    case 'runtime.RawExtension':
      return [{ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, 'raw']
    case 'JSON':
    case 'JSONSchemaPropsOrBool':
    case 'JSONSchemaPropsOrArray':
    case 'JSONSchemaPropsOrStringArray':
      return [{ 'x-kubernetes-preserve-unknown-fields': true, 'x-any': true }, 'raw']
    case 'JSONSchemaURL':
      return [{ type: 'string' }, 'string']
    case 'Time':
    case 'MicroTime':
      return [{ type: 'string', format: 'date-time' }, goType.toLowerCase()]
    case 'FieldsV1':
    case 'metav1.FieldsV1':
      return [{ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, 'raw']
  }
  const [prefix, bare] = goType.includes('.') ? (goType.split('.') as [string, string]) : ['', goType]
  const owner = prefix === '' ? pkg : importNames[prefix]
  if (owner === undefined) throw new Error(`unknown import ${goType} in ${pkg}`)
  const full = `${owner}.${bare}`
  const alias = aliases.get(full)
  if (alias) {
    const [schema, wire] = ofType(alias.target, alias.pkg)
    const values = enums.get(full)
    return [values !== undefined && values.length > 0 ? { ...schema, enum: values } : schema, wire]
  }
  define(full)
  return [{ $ref: ref(full) }, full]
}
const NO_STRUCTS = /\.(Quantity|IntOrString)$/
const ref = (name: string): string => `#/components/schemas/${name}`

function define(full: string): void {
  if (definitions[full] !== undefined) return
  const struct = structs.get(full)
  if (struct === undefined) throw new Error(`no struct ${full}`)
  const schema: Schema & { properties: Record<string, Schema>; required: string[] } = {
    description: description(struct.doc),
    type: 'object',
    properties: {},
    required: [],
  }
  const atomic = /\+(?:structType|mapType)=(\w+)/.exec(struct.doc)?.[1]
  if (atomic !== undefined) schema['x-kubernetes-map-type'] = atomic
  definitions[full] = schema
  const wire: Record<string, [string, string]> = {}
  protobuf[full] = wire
  for (const m of struct.body.matchAll(/((?:^\s*\/\/.*\n)*)^\s+(?:(\w+)\s+)?([\w.*[\]]+)\s+`([^`]*)`/gm)) {
    const [, comment = '', , goType = '', tags = ''] = m
    const json = /json:"([^"]*)"/.exec(tags)?.[1] ?? ''
    const [name = '', ...options] = json.split(',')
    const proto = /protobuf:"\w+,(\d+),/.exec(tags)?.[1]
    if (goType === 'metav1.TypeMeta' || goType === 'TypeMeta') {
      schema.properties['apiVersion'] = {
        type: 'string',
        description:
          'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources',
      }
      schema.properties['kind'] = {
        type: 'string',
        description:
          'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds',
      }
      continue
    }
    if (options.includes('inline') || name === '') {
      if (name !== '' || !options.includes('inline')) continue
      const bare = goType.replace(/^\*/, '')
      const owner = bare.includes('.') ? importNames[bare.split('.')[0] ?? ''] : struct.pkg
      const inner = `${owner}.${bare.split('.').pop()}`
      define(inner)
      Object.assign(schema.properties, definitions[inner]?.['properties'])
      schema.required.push(...((definitions[inner]?.['required'] as string[] | undefined) ?? []))
      if (proto !== undefined) wire[proto] = ['', inner]
      continue
    }
    // Alpha groups are not served, so their types are left out.
    if (/\w+v\dalpha\d\./.test(goType)) continue
    const [type, wireType] = ofType(goType, struct.pkg)
    const property: Schema = { ...type }
    const text = description(comment)
    if (text !== '') property['description'] = text
    const isPointer = goType.startsWith('*')
    // Go writes a struct that is no pointer even when it is empty, and a plain field that may not be omitted as its zero.
    if ('$ref' in type && !isPointer && !('format' in type) && !NO_STRUCTS.test(String(type['$ref'])))
      property['x-go-struct'] = true
    else if (/^(metav1\.)?(Micro)?Time$/.test(goType) && !options.includes('omitzero'))
      property['x-go-zero'] = null
    else if (!isPointer && !options.includes('omitempty') && !options.includes('omitzero')) {
      const zero = { string: '', integer: 0, boolean: false }[String(type['type'])]
      if (zero !== undefined && type['format'] === undefined) property['x-go-zero'] = zero
      else if (zero === 0) property['x-go-zero'] = zero
    }
    const listType = /\+listType=(\w+)/.exec(comment)?.[1]
    if (listType !== undefined) property['x-kubernetes-list-type'] = listType
    const mapKeys = [...comment.matchAll(/\+listMapKey=(\w+)/g)].map((k) => k[1])
    if (mapKeys.length > 0) property['x-kubernetes-list-map-keys'] = mapKeys
    const mapType = /\+(?:structType|mapType)=(\w+)/.exec(comment)?.[1]
    if (mapType !== undefined) property['x-kubernetes-map-type'] = mapType
    const strategy = /patchStrategy:"([^"]*)"/.exec(tags)?.[1]
    if (strategy !== undefined) property['x-kubernetes-patch-strategy'] = strategy
    const mergeKey = /patchMergeKey:"([^"]*)"/.exec(tags)?.[1]
    if (mergeKey !== undefined) property['x-kubernetes-patch-merge-key'] = mergeKey
    schema.properties[name] = property
    if (!options.includes('omitempty') && !/\+optional/.test(comment)) {
      schema.required.push(name)
      // Written as null when it is not set.
      if (type['type'] === 'array' || 'additionalProperties' in type) property['x-go-required'] = true
    }
    // A leading '*' keeps zero values: Go writes a pointer only when it is set.
    if (proto !== undefined) wire[proto] = [name, `${goType.startsWith('*') ? '*' : ''}${wireType}`]
  }
  if (schema.required.length === 0) delete (schema as Schema)['required']
}

definitions['io.k8s.apimachinery.pkg.api.resource.Quantity'] = {
  'x-kubernetes-int-or-string': true,
  'x-quantity': true,
  oneOf: [{ type: 'string' }, { type: 'number' }],
  description: 'Quantity is a fixed-point representation of a number, such as 500m or 1Gi.',
}
definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString'] = {
  'x-kubernetes-int-or-string': true,
  format: 'int-or-string',
  oneOf: [{ type: 'integer' }, { type: 'string' }],
  description: 'IntOrString is a type that can hold an int32 or a string.',
}

const roots: Record<string, string> = {
  'core.v1':
    'Namespace Node Pod Service Endpoints ConfigMap Secret ServiceAccount Event PersistentVolumeClaim ResourceQuota LimitRange Binding',
  'apps.v1': 'Deployment ReplicaSet',
  'batch.v1': 'Job',
  'discovery.v1': 'EndpointSlice',
  'events.v1': 'Event',
  'coordination.v1': 'Lease',
  'networking.v1': 'NetworkPolicy',
  'rbac.v1': 'Role RoleBinding ClusterRole ClusterRoleBinding',
  'authentication.v1': 'TokenReview TokenRequest SelfSubjectReview',
  'authorization.v1':
    'SelfSubjectAccessReview SubjectAccessReview LocalSubjectAccessReview SelfSubjectRulesReview',
  'admissionregistration.v1': 'ValidatingWebhookConfiguration MutatingWebhookConfiguration',
  'autoscaling.v1': 'Scale',
}
for (const [pkg, kinds] of Object.entries(roots))
  for (const kind of kinds.split(' ')) define(`io.k8s.api.${pkg}.${kind}`)
define('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition')
for (const kind of ['DeleteOptions', 'Status', 'ListMeta']) define(`${META}.${kind}`)

writeFileSync(
  new URL('../src/builtin/definitions.json', import.meta.url),
  JSON.stringify({ definitions, protobuf }),
)
console.log(`${Object.keys(definitions).length} definitions`)
