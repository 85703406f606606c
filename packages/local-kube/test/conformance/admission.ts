/** Admission webhooks, as far as a table without a webhook of its own can ask: what is configured, and what a dead one does. */
import { configMap, configMaps } from './row.ts'
import type { Row } from './row.ts'

const configurations = (kind: string): string =>
  `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}s`

const hook = (more: object = {}): object => ({
  name: 'dead.example.com',
  clientConfig: { url: 'https://127.0.0.1:1/' },
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': '{ns}' } },
  objectSelector: { matchLabels: { hooked: 'yes' } },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
})

const configure = (
  name: string,
  kind: string,
  status: number,
  webhooks: readonly object[],
  has?: unknown,
): Row => ({
  name,
  method: 'POST',
  path: configurations(kind),
  body: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: 'conformance.example.com' },
    webhooks,
  },
  status,
  has,
})

const VALIDATING = 'ValidatingWebhookConfiguration'
const MUTATING = 'MutatingWebhookConfiguration'

const hooked = (name: string, status: number, has?: unknown): Row => ({
  name,
  method: 'POST',
  path: `${configMaps}?dryRun=All`,
  body: configMap('hooked', {}, { labels: { hooked: 'yes' } }),
  status,
  has,
  eventually: true,
})

export const admission: readonly Row[] = [
  configure('a webhook needs side effects declared', VALIDATING, 422, [hook({ sideEffects: undefined })]),
  configure('a webhook speaks a known version', VALIDATING, 422, [hook({ admissionReviewVersions: ['v0'] })]),
  configure('a webhook has one address', VALIDATING, 422, [hook({ clientConfig: {} })]),
  configure('a webhook is called by https', VALIDATING, 422, [
    hook({ clientConfig: { url: 'http://127.0.0.1:1/' } }),
  ]),
  configure('a webhook has a full name', VALIDATING, 422, [hook({ name: 'dead' })]),
  configure('a condition is an expression', VALIDATING, 422, [
    hook({ matchConditions: [{ name: 'c', expression: 'object.' }] }),
  ]),
  configure('a webhook is filled in', VALIDATING, 201, [hook()], {
    webhooks: [{ failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10 }],
  }),
  hooked('a dead webhook refuses', 500, { message: /failed calling webhook "dead\.example\.com"/ }),
  {
    name: 'but only what it selects',
    method: 'POST',
    path: `${configMaps}?dryRun=All`,
    body: configMap('unhooked', {}),
    status: 201,
  },
  {
    name: 'a webhook that may fail',
    method: 'PATCH',
    path: `${configurations(VALIDATING)}/conformance.example.com`,
    type: 'application/json-patch+json',
    body: [{ op: 'add', path: '/webhooks/0/failurePolicy', value: 'Ignore' }],
    status: 200,
  },
  hooked('lets everything by', 201),
  {
    name: 'a webhook is taken away',
    method: 'DELETE',
    path: `${configurations(VALIDATING)}/conformance.example.com`,
    status: 200,
  },
  configure('a mutating webhook is filled in', MUTATING, 201, [hook({ failurePolicy: 'Ignore' })], {
    webhooks: [{ reinvocationPolicy: 'Never', failurePolicy: 'Ignore' }],
  }),
  {
    name: 'and taken away',
    method: 'DELETE',
    path: `${configurations(MUTATING)}/conformance.example.com`,
    status: 200,
  },
]
