import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../api/resource.ts'
import { manifest, errorPaths, warningPaths } from './admit.fixtures.ts'

describe('SwarmNotify', () => {
  const notify = (channel: string): KubernetesObject =>
    manifest('SwarmNotify', 'on-call', `channels:\n  - ${channel}\n`)

  it.each([
    {
      reason: 'an address without a scheme',
      channel: '{type: webhook, webhook: {url: example.com/x}}',
      path: 'webhook.url',
    },
    {
      reason: 'a file',
      channel: '{type: webhook, webhook: {url: "file:///etc/passwd"}}',
      path: 'webhook.url',
    },
    {
      reason: 'a password in the address',
      channel: '{type: webhook, webhook: {url: "https://a:b@example.com"}}',
      path: 'webhook.url',
    },
    {
      reason: 'a template that reads what is not there',
      channel: '{type: webhook, webhook: {url: "https://example.com"}, template: "{{ .run.nmae }}"}',
      path: 'template',
    },
  ])('is refused for $reason', ({ channel, path }) => {
    expect(errorPaths(notify(channel))).toEqual([`spec.channels[0].${path}`])
  })

  it('hears of a credential in plain sight', () => {
    const channel =
      '{type: webhook, webhook: {url: "https://example.com", headers: [{name: Authorization, value: Bearer x}]}}'
    expect(warningPaths(notify(channel))).toEqual(['spec.channels[0].webhook.headers[0].value'])
  })
})
