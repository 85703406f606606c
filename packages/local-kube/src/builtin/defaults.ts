/** What the API server fills in on builtin objects, so that they read back as on a real cluster. */
import { randomInt } from 'node:crypto'
import { asArray, asObject, asString, isObject, valueAt } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { qosClass } from './qos-class.ts'

/** Defaults go below what is there. */
const below = (defaults: JsonObject, object: JsonObject): JsonObject => ({ ...defaults, ...object })
const mapped = (list: JsonValue | undefined, change: (item: JsonObject) => JsonObject): JsonValue[] =>
  asArray(list).map((item) => (isObject(item) ? change(item) : item))

function probe(value: JsonObject): JsonObject {
  const filled = below(
    { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
    value,
  )
  return isObject(value['httpGet'])
    ? { ...filled, httpGet: below({ path: '/', scheme: 'HTTP' }, value['httpGet']) }
    : filled
}

function container(value: JsonObject): JsonObject {
  const image = asString(value['image'])
  const tag = /:([^/:@]+)(@.*)?$/.exec(image)?.[1]
  const filled = below(
    {
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      imagePullPolicy:
        image.includes('@') || (tag !== undefined && tag !== 'latest') ? 'IfNotPresent' : 'Always',
    },
    value,
  )
  if (Array.isArray(value['ports']))
    filled['ports'] = mapped(value['ports'], (port) => below({ protocol: 'TCP' }, port))
  if (Array.isArray(value['env'])) {
    filled['env'] = mapped(value['env'], (variable) => {
      const fieldRef = valueAt(variable, 'valueFrom', 'fieldRef')
      return isObject(fieldRef)
        ? {
            ...variable,
            valueFrom: {
              ...asObject(variable['valueFrom']),
              fieldRef: below({ apiVersion: 'v1' }, fieldRef),
            },
          }
        : variable
    })
  }
  for (const key of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const found = value[key]
    if (isObject(found)) filled[key] = probe(found)
  }
  return filled
}

const downward = (source: JsonObject): JsonObject => ({
  ...source,
  items: mapped(source['items'], (item) =>
    isObject(item['fieldRef']) ? { ...item, fieldRef: below({ apiVersion: 'v1' }, item['fieldRef']) } : item,
  ),
})

function volume(value: JsonObject): JsonObject {
  const filled = { ...value }
  for (const key of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const source = value[key]
    if (isObject(source))
      filled[key] = below({ defaultMode: 420 }, key === 'downwardAPI' ? downward(source) : source)
  }
  const sources = valueAt(filled, 'projected', 'sources')
  if (Array.isArray(sources)) {
    filled['projected'] = {
      ...asObject(filled['projected']),
      sources: mapped(sources, (source) => {
        const { serviceAccountToken: token, downwardAPI } = source
        if (isObject(token))
          return { ...source, serviceAccountToken: below({ expirationSeconds: 3600 }, token) }
        return isObject(downwardAPI) ? { ...source, downwardAPI: downward(downwardAPI) } : source
      }),
    }
  }
  const sourceless = Object.keys(value).every((key) => key === 'name')
  return sourceless ? { ...filled, emptyDir: {} } : filled
}

export function defaultPodSpec(spec: JsonObject): JsonObject {
  const account = asString(spec['serviceAccountName']) || asString(spec['serviceAccount'])
  const filled = below(
    {
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      terminationGracePeriodSeconds: 30,
      schedulerName: 'default-scheduler',
      securityContext: {},
    },
    spec,
  )
  if (account !== '') Object.assign(filled, { serviceAccountName: account, serviceAccount: account })
  for (const key of ['containers', 'initContainers'])
    if (Array.isArray(spec[key])) filled[key] = mapped(spec[key], container)
  if (Array.isArray(spec['volumes'])) filled['volumes'] = mapped(spec['volumes'], volume)
  return filled
}

/** What a cluster's own admission gives every pod. */
function admittedPod(spec: JsonObject): JsonObject {
  const tolerated = (key: string): JsonObject => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  })
  const given = asArray(spec['tolerations'])
  const added = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) => !given.some((item) => ['', key].includes(asString(asObject(item)['key']))),
  )
  return {
    ...below(
      {
        serviceAccountName: 'default',
        serviceAccount: 'default',
        priority: 0,
        preemptionPolicy: 'PreemptLowerPriority',
      },
      spec,
    ),
    tolerations: [...given, ...added.map(tolerated)],
  }
}

function template(object: JsonObject): JsonObject {
  const { template: given } = object
  if (!isObject(given)) return object
  return {
    ...object,
    template: {
      ...given,
      metadata: asObject(given['metadata']),
      spec: defaultPodSpec(asObject(given['spec'])),
    },
  }
}

