// `-o`: the same answer for eyes and for programs.

import { stringify } from 'yaml'
import type { KubernetesObject } from '../../api/resource.ts'
import { KubeswarmError } from '../../domain/error.ts'

const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const
export type OutputFormat = (typeof formats)[number]

export const outputFormat = (value: string): OutputFormat => {
  const found = formats.find((format) => format === value)
  if (found !== undefined) return found
  throw new KubeswarmError({
    code: 'Usage',
    message: `unknown output format "${value}"`,
    remedy: `-o takes ${formats.join(', ')}`,
  })
}

/** JSON, YAML or names of objects; a single object is not wrapped in a list. */
export const printObjects = ({
  objects,
  format,
  single,
  plural,
}: {
  readonly objects: readonly KubernetesObject[]
  readonly format: 'json' | 'yaml' | 'name'
  readonly single: boolean
  readonly plural: string
}): string => {
  if (format === 'name')
    return objects.map(({ metadata }) => `${plural}.kubeswarm.io/${metadata.name}`).join('\n')
  const value = single ? objects[0] : { apiVersion: 'v1', kind: 'List', items: objects }
  return format === 'json' ? JSON.stringify(value, undefined, 2) : stringify(value).trimEnd()
}
