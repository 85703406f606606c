import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../api/resource.ts'
import { admit } from './admit.ts'
import { admissionContext } from './context.ts'
import { manifest } from './admit.fixtures.ts'

describe('settings', () => {
  const settings = (spec: string) => manifest('SwarmSettings', 'house', spec)
  const agent = (url: string, more = '') =>
    manifest(
      'SwarmAgent',
      'reader',
      `model: m\nprompt: {inline: x}\nsettings: [{name: house}]\ntools: {mcp: [{name: logs, url: "${url}"${more}}]}\n`,
    )
  const allowing = settings('security: {mcpAllowlist: ["https://mcp.example.com/a"], requireMCPAuth: true}')
  const auth = ', auth: {bearer: {secretKeyRef: {name: s, key: token}}}'
  const contextOf = (...objects: readonly KubernetesObject[]) => admissionContext({ complete: true, objects })

  it('refuses an agent with a server outside their addresses, and one without a credential', () => {
    const context = contextOf(allowing)
    expect(admit({ object: agent('https://mcp.example.com/a/x', auth), context }).errors).toEqual([])
    expect(admit({ object: agent('https://mcp.example.com/ab', auth), context }).errors).toMatchObject([
      { path: 'spec.tools.mcp[0].url' },
    ])
    expect(admit({ object: agent('https://mcp.example.com/a'), context }).errors).toMatchObject([
      { path: 'spec.tools.mcp[0].auth' },
    ])
  })

  it('warns of settings that are not there, with the name that was probably meant', () => {
    const close = manifest('SwarmSettings', 'hause', 'temperature: "0"')
    const { errors, warningFields } = admit({ object: agent('https://a', auth), context: contextOf(close) })
    expect(errors).toEqual([])
    expect(warningFields).toMatchObject([{ path: 'spec.settings[0].name', remedy: 'Did you mean "hause"?' }])
  })

  it('refuses addresses that cover nothing, and warns of agents that settings cut off', () => {
    const bad = settings('security: {mcpAllowlist: ["https://*.example.com", "mcp.example.com"]}')
    expect(admit({ object: bad }).errors.map(({ path }) => path)).toEqual([
      'spec.security.mcpAllowlist[0]',
      'spec.security.mcpAllowlist[1]',
    ])
    const context = contextOf(agent('https://elsewhere.example.com', auth))
    const { errors, warningFields } = admit({ object: allowing, context })
    expect(errors).toEqual([])
    expect(warningFields).toMatchObject([{ path: 'spec.security.mcpAllowlist' }])
  })

  it('takes content for text, and names the field as it was written', () => {
    const spelled = settings('fragments: [{name: a, content: One.}, {name: a, content: Two.}]')
    const { warningFields, notes } = admit({ object: spelled })
    expect(warningFields.map(({ path }) => path)).toEqual(['spec.fragments[1].name'])
    expect(notes.map(({ path }) => path)).toEqual(['spec.fragments[0].content', 'spec.fragments[1].content'])
  })
})
