/** The columns `kubectl get` shows for builtin kinds, the same as a real API server's. */
import { asArray, asObject, asString, valueAt } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { age, ageColumn, humanDuration, nameColumn } from './columns.ts'
import type { Column } from './columns.ts'
import { labelSelectorText } from './selectors.ts'

type Value = (object: JsonObject, now: number) => JsonValue
const text = (name: string, value: Value, priority = 0): Column => ({
  name,
  type: 'string',
  description: '',
  priority,
  value,
})
const integer = (name: string, value: Value): Column => ({ name, type: 'integer', description: '', value })
/** A number in a column that is declared as text, as Kubernetes has it in several tables. */
const count = (name: string, ...path: string[]): Column =>
  text(name, (object) => Number(valueAt(object, ...path) ?? 0))
const whole = (name: string, ...path: string[]): Column =>
  integer(name, (object) => Number(valueAt(object, ...path) ?? 0))
const none = (value: string): string => (value === '' ? '<none>' : value)
const str = (object: JsonObject, ...path: string[]): string => asString(valueAt(object, ...path))
const keys = (object: JsonObject, field: string): number => Object.keys(asObject(object[field])).length

const containers = (object: JsonObject): JsonObject[] =>
  asArray(valueAt(object, 'spec', 'template', 'spec', 'containers')).map(asObject)
const workload: readonly Column[] = [
  text(
    'Containers',
    (o) =>
      containers(o)
        .map((c) => asString(c['name']))
        .join(','),
    1,
  ),
  text(
    'Images',
    (o) =>
      containers(o)
        .map((c) => asString(c['image']))
        .join(','),
    1,
  ),
  text('Selector', (o) => labelSelectorText(valueAt(o, 'spec', 'selector')), 1),
]

/** What the STATUS column says, from phase, reason and containers. */
function podStatus(pod: JsonObject): string {
  let reason = str(pod, 'status', 'reason') || str(pod, 'status', 'phase') || 'Unknown'
  const initStatuses = asArray(valueAt(pod, 'status', 'initContainerStatuses')).map(asObject)
  const initTotal = asArray(valueAt(pod, 'spec', 'initContainers')).length
  let initializing = false
  for (const [index, status] of initStatuses.entries()) {
    const terminated = asObject(valueAt(status, 'state', 'terminated'))
    if (valueAt(status, 'state', 'terminated') !== undefined && terminated['exitCode'] === 0) continue
    initializing = true
    const waiting = str(status, 'state', 'waiting', 'reason')
    if (terminated['exitCode'] !== undefined) {
      const why = asString(terminated['reason'])
      reason = why === '' ? `Init:ExitCode:${String(terminated['exitCode'])}` : `Init:${why}`
    } else if (waiting !== '' && waiting !== 'PodInitializing') reason = `Init:${waiting}`
    else reason = `Init:${index}/${initTotal}`
    break
  }
  if (!initializing) {
    let running = false
    for (const raw of asArray(valueAt(pod, 'status', 'containerStatuses')).toReversed()) {
      const status = asObject(raw)
      const waiting = str(status, 'state', 'waiting', 'reason')
      const terminated = valueAt(status, 'state', 'terminated')
      if (waiting !== '') reason = waiting
      else if (terminated !== undefined) {
        const why = str(status, 'state', 'terminated', 'reason')
        const signal = Number(valueAt(terminated, 'signal') ?? 0)
        reason =
          why || (signal !== 0 ? `Signal:${signal}` : `ExitCode:${String(valueAt(terminated, 'exitCode'))}`)
      } else if (status['ready'] === true && valueAt(status, 'state', 'running') !== undefined) running = true
    }
    if (reason === 'Completed' && running) reason = podReady(pod) ? 'Running' : 'NotReady'
  }
  if (valueAt(pod, 'metadata', 'deletionTimestamp') !== undefined) {
    return str(pod, 'status', 'reason') === 'NodeLost' ? 'Unknown' : 'Terminating'
  }
  return reason
}

const podReady = (pod: JsonObject): boolean =>
  asArray(valueAt(pod, 'status', 'conditions')).some(
    (c) => asObject(c)['type'] === 'Ready' && asObject(c)['status'] === 'True',
  )

