// A SwarmEvent as commands about it need it: the object, the secret its senders share, the address they send to.

import { request } from 'undici'
import { swarmEvents, type SwarmEvent } from '../../api/v1alpha1/index.ts'
import { closestName } from '../../domain/closest-name.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { oneSpelling } from '../../api/spellings.ts'
import { schemeOf } from '../../domain/trigger/decide-delivery.ts'
import { inForce, madeToken, sharedSecret } from '../../domain/trigger/secrets-in-force.ts'
import { proofHeaders } from '../../domain/trigger/sign.ts'
import { webhookTokenSecretName } from '../../domain/workload/agent-names.ts'
import type { FireReply } from '../../hub/wire.ts'
import { secrets, type Secret } from '../../operator/builtin-kinds.ts'
import type { SampleDelivery } from '../webhook-samples.ts'
import type { Cluster } from './cluster.ts'

/** Throws `NotFound`, and `InvalidInput` for an event that is no webhook. */
export const webhookEvent = async ({ connection, namespace }: Cluster, name: string): Promise<SwarmEvent> => {
  const found = await connection.get<SwarmEvent>(swarmEvents, { namespace, name })
  if (found !== undefined) return asWebhook(oneSpelling(found).object)
  const { items } = await connection.list<SwarmEvent>(swarmEvents, { namespace })
  throw noSuchEvent({ namespace, name, known: items.map(({ metadata }) => metadata.name) })
}

export const noSuchEvent = ({
  namespace,
  name,
  known,
}: {
  readonly namespace: string
  readonly name: string
  readonly known: readonly string[]
}): KubeswarmError => {
  const near = closestName(name, known)
  return new KubeswarmError({
    code: 'NotFound',
    message: `SwarmEvent ${namespace}/${name} not found`,
    remedy:
      near === undefined
        ? `${known.length === 0 ? 'there are none' : `events are ${known.join(', ')}`}; another namespace is named with -n`
        : `did you mean ${near}?`,
  })
}

export const asWebhook = (event: SwarmEvent): SwarmEvent => {
  const { type } = event.spec.source
  if (type === 'webhook') return event
  throw new KubeswarmError({
    code: 'InvalidInput',
    message: `SwarmEvent ${event.metadata.namespace}/${event.metadata.name} is no webhook: spec.source.type is ${type}`,
    remedy: 'only webhooks take deliveries',
  })
}

export const secretNameOf = ({ metadata, spec }: SwarmEvent): string =>
  spec.source.webhook?.signature?.secretRef?.name ?? webhookTokenSecretName(metadata.name)

/** The secrets in force, the newest first. Throws where the caller may not read them. */
export const secretsOf = async (
  { connection, namespace }: Cluster,
  event: SwarmEvent,
): Promise<readonly string[]> => {
  const secret = await connection.get<Secret>(secrets, { namespace, name: secretNameOf(event) })
  const named = event.spec.source.webhook?.signature?.secretRef !== undefined
  return inForce(named ? sharedSecret(secret) : madeToken(secret), Date.now())
}

/** Sends it, proven as the event asks. Throws what the hub refused. */
export const sendDelivery = async ({
  cluster,
  event,
  delivery,
  id,
}: {
  readonly cluster: Cluster
  readonly event: SwarmEvent
  readonly delivery: SampleDelivery
  readonly id: string
}): Promise<FireReply> => {
  const { namespace, name } = event.metadata
  const url = event.status?.webhookURL
  if (url === undefined)
    throw new KubeswarmError({
      code: 'HubUnavailable',
      message: `SwarmEvent ${namespace}/${name} has no status.webhookURL yet`,
      remedy: 'does the operator run? kubectl describe says more',
    })
  const [secret] = await secretsOf(cluster, event)
  if (secret === undefined)
    throw new KubeswarmError({
      code: 'NotFound',
      message: `Secret ${namespace}/${secretNameOf(event)} has no secret to prove a delivery with`,
      remedy: `kubectl -n ${namespace} describe swarmevent ${name}`,
    })
  const proof = proofHeaders({
    scheme: schemeOf(event.spec.source.webhook ?? {}),
    secret,
    body: delivery.body,
    id,
    now: Date.now(),
  })
  const response = await request(url, {
    method: 'POST',
    headers: { ...delivery.headers, ...proof },
    body: delivery.body,
  }).catch((cause: unknown) => {
    throw new KubeswarmError({
      code: 'HubUnavailable',
      message: `cannot reach ${url}: ${(cause as Error).message}`,
      remedy: 'is it an address that this machine can reach?',
      cause,
    })
  })
  const reply = (await response.body.json().catch(() => undefined)) as
    (FireReply & { readonly error?: { readonly message: string; readonly remedy?: string } }) | undefined
  if (response.statusCode === 202 && reply !== undefined) return reply
  throw new KubeswarmError({
    code:
      response.statusCode === 401
        ? 'Unauthorized'
        : response.statusCode === 400
          ? 'InvalidInput'
          : 'HubUnavailable',
    message: `${url} answered ${response.statusCode}: ${reply?.error?.message ?? 'no reason given'}`,
    ...(response.statusCode === 401
      ? {
          remedy: `kubectl -n ${namespace} describe swarmevent ${name}: is it suspended, is its Secret there?`,
        }
      : reply?.error?.remedy === undefined
        ? {}
        : { remedy: reply.error.remedy }),
  })
}
