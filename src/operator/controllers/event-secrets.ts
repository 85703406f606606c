// The secrets by which an event knows its senders: the token that is made for it, or the Secret it names. Read when they
// are needed, kept until the Secret changes, never written anywhere.

import { randomBytes } from 'node:crypto'
import type { SwarmEvent } from '../../api/v1alpha1/index.ts'
import {
  inForce,
  madeToken,
  sharedSecret,
  type SecretsInForce,
} from '../../domain/trigger/secrets-in-force.ts'
import { managedBy, webhookTokenKey, webhookTokenSecretName } from '../../domain/workload/agent-names.ts'
import { ownerOf } from '../../domain/workload/agent-workload.ts'
import { KubernetesApiError } from '../../ports/resources.ts'
import { secrets, type Secret } from '../builtin-kinds.ts'
import type { OperatorContext } from '../context.ts'

export interface EventSecrets {
  /** Those in force now, the newest first. */
  read(event: SwarmEvent): Promise<readonly string[]>
  /** Makes the event's token where it has none; resolves to what is wrong with the Secret it names instead. */
  ensure(event: SwarmEvent): Promise<string | undefined>
  /** Forgets what was read for the event. */
  forget(uid: string | undefined): void
}

const tokenBytes = 32

/** The Secret an event's senders are known by. */
export const secretNameOf = ({ metadata, spec }: SwarmEvent): string =>
  spec.source.webhook?.signature?.secretRef?.name ?? webhookTokenSecretName(metadata.name)

export const createEventSecrets = ({ resources, clock, events: recorder }: OperatorContext): EventSecrets => {
  const known = new Map<string, SecretsInForce>()

  const readSecret = (event: SwarmEvent): Promise<Secret | undefined> =>
    resources.get<Secret>(secrets, {
      namespace: event.metadata.namespace ?? 'default',
      name: secretNameOf(event),
    })

  const load = async (event: SwarmEvent): Promise<SecretsInForce> => {
    const secret = await readSecret(event)
    const found =
      event.spec.source.webhook?.signature?.secretRef === undefined ? madeToken(secret) : sharedSecret(secret)
    // Only what proves somebody is kept: what is not there yet is looked for again.
    if (found.current.length > 0) known.set(event.metadata.uid ?? '', found)
    return found
  }

  return {
    async read(event) {
      return inForce(known.get(event.metadata.uid ?? '') ?? (await load(event)), clock.now())
    },
    forget: (uid) => void known.delete(uid ?? ''),

    async ensure(event) {
      const { namespace = 'default', name } = event.metadata
      const named = event.spec.source.webhook?.signature?.secretRef?.name
      if (known.has(event.metadata.uid ?? '')) return undefined
      if ((await load(event)).current.length > 0) return undefined
      if (named !== undefined) {
        const secret = await readSecret(event)
        const keys = Object.keys(secret?.data ?? {})
        return secret === undefined
          ? `Secret "${named}" does not exist in namespace "${namespace}"; kubectl -n ${namespace} create secret generic ${named} --from-literal=secret=…`
          : `Secret "${named}" has ${keys.length === 0 ? 'no key' : `the keys ${keys.join(', ')}`}; put the shared secret under the key "secret"`
      }
      const secret: Secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: {
          namespace,
          name: webhookTokenSecretName(name),
          labels: { ...managedBy },
          ownerReferences: [ownerOf(event)],
        },
        type: 'Opaque',
        data: { [webhookTokenKey]: base64(randomBytes(tokenBytes).toString('hex')) },
      }
      try {
        await resources.create(secrets, secret)
        recorder.record({
          about: event,
          type: 'Normal',
          reason: 'WebhookTokenCreated',
          message: `made the token for senders in Secret ${secret.metadata.name}`,
        })
      } catch (error) {
        if (!(error instanceof KubernetesApiError && error.status === 409)) throw error
        // Somebody else made it meanwhile; a Secret that is there without the key gets one.
        if ((await load(event)).current.length > 0) return undefined
        await resources.patch(secrets, secret.metadata, { data: secret.data })
      }
      await load(event)
      return undefined
    },
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
