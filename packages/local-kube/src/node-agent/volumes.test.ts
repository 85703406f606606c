import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigMap, Pod, Volume } from '../client/kubernetes-types.ts'
import { writeAtomicDirectory } from './atomic-directory.ts'
import { createPodVolumes } from './pod-volumes.ts'
import { volumeFiles, type VolumeInput } from './volume-files.ts'

const metadata = { name: 'p', namespace: 'n', uid: 'u', resourceVersion: '1', labels: { app: 'x' } }
const pod: Pod = { metadata, spec: { containers: [] } }
const configMap: ConfigMap = {
  metadata,
  data: { a: '1', b: '2' },
  binaryData: { c: Buffer.from([0, 255]).toString('base64') },
}

const files = (volume: Omit<Volume, 'name'>, more: Partial<VolumeInput> = {}) =>
  volumeFiles({
    pod,
    volume: { name: 'v', ...volume },
    place: { nodeName: 'local', ip: '127.0.0.1' },
    configMap: (name) => (name === 'cm' ? configMap : undefined),
    secret: () => undefined,
    token: () => 'jwt',
    ...more,
  })

const texts = (result: ReturnType<typeof volumeFiles>): Record<string, string> =>
  result.type === 'ready'
    ? Object.fromEntries(
        [...(result.files ?? [])].map(([path, content]) => [path, content.toString('latin1')]),
      )
    : { [result.type]: result.message }

describe('the files of a volume', () => {
  it('are the keys of a ConfigMap, or the chosen ones at chosen paths', () => {
    expect(texts(files({ configMap: { name: 'cm' } }))).toEqual({ a: '1', b: '2', c: '\u0000ÿ' })
    expect(texts(files({ configMap: { name: 'cm', items: [{ key: 'a', path: 'x/y' }] } }))).toEqual({
      'x/y': '1',
    })
  })

  it('are joined from the sources of a projected volume', () => {
    const sources = [
      { serviceAccountToken: { path: 'token', audience: 'hub' } },
      { configMap: { name: 'cm', items: [{ key: 'b', path: 'b' }] } },
      { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    ]
    expect(texts(files({ projected: { sources } }))).toEqual({ token: 'jwt', b: '2', labels: 'app="x"' })
  })

  it('are waited for while something is missing, unless it is optional', () => {
    expect(texts(files({ configMap: { name: 'no' } }))).toEqual({
      missing: 'volume "v": configmap "n/no" not found',
    })
    expect(texts(files({ configMap: { name: 'no', optional: true } }))).toEqual({})
    expect(
      texts(
        files(
          { projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
          { token: () => undefined },
        ),
      ).missing,
    ).toContain('token')
  })

  it('never leave the volume, and volumes of the machine are refused with a reason', () => {
    const escape = files({ configMap: { name: 'cm', items: [{ key: 'a', path: '../../x' }] } })
    expect(escape.type).toBe('refused')
    const hostPath = files({ hostPath: { path: '/' } } as Omit<Volume, 'name'>)
    expect(hostPath).toMatchObject({ type: 'refused' })
    expect(hostPath.type === 'refused' && hostPath.message).toContain('hostPath')
  })
})

describe('an atomic directory', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'volume-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  const write = (content: Record<string, string>) =>
    writeAtomicDirectory({
      directory,
      files: new Map(Object.entries(content).map(([path, text]) => [path, Buffer.from(text)])),
    })

  it('changes all files in one step, drops what is gone, and is left alone when nothing changed', async () => {
    expect(await write({ a: '1', 'deep/b': '2' })).toBe(true)
    const first = readlinkSync(join(directory, '..data'))
    expect(readFileSync(join(directory, 'deep/b'), 'utf8')).toBe('2')
    expect(await write({ a: '1', 'deep/b': '2' })).toBe(false)
    expect(readlinkSync(join(directory, '..data'))).toBe(first)
    expect(await write({ a: '3', c: '4' })).toBe(true)
    expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('3')
    expect(readdirSync(directory).filter((name) => !name.startsWith('..'))).toEqual(['a', 'c'])
    expect(readdirSync(directory)).not.toContain(first)
  })
})

describe('the volumes of a pod', () => {
  it('leave no Secret and no token on the disk once the pod has ended, and keep what it wrote itself', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'volumes-'))
    const held: Pod = {
      metadata,
      spec: {
        containers: [],
        volumes: [
          { name: 'secret', secret: { secretName: 's' } },
          { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
          { name: 'config', configMap: { name: 'cm' } },
          { name: 'scratch', emptyDir: {} },
        ],
      },
    }
    const volumes = createPodVolumes({
      directory,
      place: { nodeName: 'local', ip: '127.0.0.1' },
      references: {
        synced: Promise.resolve(),
        configMap: () => configMap,
        secret: () => ({ metadata, data: { key: Buffer.from('hidden').toString('base64') } }),
        release: () => undefined,
      },
      tokens: { tried: Promise.resolve(), get: () => 'jwt', close: () => undefined },
    })
    try {
      expect(await volumes.refresh(held)).toEqual({ type: 'ready' })
      expect(readFileSync(join(directory, 'secret/key'), 'utf8')).toBe('hidden')
      await volumes.unmount(held)
      await volumes.refresh(held)
      expect(readdirSync(directory).toSorted()).toEqual(['config', 'scratch'])
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
