// From a channel of a SwarmNotify to a delivery: its Secrets are read when they are needed, from the namespace of the
// SwarmNotify and no other, whatever the fact is about. What was read comes along, so that it can be kept out of what is
// told of the delivery: a receiver that refuses may repeat what it was sent.

import type { NotifyChannelSpec, SecretKeySelector } from '../../api/v1alpha1/index.ts'
import type { KnownSecret } from '../../domain/guardrail/known-secrets.ts'
import type { RenderedDelivery } from '../../domain/notify/render-delivery.ts'
import type { ChannelDelivery } from '../../ports/notify-channels.ts'
import type { ThreadPlace } from '../../ports/outbox.ts'
import type { Resources } from '../../ports/resources.ts'
import { secrets, type Secret } from '../builtin-kinds.ts'

type Resolved =
  | {
      readonly type: 'delivery'
      readonly delivery: ChannelDelivery
      readonly secrets: readonly KnownSecret[]
    }
  | { readonly type: 'unusable'; readonly error: string }

class Unusable extends Error {}

export const resolveChannel = async ({
  resources,
  namespace,
  id,
  channel,
  rendered,
  thread,
}: {
  readonly resources: Resources
  readonly namespace: string
  readonly id: string
  readonly channel: NotifyChannelSpec
  readonly rendered: RenderedDelivery
  readonly thread?: ThreadPlace | undefined
}): Promise<Resolved> => {
  const known: KnownSecret[] = []
  const read = async (selector: SecretKeySelector): Promise<string> => {
    const value = await readKey({ resources, namespace, selector })
    const from = `Secret ${selector.name} ${selector.key}`
    known.push(...partsOf(value).map((part) => ({ name: from, value: part })))
    return value
  }
  try {
    return {
      type: 'delivery',
      delivery: await deliveryOf({ namespace, id, channel, rendered, thread, read }),
      secrets: known,
    }
  } catch (error) {
    if (error instanceof Unusable) return { type: 'unusable', error: error.message }
    throw error
  }
}

const deliveryOf = async ({
  namespace,
  id,
  channel: { slack, webhook },
  rendered,
  thread,
  read,
}: {
  readonly namespace: string
  readonly id: string
  readonly channel: NotifyChannelSpec
  readonly rendered: RenderedDelivery
  readonly thread?: ThreadPlace | undefined
  readonly read: (selector: SecretKeySelector) => Promise<string>
}): Promise<ChannelDelivery> => {
  if (rendered.type === 'slack') {
    const { message } = rendered
    if (slack?.webhookURLFrom !== undefined)
      return { type: 'slack-webhook', namespace, id, url: await read(slack.webhookURLFrom), message }
    if (slack?.botTokenFrom === undefined)
      throw new Unusable('slack has neither webhookURLFrom nor botTokenFrom')
    return {
      type: 'slack-bot',
      namespace,
      id,
      apiUrl: slack.apiURL ?? slackApi,
      token: await read(slack.botTokenFrom),
      channel: slack.channel ?? '',
      message,
      ...(thread === undefined ? {} : { thread }),
    }
  }
  if (webhook === undefined) throw new Unusable('webhook is missing')
  const url = webhook.url ?? (webhook.urlFrom === undefined ? '' : await read(webhook.urlFrom))
  const headers = []
  for (const { name, value, valueFrom } of webhook.headers ?? [])
    headers.push({ name, value: value ?? (valueFrom === undefined ? '' : await read(valueFrom)) })
  const { contentType, body } = rendered
  return {
    type: 'webhook',
    namespace,
    id,
    url,
    method: webhook.method ?? 'POST',
    headers,
    contentType,
    body,
    ...(webhook.signingSecretFrom === undefined
      ? {}
      : { signingSecret: await read(webhook.signingSecretFrom) }),
  }
}

/** A URL is repeated in parts, and any of them may be what makes it secret; where it leads to is not. */
const partsOf = (value: string): readonly string[] => {
  if (!URL.canParse(value)) return [value]
  const { pathname, search, searchParams, username, password } = new URL(value)
  return [value, `${pathname}${search}`, ...pathname.split('/'), ...searchParams.values(), username, password]
}

const slackApi = 'https://slack.com/api'

const readKey = async ({
  resources,
  namespace,
  selector: { name, key },
}: {
  readonly resources: Resources
  readonly namespace: string
  readonly selector: SecretKeySelector
}): Promise<string> => {
  const secret = await resources.get<Secret>(secrets, { namespace, name })
  if (secret === undefined) throw new Unusable(`there is no Secret "${name}" in namespace "${namespace}"`)
  const encoded = secret.data?.[key]
  // Editors leave a line break at the end of a file, and a header must have none.
  const value = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8').trim()
  if (value === '') throw new Unusable(`Secret "${name}" has no key "${key}", or nothing in it`)
  return value
}

/** Names of the Secrets that a channel needs. */
export const secretsOf = ({ slack, webhook }: NotifyChannelSpec): readonly SecretKeySelector[] =>
  [
    slack?.webhookURLFrom,
    slack?.botTokenFrom,
    webhook?.urlFrom,
    webhook?.signingSecretFrom,
    ...(webhook?.headers ?? []).map(({ valueFrom }) => valueFrom),
  ].filter((selector) => selector !== undefined)
