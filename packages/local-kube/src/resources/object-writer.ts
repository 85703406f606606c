/** Every change of an object goes through here. */
import type { JsonObject } from '../json.ts'
import type { Key } from '../storage/key.ts'
import { createObject } from './create-object.ts'
import { deleteObject } from './delete-object.ts'
import type { Deleted } from './delete-object.ts'
import type { DeleteOptions } from './lifecycle.ts'
import type { Resource } from './resource.ts'
import { updateObject } from './update-object.ts'
import type { Change, WriteContext } from './write-context.ts'
import { keyOf } from './write-parts.ts'
import type { WriteParts } from './write-parts.ts'

export class ObjectWriter {
  readonly #parts: WriteParts

  constructor(parts: WriteParts) {
    this.#parts = parts
  }

  keyOf(object: { resource: Resource; namespace: string; name: string }): Key {
    return keyOf(object)
  }

  create(
    context: WriteContext,
    body: JsonObject,
    { appliedFields = false }: { appliedFields?: boolean } = {},
  ): Promise<JsonObject> {
    return createObject({ parts: this.#parts, context, body, appliedFields })
  }

  /** Applies `change` to the latest object; repeats it when another write came between, unless the caller named a version. */
  update(context: WriteContext, change: Change): Promise<JsonObject> {
    return updateObject({ parts: this.#parts, context, change })
  }

  delete(context: WriteContext, options: DeleteOptions): Promise<Deleted> {
    return deleteObject({ parts: this.#parts, context, options })
  }
}
