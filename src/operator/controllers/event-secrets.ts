// The secrets by which an event knows its senders: the token that is made for it, or the Secret it names. Read when they
// are needed, kept until the Secret changes, never written anywhere.

import { randomBytes } from 'node:crypto'
import type { SwarmEvent } from '../../api/v1alpha1/index.ts'
import {
  managedBy,
  previousTokenKey,
  previousUntilAnnotation,
  webhookTokenKey,
  webhookTokenSecretName,
} from '../../domain/workload/agent-names.ts'
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

interface Known {
  readonly current: readonly string[]
  readonly previous: readonly string[]
  /** Milliseconds; from then on `previous` proves nothing. */
  readonly previousUntil: number
}

const tokenBytes = 32

/** The Secret an event's senders are known by. */
export const secretNameOf = ({ metadata, spec }: SwarmEvent): string =>
  spec.source.webhook?.signature?.secretRef?.name ?? webhookTokenSecretName(metadata.name)

export const createEventSecrets = ({ resources, clock, events: recorder }: OperatorContext): EventSecrets => {
  const known = new Map<string, Known>()

  const readSecret = (event: SwarmEvent): Promise<Secret | undefined> =>
    resources.get<Secret>(secrets, {
      namespace: event.metadata.namespace ?? 'default',
      name: secretNameOf(event),
    })

  const load = async (event: SwarmEvent): Promise<Known> => {
    const secret = await readSecret(event)
    const found =
      event.spec.source.webhook?.signature?.secretRef === undefined ? madeToken(secret) : sharedSecret(secret)
    // Only what proves somebody is kept: what is not there yet is looked for again.
    if (found.current.length > 0) known.set(event.metadata.uid ?? '', found)
    return found
  }

  return {
    async read(event) {
      const { current, previous, previousUntil } = known.get(event.metadata.uid ?? '') ?? (await load(event))
      return clock.now() < previousUntil ? [...current, ...previous] : current
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

const madeToken = (secret: Secret | undefined): Known => ({
  current: textsOf(secret, [webhookTokenKey]),
  previous: textsOf(secret, [previousTokenKey]),
  previousUntil: Date.parse(secret?.metadata.annotations?.[previousUntilAnnotation] ?? '') || 0,
})

/** Under `secret`, or as the only key; `previous` holds until it is taken out. */
const sharedSecret = (secret: Secret | undefined): Known => {
  const keys = Object.keys(secret?.data ?? {}).filter((key) => key !== previousSecretKey)
  const [only] = keys
  const key = keys.includes(secretKey) ? secretKey : keys.length === 1 ? only : undefined
  return {
    current: textsOf(secret, key === undefined ? [] : [key]),
    previous: textsOf(secret, [previousSecretKey]),
    previousUntil: Infinity,
  }
}
const secretKey = 'secret'
const previousSecretKey = 'previous'

/** Without the line break that editors and `echo` leave at the end. */
const textsOf = (secret: Secret | undefined, keys: readonly string[]): readonly string[] =>
  keys
    .map((key) =>
      Buffer.from(secret?.data?.[key] ?? '', 'base64')
        .toString('utf8')
        .trim(),
    )
    .filter((text) => text !== '')

const base64 = (text: string): string => Buffer.from(text).toString('base64')