function deployment(spec: JsonObject): JsonObject {
  const strategy = asObject(spec['strategy'])
  const type = asString(strategy['type']) || 'RollingUpdate'
  const rolling = {
    rollingUpdate: below({ maxUnavailable: '25%', maxSurge: '25%' }, asObject(strategy['rollingUpdate'])),
  }
  return template({
    ...below({ replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }, spec),
    strategy: { ...strategy, type, ...(type === 'RollingUpdate' ? rolling : {}) },
  })
}

function service(spec: JsonObject, old: JsonObject, used: (ip: string) => boolean): JsonObject {
  const type = asString(spec['type']) || 'ClusterIP'
  const filled = below({ type, sessionAffinity: 'None', internalTrafficPolicy: 'Cluster' }, spec)
  if (Array.isArray(spec['ports'])) {
    filled['ports'] = mapped(spec['ports'], (port) =>
      below({ protocol: 'TCP', targetPort: port['port'] }, port),
    )
  }
  if (type === 'ExternalName') return filled
  const kept = asString(old['clusterIP'])
  let clusterIP = asString(spec['clusterIP']) || kept
  while (clusterIP === '') {
    const candidate = `10.96.${randomInt(0, 256)}.${randomInt(1, 255)}`
    if (!used(candidate)) clusterIP = candidate
  }
  return {
    ...below({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }, filled),
    clusterIP,
    clusterIPs: [clusterIP],
  }
}

const jobLabels = (uid: string, name: string): JsonObject => ({
  'batch.kubernetes.io/controller-uid': uid,
  'batch.kubernetes.io/job-name': name,
  'controller-uid': uid,
  'job-name': name,
})

/** A Job without labels has those of its pods. */
function jobMetadata(object: JsonObject): JsonObject {
  const metadata = asObject(object['metadata'])
  const { uid, name } = metadata
  if (asString(uid) === '' || valueAt(object, 'spec', 'manualSelector') === true) return metadata
  const template = asObject(valueAt(object, 'spec', 'template', 'metadata', 'labels'))
  return below({ labels: { ...jobLabels(asString(uid), asString(name)), ...template } }, metadata)
}

function job(object: JsonObject): JsonObject {
  const spec = asObject(object['spec'])
  const uid = asString(valueAt(object, 'metadata', 'uid'))
  const name = asString(valueAt(object, 'metadata', 'name'))
  const filled = below(
    {
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      manualSelector: false,
      podReplacementPolicy: 'TerminatingOrFailed',
    },
    spec,
  )
  if (spec['completions'] === undefined && spec['parallelism'] === undefined) filled['completions'] = 1
  if (spec['parallelism'] === undefined) filled['parallelism'] = 1
  if (spec['manualSelector'] !== true && uid !== '') {
    // The pods of a Job are told apart by its uid, which no user could write beforehand.
    const labels = jobLabels(uid, name)
    const given = asObject(spec['template'])
    const metadata = asObject(given['metadata'])
    filled['selector'] ??= { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }
    filled['template'] = {
      ...given,
      metadata: { ...metadata, labels: { ...labels, ...asObject(metadata['labels']) } },
    }
  }
  return template(filled)
}

function webhook(kind: string): (value: JsonObject) => JsonObject {
  return (value) => {
    const filled = below(
      {
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        timeoutSeconds: 10,
        namespaceSelector: {},
        objectSelector: {},
        ...(kind.startsWith('Mutating') ? { reinvocationPolicy: 'Never' } : {}),
      },
      value,
    )
    if (Array.isArray(value['rules']))
      filled['rules'] = mapped(value['rules'], (rule) => below({ scope: '*' }, rule))
    const target = valueAt(value, 'clientConfig', 'service')
    if (isObject(target))
      filled['clientConfig'] = { ...asObject(value['clientConfig']), service: below({ port: 443 }, target) }
    return filled
  }
}

const withPorts = (holder: JsonObject, defaults: JsonObject): JsonObject =>
  Array.isArray(holder['ports'])
    ? { ...holder, ports: mapped(holder['ports'], (port) => below(defaults, port)) }
    : holder

export interface DefaultingContext {
  readonly old: JsonObject | undefined
  readonly isClusterIpUsed: (ip: string) => boolean
}

