// References to Secrets, ConfigMaps and sibling objects. All stay within the namespace of the object that holds them.

import { flag, object, optional, text, type TypeOf } from '../schema.ts'

const name = (what: string) => text(`Name of the ${what}.`, { minLength: 1 })

export const LocalObjectReference = object(
  'An object of the same namespace, by name.',
  { name: name('object') },
  { atomic: true },
)
export type LocalObjectReference = TypeOf<typeof LocalObjectReference>

export const SecretKeySelector = object(
  'One key of a Secret in the same namespace.',
  {
    name: name('Secret'),
    key: text('Key within the Secret.', { minLength: 1 }),
    optional: optional(flag('Whether the Secret or the key may be absent.')),
  },
  { atomic: true },
)
export type SecretKeySelector = TypeOf<typeof SecretKeySelector>

/** A Secret that holds one token: naming the key is optional. */
export const TokenSelector = object(
  'The Secret that holds the token.',
  {
    name: name('Secret'),
    key: optional(
      text("Key within the Secret. Left out: `token`, or the Secret's only key.", { minLength: 1 }),
    ),
    optional: optional(flag('Whether the Secret or the key may be absent.')),
  },
  { atomic: true },
)
export type TokenSelector = TypeOf<typeof TokenSelector>

export const ConfigMapKeySelector = object(
  'One key of a ConfigMap in the same namespace.',
  {
    name: name('ConfigMap'),
    key: text('Key within the ConfigMap.', { minLength: 1 }),
    optional: optional(flag('Whether the ConfigMap or the key may be absent.')),
  },
  { atomic: true },
)
export type ConfigMapKeySelector = TypeOf<typeof ConfigMapKeySelector>

const environmentSource = (what: string) =>
  object(
    `The ${what} whose keys become environment variables.`,
    { name: name(what), optional: optional(flag(`Whether the ${what} may be absent.`)) },
    { atomic: true },
  )

export const EnvFromSource = object(
  'A Secret or ConfigMap whose keys become environment variables of the agent.',
  {
    prefix: optional(text('Text put before each key.')),
    configMapRef: optional(environmentSource('ConfigMap')),
    secretRef: optional(environmentSource('Secret')),
  },
)
export type EnvFromSource = TypeOf<typeof EnvFromSource>
