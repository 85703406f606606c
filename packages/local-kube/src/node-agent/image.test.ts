import { describe, expect, it } from 'vitest'
import type { Pod } from '../client/kubernetes-types.ts'
import { imageName, resolveImage } from './image.ts'

const pod = (image: string, annotations: Record<string, string> = {}): Pod => ({
  metadata: { name: 'p', uid: 'u', resourceVersion: '1', annotations },
  spec: { containers: [{ name: 'main', image }] },
})
const images = [{ match: 'ghcr.io/kubeswarm/kubeswarm', command: ['swarm'] }]
const resolve = (subject: Pod) => {
  const [container] = subject.spec.containers
  if (container === undefined) throw new Error('no container')
  return resolveImage({ pod: subject, container, images })
}

describe('an image on this node', () => {
  it.each([
    ['a:1', 'a'],
    ['localhost:5000/a/b', 'localhost:5000/a/b'],
    ['localhost:5000/a/b:1@sha256:00', 'localhost:5000/a/b'],
  ])('%s has the name %s', (image, name) => expect(imageName(image)).toBe(name))

  it('is found by name whatever its tag or digest', () => {
    expect(resolve(pod('ghcr.io/kubeswarm/kubeswarm:v9@sha256:00')).type).toBe('found')
  })

  it('is refused when it only begins like a known one, and the refusal says what this node can run', () => {
    const refused = resolve(pod('ghcr.io/kubeswarm/kubeswarm-evil:1'))
    expect(refused).toMatchObject({ type: 'refused', reason: 'ErrImageNeverPull' })
    expect(refused.type === 'refused' && refused.message).toContain('ghcr.io/kubeswarm/kubeswarm')
    expect(refused.type === 'refused' && refused.message).toContain('local-kube.dev/command.main')
  })

  it('can be mapped by annotation for development, and a malformed mapping is refused', () => {
    const mapped = resolve(pod('nginx', { 'local-kube.dev/command.main': '["node","x.js"]' }))
    expect(mapped.type === 'found' && mapped.image.command).toEqual(['node', 'x.js'])
    expect(resolve(pod('nginx', { 'local-kube.dev/command.main': 'node x.js' })).type).toBe('refused')
  })
})