function podRestarts(pod: JsonObject, now: number): string {
  const statuses = asArray(valueAt(pod, 'status', 'containerStatuses')).map(asObject)
  const total = statuses.reduce((sum, status) => sum + Number(status['restartCount'] ?? 0), 0)
  const last =
    statuses
      .map((s) => str(s, 'lastState', 'terminated', 'finishedAt'))
      .sort()
      .at(-1) ?? ''
  return total === 0 || last === '' ? String(total) : `${total} (${age(last, now)} ago)`
}

function jobDuration(job: JsonObject, now: number): string {
  const start = str(job, 'status', 'startTime')
  if (start === '') return ''
  const end = str(job, 'status', 'completionTime')
  return humanDuration((end === '' ? now : Date.parse(end)) - Date.parse(start))
}

function jobStatus(job: JsonObject): string {
  const holds = (type: string): boolean =>
    asArray(valueAt(job, 'status', 'conditions')).some(
      (c) => asObject(c)['type'] === type && asObject(c)['status'] === 'True',
    )
  if (holds('Complete')) return 'Complete'
  if (holds('Failed')) return 'Failed'
  if (valueAt(job, 'metadata', 'deletionTimestamp') !== undefined) return 'Terminating'
  if (holds('Suspended')) return 'Suspended'
  return holds('FailureTarget')
    ? 'FailureTarget'
    : holds('SuccessCriteriaMet')
      ? 'SuccessCriteriaMet'
      : 'Running'
}

function servicePorts(service: JsonObject): string {
  const ports = asArray(valueAt(service, 'spec', 'ports')).map((raw) => {
    const { port, nodePort, protocol } = asObject(raw)
    const node = typeof nodePort === 'number' && nodePort > 0 ? `:${nodePort}` : ''
    return `${String(port)}${node}/${asString(protocol)}`
  })
  return none(ports.join(','))
}

function endpointsText(object: JsonObject): string {
  const all = asArray(object['subsets']).flatMap((raw) => {
    const { addresses, ports } = asObject(raw)
    const ips = asArray(addresses).map((a) => asString(asObject(a)['ip']))
    const numbers = asArray(ports).map((p) => Number(asObject(p)['port']))
    return numbers.length === 0 ? ips : ips.flatMap((ip) => numbers.map((port) => `${ip}:${port}`))
  })
  if (all.length <= 3) return none(all.join(','))
  return `${all.slice(0, 3).join(',')} + ${all.length - 3} more...`
}

function nodeStatus(node: JsonObject): string {
  const ready = asArray(valueAt(node, 'status', 'conditions'))
    .map(asObject)
    .find((c) => c['type'] === 'Ready')
  const status = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady'
  return valueAt(node, 'spec', 'unschedulable') === true ? `${status},SchedulingDisabled` : status
}

function nodeRoles(node: JsonObject): string {
  const prefix = 'node-role.kubernetes.io/'
  const labels = asObject(valueAt(node, 'metadata', 'labels'))
  return none(
    Object.keys(labels)
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .sort()
      .join(','),
  )
}

const address = (node: JsonObject, type: string): string =>
  none(
    asString(
      asArray(valueAt(node, 'status', 'addresses'))
        .map(asObject)
        .find((a) => a['type'] === type)?.['address'],
    ),
  )

const eventColumns = (
  involved: string,
  message: string,
  last: string,
  component: string,
): readonly Column[] => [
  text('Last Seen', (o, now) =>
    age(
      o[last] ??
        valueAt(o, 'series', 'lastObservedTime') ??
        o['eventTime'] ??
        valueAt(o, 'metadata', 'creationTimestamp'),
      now,
    ),
  ),
  text('Type', (o) => asString(o['type'])),
  text('Reason', (o) => asString(o['reason'])),
  text('Object', (o) => `${str(o, involved, 'kind').toLowerCase()}/${str(o, involved, 'name')}`),
  text('Subobject', (o) => str(o, involved, 'fieldPath'), 1),
  text('Source', (o) => asString(o[component]) || str(o, 'source', 'component'), 1),
  text('Message', (o) => asString(o[message]).trim()),
  text(
    'First Seen',
    (o, now) =>
      age(
        o['firstTimestamp'] ??
          o['deprecatedFirstTimestamp'] ??
          o['eventTime'] ??
          valueAt(o, 'metadata', 'creationTimestamp'),
        now,
      ),
    1,
  ),
  text('Count', (o) => String(o['count'] ?? o['deprecatedCount'] ?? 1), 1),
  { ...nameColumn, priority: 1 },
]

