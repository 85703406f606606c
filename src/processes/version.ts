// The product's version and the name of its image, read from package.json once.

import packageJson from '../../package.json' with { type: 'json' }

export const version: string = packageJson.version

/** Every container of ours runs this image; the embedded node agent runs it from the checkout. */
export const imageRepository = 'ghcr.io/kubeswarm/kubeswarm'
export const image = `${imageRepository}:${version}`
