// What a preset knows of its sender: how it signs, how its body reads, which of its deliveries mean that something has
// happened. Reading is a pure mapping; a body that is not the sender's throws `Unfit` with the path.

import type { ObjectValue } from '../../template/value.ts'
import type { Alert } from '../alert.ts'
import type { HeaderReader, SignatureScheme } from '../signature.ts'

export interface AlertReading {
  readonly type: 'alert'
  readonly alert: Alert
  /** Of the delivery, from a part of it that is signed where the sender signs. */
  readonly id?: string
  /** When it happened, RFC 3339; for the age of the delivery and the order of news about a subject. */
  readonly occurredAt?: string
  /** All the names of who caused it. */
  readonly actors: readonly string[]
  /** Whether it starts runs where the event has no filter of its own, and why not. */
  readonly starts: boolean
  readonly unless: string
}

export type Reading =
  | AlertReading
  /** The sender tries the address out. */
  | { readonly type: 'greeting'; readonly message: string }

export interface Preset {
  readonly scheme: SignatureScheme
  /** Throws `Unfit`. */
  readonly read: (delivery: { readonly body: ObjectValue; readonly header: HeaderReader }) => Reading
}