export function defaultBuiltin({
  group,
  kind,
  object,
  old,
  isClusterIpUsed,
}: { group: string; kind: string; object: JsonObject } & DefaultingContext): JsonObject {
  const spec = asObject(object['spec'])
  switch (`${group}/${kind}`) {
    case '/Namespace': {
      const labels = asObject(valueAt(object, 'metadata', 'labels'))
      const name = asString(valueAt(object, 'metadata', 'name'))
      return {
        ...object,
        metadata: {
          ...asObject(object['metadata']),
          labels: { ...labels, 'kubernetes.io/metadata.name': name },
        },
        spec: old === undefined ? { ...spec, finalizers: ['kubernetes'] } : spec,
        status: { phase: 'Active', ...asObject(object['status']) },
      }
    }
    case '/Pod': {
      const filled = below({ enableServiceLinks: true }, defaultPodSpec(spec))
      return {
        ...object,
        spec: old === undefined ? admittedPod(filled) : filled,
        status: { phase: 'Pending', qosClass: qosClass(filled), ...asObject(object['status']) },
      }
    }
    case '/Service':
      return {
        ...object,
        spec: service(spec, asObject(old?.['spec']), isClusterIpUsed),
        status: { loadBalancer: {}, ...asObject(object['status']) },
      }
    case '/Secret': {
      const { stringData, ...rest } = object
      const encoded = Object.fromEntries(
        Object.entries(asObject(stringData)).map(([key, value]) => [
          key,
          Buffer.from(asString(value)).toString('base64'),
        ]),
      )
      const data = { ...asObject(object['data']), ...encoded }
      return {
        ...rest,
        ...(Object.keys(data).length > 0 ? { data } : {}),
        type: asString(object['type']) || 'Opaque',
      }
    }
    case '/PersistentVolumeClaim':
      return {
        ...object,
        spec: below({ volumeMode: 'Filesystem' }, spec),
        status: { phase: 'Pending', ...asObject(object['status']) },
      }
    case 'apps/Deployment':
      return { ...object, spec: deployment(spec) }
    case 'apps/ReplicaSet':
      return { ...object, spec: template(below({ replicas: 1 }, spec)) }
    case 'batch/Job':
      return { ...object, metadata: jobMetadata(object), spec: job(object) }
    case 'networking.k8s.io/NetworkPolicy': {
      const rules = (direction: string): JsonObject =>
        spec[direction] === undefined
          ? {}
          : { [direction]: mapped(spec[direction], (rule) => withPorts(rule, { protocol: 'TCP' })) }
      const policyTypes = spec['egress'] === undefined ? ['Ingress'] : ['Ingress', 'Egress']
      return { ...object, spec: { ...below({ policyTypes }, spec), ...rules('ingress'), ...rules('egress') } }
    }
    case 'discovery.k8s.io/EndpointSlice':
      return withPorts(object, { name: '', protocol: 'TCP' })
    case '/Endpoints':
      return object['subsets'] === undefined
        ? object
        : { ...object, subsets: mapped(object['subsets'], (set) => withPorts(set, { protocol: 'TCP' })) }
    case 'admissionregistration.k8s.io/ValidatingWebhookConfiguration':
    case 'admissionregistration.k8s.io/MutatingWebhookConfiguration':
      return { ...object, webhooks: mapped(object['webhooks'], webhook(kind)) }
    case 'rbac.authorization.k8s.io/RoleBinding':
    case 'rbac.authorization.k8s.io/ClusterRoleBinding':
      return {
        ...object,
        roleRef: below({ apiGroup: 'rbac.authorization.k8s.io' }, asObject(object['roleRef'])),
        ...(Array.isArray(object['subjects'])
          ? {
              subjects: mapped(object['subjects'], (s) =>
                s['kind'] === 'ServiceAccount' ? s : below({ apiGroup: 'rbac.authorization.k8s.io' }, s),
              ),
            }
          : {}),
      }
    case 'apiextensions.k8s.io/CustomResourceDefinition':
      return defaultCrd(object)
    default:
      return object
  }
}

/** A definition is served the moment it is stored, so names are accepted and it is established in the same write. */
function defaultCrd(object: JsonObject): JsonObject {
  const spec = asObject(object['spec'])
  const names = asObject(spec['names'])
  const kind = asString(names['kind'])
  const filledNames = below({ singular: kind.toLowerCase(), listKind: `${kind}List` }, names)
  const stored = asArray(spec['versions'])
    .map(asObject)
    .filter((version) => version['storage'] === true)
    .map((version) => asString(version['name']))
  const status = asObject(object['status'])
  const storedVersions = [...new Set([...asArray(status['storedVersions']).map(asString), ...stored])]
  return {
    ...object,
    spec: { ...below({ conversion: { strategy: 'None' } }, spec), names: filledNames },
    status: { ...status, acceptedNames: filledNames, storedVersions },
  }
}
