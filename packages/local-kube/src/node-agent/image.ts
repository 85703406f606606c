// Which local command stands for a container image on this node. Nothing is ever pulled and nothing is guessed: an image
// that is not mapped is refused with a reason that says what this node can run.

import type { Container, Pod } from '../client/kubernetes-types.ts'

export interface LocalImage {
  /** Image name without tag or digest; a longer name matches when this is a whole path prefix of it. */
  readonly match: string
  /** What takes the place of the image's entry point. */
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export type ImageResolution =
  | { readonly type: 'found'; readonly image: LocalImage; readonly imageId: string }
  | { readonly type: 'refused'; readonly reason: string; readonly message: string }

export const commandAnnotation = (container: string): string => `local-kube.dev/command.${container}`

export function resolveImage({
  pod,
  container,
  images,
}: {
  readonly pod: Pod
  readonly container: Container
  readonly images: readonly LocalImage[]
}): ImageResolution {
  const annotation = commandAnnotation(container.name)
  const mapped = pod.metadata.annotations?.[annotation]
  if (mapped !== undefined) {
    const command = parseCommand(mapped)
    if (command === undefined) {
      return {
        type: 'refused',
        reason: 'InvalidImageName',
        message: `annotation ${annotation} must be a JSON array of strings, for example ["node","/path/server.js"]; got ${mapped}`,
      }
    }
    return found({ match: container.image, command })
  }
  const name = imageName(container.image)
  const image = images.find(({ match }) => name === match || name.startsWith(`${match}/`))
  if (image !== undefined) return found(image)
  const known = images.length === 0 ? 'no image at all' : images.map(({ match }) => match).join(', ')
  return {
    type: 'refused',
    reason: 'ErrImageNeverPull',
    message:
      `Container image "${container.image}" cannot run here: this node runs local processes instead of containers and knows ${known}. ` +
      `For development, map it to a local command with the pod annotation ${annotation}: '["program","argument"]'.`,
  }
}

function found(image: LocalImage): ImageResolution {
  return { type: 'found', image, imageId: `local-process://${image.command.join(' ')}` }
}

/** `registry:5000/a/b:tag@sha256:…` → `registry:5000/a/b` */
export function imageName(image: string): string {
  const withoutDigest = image.split('@')[0] ?? image
  const lastSlash = withoutDigest.lastIndexOf('/')
  const colon = withoutDigest.indexOf(':', lastSlash + 1)
  return colon === -1 ? withoutDigest : withoutDigest.slice(0, colon)
}

function parseCommand(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'string'))
      return value
  } catch {
    return undefined
  }
  return undefined
}
