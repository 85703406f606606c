// The next command worth trying on a cluster that has just become ready, made of what was applied to it.

import type { KubernetesObject } from '../../api/resource.ts'
import type { SwarmTeam } from '../../api/v1alpha1/index.ts'
import { inputsToGive } from '../../domain/run/inputs-to-give.ts'

export const nextCommand = (objects: readonly KubernetesObject[]): string => {
  const team = objects.find((object): object is SwarmTeam => object.kind === 'SwarmTeam')
  if (team !== undefined) {
    const inputs = inputsToGive(team.spec).map((name) => ` -i ${name}='…'`)
    return `swarm run ${team.metadata.name}${inputs.join('')}${inNamespace(team)}`
  }
  const agent = objects.find(({ kind }) => kind === 'SwarmAgent')
  if (agent !== undefined) return `swarm run --agent ${agent.metadata.name} --prompt '…'${inNamespace(agent)}`
  return 'kubectl apply -f examples/incident-response/namespace.yaml'
}

const inNamespace = ({ metadata: { namespace = 'default' } }: KubernetesObject): string =>
  namespace === 'default' ? '' : ` -n ${namespace}`
