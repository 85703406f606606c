// Makes the API server know our kinds: applies the generated definitions and waits until each is served.

import type { Resources } from '../ports/resources.ts'
import { customResourceDefinitions, type CustomResourceDefinition } from './builtin-kinds.ts'

export const installCrds = async ({
  resources,
  definitions,
  signal,
}: {
  readonly resources: Resources
  readonly definitions: readonly CustomResourceDefinition[]
  readonly signal: AbortSignal
}): Promise<void> => {
  const waiting = new Set<string>()
  for (const definition of definitions) {
    const applied = await resources.apply(customResourceDefinitions, definition)
    if (!isEstablished(applied)) waiting.add(definition.metadata.name)
  }
  while (waiting.size > 0) {
    signal.throwIfAborted()
    const page = await resources.list<CustomResourceDefinition>(customResourceDefinitions)
    for (const definition of page.items)
      if (isEstablished(definition)) waiting.delete(definition.metadata.name)
    if (waiting.size > 0) await nextEstablished(resources, page.resourceVersion, waiting, signal)
  }
}

/** Watches until one that we wait for is established, or the stream ends. */
const nextEstablished = async (
  resources: Resources,
  resourceVersion: string,
  waiting: Set<string>,
  signal: AbortSignal,
): Promise<void> => {
  const stop = new AbortController()
  const options = { resourceVersion, signal: AbortSignal.any([signal, stop.signal]) }
  for await (const event of resources.watch<CustomResourceDefinition>(customResourceDefinitions, options)) {
    if (event.type === 'BOOKMARK' || !isEstablished(event.object)) continue
    waiting.delete(event.object.metadata.name)
    if (waiting.size === 0) break
  }
  stop.abort()
}

const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  (status?.conditions ?? []).some(({ type, status: holds }) => type === 'Established' && holds === 'True')
