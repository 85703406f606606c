// Finds the text of an agent's prompt. A prompt in a Secret is only checked to be referenced: its text goes from the
// Secret into the pod, never through here and never into a ConfigMap.

import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import type { SecretKey } from '../../domain/workload/agent-workload.ts'
import type { Resources } from '../../ports/resources.ts'
import { configMaps, type ConfigMap } from '../builtin-kinds.ts'

type ResolvedPrompt =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'secret'; readonly secret: SecretKey }
  | { readonly type: 'unresolved'; readonly message: string }

export const resolvePrompt = async (resources: Resources, agent: SwarmAgent): Promise<ResolvedPrompt> => {
  const { inline, from } = agent.spec.prompt
  if (inline !== undefined) return { type: 'text', text: inline }
  if (from?.secretKeyRef !== undefined) {
    const { name, key } = from.secretKeyRef
    return { type: 'secret', secret: { name, key } }
  }
  const reference = from?.configMapKeyRef
  if (reference === undefined)
    return { type: 'unresolved', message: 'spec.prompt: neither inline nor from is set; set one of them' }
  const { namespace = 'default' } = agent.metadata
  const configMap = await resources.get<ConfigMap>(configMaps, { namespace, name: reference.name })
  const text = configMap?.data?.[reference.key]
  if (text !== undefined) return { type: 'text', text }
  const missing =
    configMap === undefined
      ? `ConfigMap "${reference.name}" does not exist`
      : `ConfigMap "${reference.name}" has no key "${reference.key}"`
  return {
    type: 'unresolved',
    message: `spec.prompt.from.configMapKeyRef: ${missing} in namespace "${namespace}"; the agent starts once it is there`,
  }
}