const named = (kind: string): Column =>
  text(
    `${kind}s`,
    (o) =>
      asArray(o['subjects'])
        .map(asObject)
        .filter((subject) => subject['kind'] === kind)
        .map(({ namespace, name }) =>
          kind === 'ServiceAccount' ? `${asString(namespace)}/${asString(name)}` : asString(name),
        )
        .join(', '),
    1,
  )
const subjects = ['User', 'Group', 'ServiceAccount'].map(named)

const columns: Readonly<Record<string, readonly Column[]>> = {
  '/Namespace': [nameColumn, text('Status', (o) => str(o, 'status', 'phase')), ageColumn],
  '/Node': [
    nameColumn,
    text('Status', nodeStatus),
    text('Roles', nodeRoles),
    ageColumn,
    text('Version', (o) => str(o, 'status', 'nodeInfo', 'kubeletVersion')),
    text('Internal-IP', (o) => address(o, 'InternalIP'), 1),
    text('External-IP', (o) => address(o, 'ExternalIP'), 1),
    text('OS-Image', (o) => str(o, 'status', 'nodeInfo', 'osImage') || '<unknown>', 1),
    text('Kernel-Version', (o) => str(o, 'status', 'nodeInfo', 'kernelVersion') || '<unknown>', 1),
    text(
      'Container-Runtime',
      (o) => str(o, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>',
      1,
    ),
  ],
  '/Pod': [
    nameColumn,
    text('Ready', (o) => {
      const total = asArray(valueAt(o, 'spec', 'containers')).length
      return `${asArray(valueAt(o, 'status', 'containerStatuses')).filter((s) => asObject(s)['ready'] === true).length}/${total}`
    }),
    text('Status', podStatus),
    text('Restarts', podRestarts),
    ageColumn,
    text('IP', (o) => none(str(o, 'status', 'podIP')), 1),
    text('Node', (o) => none(str(o, 'spec', 'nodeName')), 1),
    text('Nominated Node', (o) => none(str(o, 'status', 'nominatedNodeName')), 1),
    text('Readiness Gates', () => '<none>', 1),
  ],
  '/Service': [
    nameColumn,
    text('Type', (o) => str(o, 'spec', 'type')),
    text('Cluster-IP', (o) => none(str(o, 'spec', 'clusterIP'))),
    text('External-IP', (o) =>
      str(o, 'spec', 'type') === 'ExternalName'
        ? str(o, 'spec', 'externalName')
        : str(o, 'spec', 'type') === 'LoadBalancer'
          ? '<pending>'
          : '<none>',
    ),
    text('Port(s)', servicePorts),
    ageColumn,
    text(
      'Selector',
      (o) => none(labelSelectorText({ matchLabels: valueAt(o, 'spec', 'selector') ?? {} })),
      1,
    ),
  ],
  '/Endpoints': [nameColumn, text('Endpoints', endpointsText), ageColumn],
  '/ConfigMap': [nameColumn, text('Data', (o) => keys(o, 'data') + keys(o, 'binaryData')), ageColumn],
  '/Secret': [
    nameColumn,
    text('Type', (o) => asString(o['type'])),
    text('Data', (o) => keys(o, 'data')),
    ageColumn,
  ],
  '/ServiceAccount': [nameColumn, text('Secrets', (o) => asArray(o['secrets']).length), ageColumn],
  '/Event': eventColumns('involvedObject', 'message', 'lastTimestamp', 'reportingComponent'),
  'events.k8s.io/Event': eventColumns('regarding', 'note', 'deprecatedLastTimestamp', 'reportingController'),
  '/PersistentVolumeClaim': [
    nameColumn,
    text('Status', (o) => str(o, 'status', 'phase')),
    text('Volume', (o) => str(o, 'spec', 'volumeName')),
    text('Capacity', (o) => str(o, 'status', 'capacity', 'storage')),
    text('Access Modes', (o) =>
      asArray(valueAt(o, 'status', 'accessModes'))
        .map(asString)
        .join(','),
    ),
    text('StorageClass', (o) => str(o, 'spec', 'storageClassName')),
    ageColumn,
  ],
  '/ResourceQuota': [nameColumn, ageColumn, text('Request', () => ''), text('Limit', () => '')],
  '/LimitRange': [nameColumn, text('Created At', (o) => str(o, 'metadata', 'creationTimestamp'))],
  'apps/Deployment': [
    nameColumn,
    text(
      'Ready',
      (o) =>
        `${String(valueAt(o, 'status', 'readyReplicas') ?? 0)}/${String(valueAt(o, 'spec', 'replicas') ?? 0)}`,
    ),
    count('Up-to-date', 'status', 'updatedReplicas'),
    count('Available', 'status', 'availableReplicas'),
    ageColumn,
    ...workload,
  ],
  'apps/ReplicaSet': [
    nameColumn,
    whole('Desired', 'spec', 'replicas'),
    whole('Current', 'status', 'replicas'),
    whole('Ready', 'status', 'readyReplicas'),
    ageColumn,
    ...workload,
  ],
  'batch/Job': [
    nameColumn,
    text('Status', jobStatus),
    text(
      'Completions',
      (o) =>
        `${String(valueAt(o, 'status', 'succeeded') ?? 0)}/${String(valueAt(o, 'spec', 'completions') ?? 1)}`,
    ),
    text('Duration', jobDuration),
    ageColumn,
    ...workload,
  ],
  'discovery.k8s.io/EndpointSlice': [
    nameColumn,
    text('AddressType', (o) => asString(o['addressType'])),
    text('Ports', (o) =>
      none(
        asArray(o['ports'])
          .map((p) => String(asObject(p)['port'] ?? '*'))
          .join(','),
      ),
    ),
    text('Endpoints', (o) =>
      none(
        asArray(o['endpoints'])
          .flatMap((e) => asArray(asObject(e)['addresses']).map(asString))
          .join(','),
      ),
    ),
    ageColumn,
  ],
  'coordination.k8s.io/Lease': [
    nameColumn,
    text('Holder', (o) => str(o, 'spec', 'holderIdentity')),
    ageColumn,
  ],
  'networking.k8s.io/NetworkPolicy': [
    nameColumn,
    text('Pod-Selector', (o) => none(labelSelectorText(valueAt(o, 'spec', 'podSelector')))),
    ageColumn,
  ],
  'rbac.authorization.k8s.io/Role': [
    nameColumn,
    text('Created At', (o) => str(o, 'metadata', 'creationTimestamp')),
  ],
  'rbac.authorization.k8s.io/ClusterRole': [
    nameColumn,
    text('Created At', (o) => str(o, 'metadata', 'creationTimestamp')),
  ],
  'rbac.authorization.k8s.io/RoleBinding': [
    nameColumn,
    text('Role', (o) => `${str(o, 'roleRef', 'kind')}/${str(o, 'roleRef', 'name')}`),
    ageColumn,
    ...subjects,
  ],
  'rbac.authorization.k8s.io/ClusterRoleBinding': [
    nameColumn,
    text('Role', (o) => `${str(o, 'roleRef', 'kind')}/${str(o, 'roleRef', 'name')}`),
    ageColumn,
    ...subjects,
  ],
  'apiextensions.k8s.io/CustomResourceDefinition': [
    nameColumn,
    text('Created At', (o) => str(o, 'metadata', 'creationTimestamp')),
  ],
}

for (const kind of ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration']) {
  Object.assign(columns, {
    [`admissionregistration.k8s.io/${kind}`]: [
      nameColumn,
      integer('Webhooks', (o) => asArray(o['webhooks']).length),
      ageColumn,
    ],
  })
}

export const builtinColumns = (group: string, kind: string): readonly Column[] =>
  columns[`${group}/${kind}`] ?? [nameColumn, ageColumn]
