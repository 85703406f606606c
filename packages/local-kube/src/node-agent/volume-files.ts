// Which files a volume holds, as a pure decision over the pod and the objects it refers to.

import type {
  ConfigMap,
  DownwardFile,
  KeyToPath,
  Pod,
  Secret,
  Volume,
  VolumeProjection,
} from '../client/kubernetes-types.ts'
import { fieldValue, resourceValue, type PodPlace } from './field-reference.ts'

export type VolumeFiles =
  /** `files: undefined`: a directory the pod itself fills. */
  | { readonly type: 'ready'; readonly files: ReadonlyMap<string, Buffer> | undefined }
  | { readonly type: 'missing'; readonly message: string }
  | { readonly type: 'refused'; readonly message: string }

export interface VolumeInput {
  readonly pod: Pod
  readonly volume: Volume
  readonly place: PodPlace
  readonly configMap: (name: string) => ConfigMap | undefined
  readonly secret: (name: string) => Secret | undefined
  readonly token: (source: NonNullable<VolumeProjection['serviceAccountToken']>) => string | undefined
}

interface KeyedSource {
  readonly kind: 'configmap' | 'secret'
  readonly name: string
  readonly items: readonly KeyToPath[] | undefined
  readonly optional: boolean | undefined
}

class Missing extends Error {}

export function volumeFiles(input: VolumeInput): VolumeFiles {
  const { volume } = input
  try {
    if (volume.emptyDir !== undefined) return { type: 'ready', files: undefined }
    const sources = sourcesOf(volume)
    if (sources === undefined) {
      const type = Object.keys(volume).find((key) => key !== 'name') ?? 'none'
      return {
        type: 'refused',
        message: `volume "${volume.name}" is of type ${type}; this node has configMap, secret, emptyDir, downwardAPI and projected volumes`,
      }
    }
    const files = new Map<string, Buffer>()
    for (const source of sources)
      for (const [path, content] of filesOf(source, input)) files.set(path, content)
    const unsafe = [...files.keys()].find((path) => path.startsWith('/') || path.split('/').includes('..'))
    if (unsafe !== undefined) {
      return {
        type: 'refused',
        message: `volume "${volume.name}": path "${unsafe}" must stay inside the volume`,
      }
    }
    return { type: 'ready', files }
  } catch (error) {
    if (error instanceof Missing)
      return { type: 'missing', message: `volume "${volume.name}": ${error.message}` }
    throw error
  }
}

function sourcesOf({
  configMap,
  secret,
  downwardAPI,
  projected,
}: Volume): readonly VolumeProjection[] | undefined {
  if (configMap !== undefined) return [{ configMap }]
  if (secret !== undefined) {
    const { secretName, items, optional } = secret
    return [
      {
        secret: {
          ...(secretName && { name: secretName }),
          ...(items && { items }),
          ...(optional && { optional }),
        },
      },
    ]
  }
  if (downwardAPI !== undefined) return [{ downwardAPI }]
  return projected === undefined ? undefined : (projected.sources ?? [])
}

function filesOf(source: VolumeProjection, input: VolumeInput): ReadonlyMap<string, Buffer> {
  const { pod, configMap, secret } = input
  if (source.configMap !== undefined) {
    const { name = '', items, optional } = source.configMap
    const object = configMap(name)
    const data = object && {
      ...mapValues(object.data, (text) => Buffer.from(text)),
      ...mapValues(object.binaryData, (text) => Buffer.from(text, 'base64')),
    }
    return select({ kind: 'configmap', name, items, optional }, data, pod)
  }
  if (source.secret !== undefined) {
    const { name = '', items, optional } = source.secret
    const object = secret(name)
    const data = object && mapValues(object.data, (text) => Buffer.from(text, 'base64'))
    return select({ kind: 'secret', name, items, optional }, data, pod)
  }
  if (source.serviceAccountToken !== undefined) {
    const token = input.token(source.serviceAccountToken)
    if (token === undefined) throw new Missing('the service account token is not issued yet')
    return new Map([[source.serviceAccountToken.path, Buffer.from(token)]])
  }
  return new Map(
    (source.downwardAPI?.items ?? []).map((item) => [item.path, Buffer.from(downward(item, input))]),
  )
}

function select(
  { kind, name, items, optional }: KeyedSource,
  data: Readonly<Record<string, Buffer>> | undefined,
  pod: Pod,
): ReadonlyMap<string, Buffer> {
  if (data === undefined) {
    if (optional === true) return new Map()
    throw new Missing(`${kind} "${pod.metadata.namespace}/${name}" not found`)
  }
  if (items === undefined || items.length === 0) return new Map(Object.entries(data))
  const files = new Map<string, Buffer>()
  for (const { key, path } of items) {
    const content = data[key]
    if (content !== undefined) files.set(path, content)
    else if (optional !== true) throw new Missing(`${kind} "${name}" has no key "${key}"`)
  }
  return files
}

function downward({ path, fieldRef, resourceFieldRef }: DownwardFile, { pod, place }: VolumeInput): string {
  const value =
    fieldRef !== undefined
      ? fieldValue({ pod, place, fieldPath: fieldRef.fieldPath })
      : resourceFieldRef !== undefined
        ? resourceValue({ pod, container: undefined, reference: resourceFieldRef })
        : undefined
  if (value === undefined) throw new Missing(`the downward API has nothing for "${path}"`)
  return value
}

function mapValues<T>(
  source: Readonly<Record<string, string>> = {},
  map: (value: string) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(source).map(([key, value]) => [key, map(value)]))
}
