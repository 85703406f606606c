import { describe, expect, it } from 'vitest'
import type { ConfigMap, Container, Pod, Secret } from '../client/kubernetes-types.ts'
import { processSpec, translatePath, type SpecInput } from './container-process-spec.ts'

const metadata = {
  name: 'mock',
  namespace: 'incident-response',
  uid: 'u1',
  resourceVersion: '1',
  labels: { app: 'mock' },
}

const input = (container: Partial<Container>, more: Partial<SpecInput> = {}): SpecInput => {
  const full: Container = { name: 'main', image: 'example.com/app:1', ...container }
  const pod: Pod = { metadata, spec: { containers: [full] } }
  return {
    pod,
    container: full,
    image: { match: 'example.com/app', command: ['node', '/app.js'] },
    place: { nodeName: 'local', ip: '127.0.0.1' },
    mounts: {},
    ports: new Map(),
    nodeEnv: { PATH: '/bin', HOSTNAME: 'mock' },
    configMap: () => undefined,
    secret: () => undefined,
    ...more,
  }
}

const spec = (...parameters: Parameters<typeof input>) => {
  const result = processSpec(input(...parameters))
  if (result.type !== 'ready') throw new Error(result.message)
  return result.spec
}

describe('the process of a container', () => {
  it('runs the mapped command with args appended', () => {
    expect(spec({ args: ['agent', '--x'] }).command).toEqual(['node', '/app.js', 'agent', '--x'])
  })

  it('lets command take the place of the entry point, as in Kubernetes', () => {
    expect(spec({ command: ['sh', '-c'], args: ['true'] }).command).toEqual(['sh', '-c', 'true'])
  })

  it('expands $(NAME) where known, keeps it where not, and unescapes $$', () => {
    const { command, env } = spec({
      args: ['$(WHO)', '$(UNKNOWN)', '$$(WHO)'],
      env: [
        { name: 'FIRST', value: 'a' },
        { name: 'WHO', value: '$(FIRST)-$(HOSTNAME)-$(LATER)' },
        { name: 'LATER', value: 'b' },
      ],
    })
    expect(env['WHO']).toBe('a-mock-$(LATER)')
    expect(command.slice(2)).toEqual(['a-mock-$(LATER)', '$(UNKNOWN)', '$(WHO)'])
  })

  it('reads Secrets, ConfigMaps and fields of the pod', () => {
    const secret: Secret = { metadata, data: { key: Buffer.from('s3cret').toString('base64') } }
    const configMap: ConfigMap = { metadata, data: { LEVEL: 'debug' } }
    const { env } = spec(
      {
        envFrom: [{ prefix: 'C_', configMapRef: { name: 'settings' } }],
        env: [
          { name: 'KEY', valueFrom: { secretKeyRef: { name: 'x', key: 'key' } } },
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
          { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
        ],
        resources: { limits: { memory: '128Mi' } },
      },
      { secret: () => secret, configMap: () => configMap },
    )
    expect(env).toMatchObject({ C_LEVEL: 'debug', KEY: 's3cret', POD: 'mock', APP: 'mock', MEMORY: '128' })
  })

  it('names what is missing, and does without what is optional', () => {
    const reference = { name: 'absent', key: 'k' }
    expect(processSpec(input({ env: [{ name: 'A', valueFrom: { secretKeyRef: reference } }] }))).toEqual({
      type: 'missing',
      message: 'secret "incident-response/absent" not found',
    })
    const optional = { ...reference, optional: true }
    expect(spec({ env: [{ name: 'A', valueFrom: { secretKeyRef: optional } }] }).env).not.toHaveProperty('A')
  })

  it('gives PORT for the first port and PORT_<NAME> for named ones, and translates a declared PORT', () => {
    const ports = new Map([
      [8080, 41001],
      [8081, 41002],
    ])
    const declared = [{ containerPort: 8080 }, { name: 'control', containerPort: 8081 }]
    expect(spec({ ports: declared }, { ports }).env).toMatchObject({ PORT: '41001', PORT_CONTROL: '41002' })
    const own = spec(
      { ports: declared, env: [{ name: 'PORT', value: '8080' }], args: [':$(PORT)'] },
      { ports },
    )
    expect(own.env['PORT']).toBe('41001')
    expect(own.command.at(-1)).toBe(':41001')
    expect(spec({ ports: declared, env: [{ name: 'PORT', value: '9' }] }, { ports }).env['PORT']).toBe('9')
  })

  it('rewrites exactly the values that are or begin with a mount path, and tells all mounts', () => {
    const mounts = { '/etc/app': '/real/config', '/etc/app/keys': '/real/keys' }
    const { command, env } = spec(
      {
        args: ['--config=/etc/app/x', '/etc/app/x.yaml'],
        env: [{ name: 'KEYS', value: '/etc/app/keys/id' }],
      },
      { mounts },
    )
    expect(command.slice(2)).toEqual(['--config=/etc/app/x', '/real/config/x.yaml'])
    expect(env['KEYS']).toBe('/real/keys/id')
    expect(JSON.parse(env['LOCAL_KUBE_MOUNTS'] ?? '')).toEqual(mounts)
    expect(translatePath('/etc/application', mounts)).toBe('/etc/application')
    expect(translatePath('/etc/app', { '/etc/app/': '/real' })).toBe('/real')
  })
})
