/**
 * An object as the log gave it back: text until somebody asks what is in it. A server with thousands of objects starts
 * without reading any of them, and lists them from their text.
 */
import type { JsonObject } from '../json.ts'
import type { Key } from './key.ts'

export class LoadedObject {
  readonly key: Key
  readonly text: string
  #object: JsonObject | undefined

  constructor({ key, text }: { readonly key: Key; readonly text: string }) {
    this.key = key
    this.text = text
  }

  get object(): JsonObject {
    this.#object ??= JSON.parse(this.text) as JsonObject
    return this.#object
  }

  get revision(): number {
    return Number((this.object['metadata'] as JsonObject)['resourceVersion'])
  }
}
