// Tells the API server to ask us about objects of our own group, and of no other.

import type { KubernetesObject } from '../../api/resource.ts'
import { definitions, group, version } from '../../api/v1alpha1/index.ts'
import type { Resources } from '../../ports/resources.ts'
import { validatingWebhooks } from '../builtin-kinds.ts'

export interface WebhookService {
  readonly namespace: string
  readonly name: string
  readonly path: string
  readonly port: number
}
type WebhookAddress = { readonly url: string } | { readonly service: WebhookService }

const webhookName = 'kubeswarm-admission'

export const registerAdmission = async ({
  resources,
  address,
  trusted,
}: {
  readonly resources: Resources
  readonly address: WebhookAddress
  /** PEM of the authorities that vouch for our servers. */
  readonly trusted: string
}): Promise<void> => {
  await resources.apply(validatingWebhooks, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: webhookName, labels: { 'app.kubernetes.io/managed-by': 'kubeswarm' } },
    webhooks: [
      {
        name: 'admission.kubeswarm.io',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        timeoutSeconds: 5,
        matchPolicy: 'Equivalent',
        rules: [
          {
            apiGroups: [group],
            apiVersions: [version],
            operations: ['CREATE', 'UPDATE'],
            // The main resources alone: a status is ours to write, whatever the spec says.
            resources: definitions.map(({ resource }) => resource.plural),
            scope: 'Namespaced',
          },
        ],
        clientConfig: { ...address, caBundle: Buffer.from(trusted).toString('base64') },
      },
    ],
  } as KubernetesObject)
}
