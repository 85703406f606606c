/** The builtin kinds this server keeps, and how each is listed and selected. */
import { builtinColumns } from './builtin-columns.ts'
import { eventFromStorage, eventToStorage } from './event-conversion.ts'
import { asStored } from './resource.ts'
import type { Resource } from './resource.ts'

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const

interface Builtin {
  readonly group?: string
  readonly kind: string
  readonly plural?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly cluster?: boolean
  readonly status?: boolean
  readonly scale?: boolean
  readonly generation?: boolean
  readonly fields?: readonly string[]
}

const builtins: readonly Builtin[] = [
  { kind: 'Namespace', shortNames: ['ns'], cluster: true, status: true, fields: ['status.phase'] },
  { kind: 'Node', shortNames: ['no'], cluster: true, status: true, fields: ['spec.unschedulable'] },
  {
    kind: 'Pod',
    shortNames: ['po'],
    categories: ['all'],
    status: true,
    generation: true,
    fields: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ],
  },
  {
    kind: 'Service',
    shortNames: ['svc'],
    categories: ['all'],
    status: true,
    fields: ['spec.clusterIP', 'spec.type'],
  },
  { kind: 'Endpoints', plural: 'endpoints', shortNames: ['ep'] },
  { kind: 'ConfigMap', shortNames: ['cm'] },
  { kind: 'Secret', fields: ['type'] },
  { kind: 'ServiceAccount', shortNames: ['sa'] },
  {
    kind: 'Event',
    shortNames: ['ev'],
    fields: [
      'involvedObject.kind',
      'involvedObject.namespace',
      'involvedObject.name',
      'involvedObject.uid',
      'involvedObject.apiVersion',
      'involvedObject.resourceVersion',
      'involvedObject.fieldPath',
      'reason',
      'reportingComponent',
      'source',
      'type',
    ],
  },
  { kind: 'PersistentVolumeClaim', shortNames: ['pvc'], status: true },
  { kind: 'ResourceQuota', shortNames: ['quota'], status: true },
  { kind: 'LimitRange', shortNames: ['limits'] },
  {
    group: 'apps',
    kind: 'Deployment',
    shortNames: ['deploy'],
    categories: ['all'],
    status: true,
    scale: true,
    generation: true,
  },
  {
    group: 'apps',
    kind: 'ReplicaSet',
    shortNames: ['rs'],
    categories: ['all'],
    status: true,
    scale: true,
    generation: true,
    fields: ['status.replicas'],
  },
  {
    group: 'batch',
    kind: 'Job',
    categories: ['all'],
    status: true,
    generation: true,
    fields: ['status.successful'],
  },
  { group: 'discovery.k8s.io', kind: 'EndpointSlice', generation: true },
  {
    group: 'events.k8s.io',
    kind: 'Event',
    shortNames: ['ev'],
    fields: [
      'regarding.kind',
      'regarding.namespace',
      'regarding.name',
      'regarding.uid',
      'regarding.apiVersion',
      'reason',
      'reportingController',
      'type',
    ],
  },
  { group: 'coordination.k8s.io', kind: 'Lease' },
  {
    group: 'networking.k8s.io',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    shortNames: ['netpol'],
    generation: true,
  },
  { group: 'rbac.authorization.k8s.io', kind: 'Role' },
  { group: 'rbac.authorization.k8s.io', kind: 'RoleBinding' },
  { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', cluster: true },
  { group: 'rbac.authorization.k8s.io', kind: 'ClusterRoleBinding', cluster: true },
  {
    group: 'apiextensions.k8s.io',
    kind: 'CustomResourceDefinition',
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    cluster: true,
    status: true,
    generation: true,
  },
  {
    group: 'admissionregistration.k8s.io',
    kind: 'ValidatingWebhookConfiguration',
    categories: ['api-extensions'],
    cluster: true,
    generation: true,
  },
  {
    group: 'admissionregistration.k8s.io',
    kind: 'MutatingWebhookConfiguration',
    categories: ['api-extensions'],
    cluster: true,
    generation: true,
  },
]

const packages: Readonly<Record<string, string>> = {
  '': 'io.k8s.api.core.v1',
  apps: 'io.k8s.api.apps.v1',
  batch: 'io.k8s.api.batch.v1',
  'discovery.k8s.io': 'io.k8s.api.discovery.v1',
  'events.k8s.io': 'io.k8s.api.events.v1',
  'coordination.k8s.io': 'io.k8s.api.coordination.v1',
  'networking.k8s.io': 'io.k8s.api.networking.v1',
  'rbac.authorization.k8s.io': 'io.k8s.api.rbac.v1',
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
  'admissionregistration.k8s.io': 'io.k8s.api.admissionregistration.v1',
}

export function builtinResources(): readonly Resource[] {
  return builtins.map((builtin) => {
    const group = builtin.group ?? ''
    const singular = builtin.kind.toLowerCase()
    const plural = builtin.plural ?? `${singular}s`
    const isNewEvent = group === 'events.k8s.io'
    return {
      group,
      version: 'v1',
      kind: builtin.kind,
      listKind: `${builtin.kind}List`,
      plural,
      singular,
      shortNames: builtin.shortNames ?? [],
      categories: builtin.categories ?? [],
      namespaced: builtin.cluster !== true,
      verbs:
        builtin.kind === 'Namespace' ? ALL_VERBS.filter((verb) => verb !== 'deletecollection') : ALL_VERBS,
      bucket: isNewEvent ? '/events' : `${group}/${plural}`,
      hasStatus: builtin.status === true,
      hasGeneration: builtin.generation === true,
      scale:
        builtin.scale === true
          ? {
              specReplicasPath: ['spec', 'replicas'],
              statusReplicasPath: ['status', 'replicas'],
              labelSelectorPath: ['spec', 'selector'],
            }
          : undefined,
      columns: builtinColumns(group, builtin.kind),
      fieldSelectors: builtin.fields ?? [],
      definition: `${packages[group]}.${builtin.kind}`,
      custom: undefined,
      toStorage: isNewEvent ? eventToStorage : asStored,
      fromStorage: isNewEvent ? eventFromStorage : asStored,
    }
  })
}
