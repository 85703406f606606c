// From a container in a pod to the process that stands for it: command, environment, directory, ports. A pure decision:
// everything read from outside (ConfigMaps, Secrets, ports, directories) is passed in.
//
// There is no mount namespace and no network namespace on this node. So a mounted volume is an ordinary directory and a
// containerPort an ordinary free port on loopback, and both are told to the process: see `translatePath` and `PORT`.

import type { ConfigMap, Container, EnvVar, KeyReference, Pod, Secret } from '../client/kubernetes-types.ts'
import { expandVariables } from './expand-variables.ts'
import { fieldValue, resourceValue, type PodPlace } from './field-reference.ts'
import type { LocalImage } from './image.ts'

export interface ProcessSpec {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** undefined: the container's own scratch directory. */
  readonly workingDirectory?: string
}

export type SpecResult =
  | { readonly type: 'ready'; readonly spec: ProcessSpec }
  /** Something the pod refers to is not there (yet). */
  | { readonly type: 'missing'; readonly message: string }

export interface SpecInput {
  readonly pod: Pod
  readonly container: Container
  readonly image: LocalImage
  readonly place: PodPlace
  /** mountPath → real directory (or file, for a subPath that is one). */
  readonly mounts: Readonly<Record<string, string>>
  /** containerPort → port on loopback. */
  readonly ports: ReadonlyMap<number, number>
  /** What every process on this node gets. */
  readonly nodeEnv: Readonly<Record<string, string>>
  readonly configMap: (name: string) => ConfigMap | undefined
  readonly secret: (name: string) => Secret | undefined
}

class Missing extends Error {}

export function processSpec(input: SpecInput): SpecResult {
  try {
    const { container, image, mounts, nodeEnv } = input
    const variables = new Map([
      ...Object.entries(nodeEnv),
      ...Object.entries(image.env ?? {}),
      ...portEnv(input),
    ])
    for (const [name, value] of declaredEnv(input, variables))
      variables.set(name, translatePath(value, mounts))
    if (Object.keys(mounts).length > 0) variables.set('LOCAL_KUBE_MOUNTS', JSON.stringify(mounts))
    const expand = (part: string): string => translatePath(expandVariables(part, variables), mounts)
    const entry = container.command?.length ? container.command.map(expand) : image.command
    const workingDirectory = container.workingDir && translatePath(container.workingDir, mounts)
    return {
      type: 'ready',
      spec: {
        command: [...entry, ...(container.args ?? []).map(expand)],
        env: Object.fromEntries(variables),
        ...(workingDirectory && { workingDirectory }),
      },
    }
  } catch (error) {
    if (error instanceof Missing) return { type: 'missing', message: error.message }
    throw error
  }
}

/** A value that is a mount path, or lies below one, becomes the real path; anything else is left alone. */
export function translatePath(value: string, mounts: Readonly<Record<string, string>>): string {
  let best = ''
  for (const mountPath of Object.keys(mounts)) {
    const path = mountPath.replace(/\/+$/, '')
    if ((value === path || value.startsWith(`${path}/`)) && path.length > best.length) best = mountPath
  }
  return best === '' ? value : mounts[best] + value.slice(best.replace(/\/+$/, '').length)
}

/**
 * A declared `PORT` (or `PORT_…`) that names a declared containerPort means what ours means and is translated to the
 * real port; any other value is the user's own and stays.
 */
function declaredEnv(input: SpecInput, base: ReadonlyMap<string, string>): Map<string, string> {
  const result = new Map<string, string>()
  const known = new Map(base)
  const set = (name: string, declared: string): void => {
    const value = /^PORT(_|$)/.test(name) ? String(input.ports.get(Number(declared)) ?? declared) : declared
    result.set(name, value)
    known.set(name, value)
  }
  for (const source of input.container.envFrom ?? []) {
    const prefix = source.prefix ?? ''
    for (const [name, value] of Object.entries(allOf(source, input))) set(prefix + name, value)
  }
  for (const variable of input.container.env ?? []) {
    const value = valueOf(variable, input, known)
    if (value !== undefined) set(variable.name, value)
  }
  return result
}

function allOf(
  source: NonNullable<Container['envFrom']>[number],
  { configMap, secret, pod }: SpecInput,
): Record<string, string> {
  const { configMapRef, secretRef } = source
  if (configMapRef !== undefined) {
    const found = configMap(configMapRef.name)
    if (found === undefined && configMapRef.optional !== true)
      throw missing('configmap', configMapRef.name, pod)
    return { ...found?.data }
  }
  if (secretRef !== undefined) {
    const found = secret(secretRef.name)
    if (found === undefined && secretRef.optional !== true) throw missing('secret', secretRef.name, pod)
    return Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, decode(value)]))
  }
  return {}
}

function valueOf(variable: EnvVar, input: SpecInput, known: ReadonlyMap<string, string>): string | undefined {
  const { pod, container, place } = input
  const from = variable.valueFrom
  if (from?.secretKeyRef !== undefined) {
    const encoded = keyOf('secret', from.secretKeyRef, input.secret(from.secretKeyRef.name)?.data, input)
    return encoded === undefined ? undefined : decode(encoded)
  }
  if (from?.configMapKeyRef !== undefined) {
    return keyOf('configmap', from.configMapKeyRef, input.configMap(from.configMapKeyRef.name)?.data, input)
  }
  if (from?.fieldRef !== undefined) {
    const value = fieldValue({ pod, place, fieldPath: from.fieldRef.fieldPath })
    if (value === undefined)
      throw new Missing(`env ${variable.name}: there is no field ${from.fieldRef.fieldPath}`)
    return value
  }
  if (from?.resourceFieldRef !== undefined) {
    const value = resourceValue({ pod, container, reference: from.resourceFieldRef })
    if (value === undefined)
      throw new Missing(`env ${variable.name}: no resource ${from.resourceFieldRef.resource}`)
    return value
  }
  return expandVariables(variable.value ?? '', known)
}

function keyOf(
  kind: 'secret' | 'configmap',
  { name, key, optional }: KeyReference,
  data: Readonly<Record<string, string>> | undefined,
  { pod, secret, configMap }: SpecInput,
): string | undefined {
  const value = data?.[key]
  if (value !== undefined || optional === true) return value
  const exists = kind === 'secret' ? secret(name) : configMap(name)
  if (exists === undefined) throw missing(kind, name, pod)
  throw new Missing(`couldn't find key ${key} in ${kind} ${pod.metadata.namespace}/${name}`)
}

/** `PORT` is the port of the first declared containerPort, `PORT_<NAME>` that of a named one. */
function portEnv({ container, ports }: SpecInput): Map<string, string> {
  const result = new Map<string, string>()
  const [first] = container.ports ?? []
  const offer = (name: string, containerPort: number): void => {
    const port = ports.get(containerPort)
    if (port !== undefined) result.set(name, String(port))
  }
  if (first !== undefined) offer('PORT', first.containerPort)
  for (const { name, containerPort } of container.ports ?? []) {
    if (name !== undefined) offer(`PORT_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`, containerPort)
  }
  return result
}

const missing = (kind: string, name: string, pod: Pod): Missing =>
  new Missing(`${kind} "${pod.metadata.namespace}/${name}" not found`)

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')
