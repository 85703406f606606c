/** The events of one watch as lines of JSON, in the representation its client accepts. */
import { asObject } from '../json.ts'
import { partialMetadata, tableOf } from '../resources/columns.ts'
import type { IncludeObject } from '../resources/columns.ts'
import type { Resource } from '../resources/resource.ts'
import type { WatchEvent } from '../resources/watch-cursor.ts'

export type Shape = 'object' | 'table' | 'metadata'

export interface EventEncoder {
  readonly encode: (event: WatchEvent) => string
  /** Whether the next line is the same for every watcher of this view. */
  readonly isShared: () => boolean
}

const line = (type: string, text: string): string => `{"type":"${type}","object":${text}}\n`

export function eventEncoder({
  shape,
  resource,
  include,
  now,
}: {
  readonly shape: Shape
  readonly resource: Resource
  readonly include: IncludeObject
  readonly now: () => number
}): EventEncoder {
  switch (shape) {
    case 'object':
      return {
        encode: ({ type, object, text }) => line(type, text ?? JSON.stringify(object)),
        isShared: () => true,
      }
    case 'metadata':
      return {
        encode: ({ type, object }) => line(type, JSON.stringify(partialMetadata(object))),
        isShared: () => true,
      }
    case 'table': {
      // The first table of a watch names the columns.
      let isFirst = true
      return {
        encode({ type, object }) {
          const table = tableOf({
            columns: resource.columns,
            objects: type === 'BOOKMARK' ? [] : [object],
            metadata: { resourceVersion: asObject(object['metadata'])['resourceVersion'] },
            include,
            withDefinitions: isFirst,
            now: now(),
          })
          isFirst = false
          return line(type, JSON.stringify(table))
        },
        isShared: () => !isFirst,
      }
    }
  }
}
