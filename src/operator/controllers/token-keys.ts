// Which key of a Secret holds the token, where a tool server names the Secret alone: `token`, or its only key. Only
// the names of keys are looked at.

import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import type { Resources } from '../../ports/resources.ts'
import { secrets, type Secret } from '../builtin-kinds.ts'

export const tokenKeys = async (
  resources: Resources,
  agent: SwarmAgent,
): Promise<(secret: string) => string | undefined> => {
  const { namespace = 'default' } = agent.metadata
  const keys = new Map<string, string>()
  for (const { auth } of agent.spec.tools?.mcp ?? []) {
    const reference = auth?.bearer?.secretKeyRef ?? auth?.header?.secretKeyRef
    if (reference === undefined || reference.key !== undefined || keys.has(reference.name)) continue
    const secret = await resources.get<Secret>(secrets, { namespace, name: reference.name })
    const names = Object.keys(secret?.data ?? {})
    const [only] = names
    if (names.length === 1 && only !== undefined) keys.set(reference.name, only)
  }
  return (name) => keys.get(name)
}
