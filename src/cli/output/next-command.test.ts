import { expect, test } from 'vitest'
import { nextCommand } from './next-command.ts'

const named = (kind: string, name: string, namespace: string, spec: object = {}) => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind,
  metadata: { name, namespace },
  spec,
})

test('names a team before an agent, with the inputs it reads', () => {
  const agent = named('SwarmAgent', 'incident-notifier', 'incident-response')
  const pipeline = [{ role: 'investigator', inputs: { alert: '{{ .input.alert }}' } }]
  const team = named('SwarmTeam', 'incident-responder', 'incident-response', { pipeline })
  expect(nextCommand([agent, team])).toBe("swarm run incident-responder -i alert='…' -n incident-response")
  expect(nextCommand([agent])).toBe("swarm run --agent incident-notifier --prompt '…' -n incident-response")
  expect(nextCommand([named('SwarmAgent', 'helper', 'default')])).toBe(
    "swarm run --agent helper --prompt '…'",
  )
  expect(nextCommand([])).toBe('kubectl apply -f examples/incident-response/namespace.yaml')
})
