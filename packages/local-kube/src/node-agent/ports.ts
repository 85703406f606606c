// Ports on loopback for the containerPorts of pods. All containers share one network here, so each declared port gets a
// free one of its own; which one is written on the pod for whoever routes to it.

import { createServer } from 'node:net'
import type { Pod } from '../client/kubernetes-types.ts'

export const hostPortsAnnotation = 'local-kube.dev/host-ports'

export interface PortAllocator {
  /** containerPort → free port. A declared hostPort is taken as it stands. */
  allocate(pod: Pod): Promise<ReadonlyMap<number, number>>
  release(ports: ReadonlyMap<number, number>): void
}

export function createPortAllocator(): PortAllocator {
  const taken = new Set<number>()

  const free = async (): Promise<number> => {
    for (;;) {
      const port = await unusedPort()
      if (taken.has(port)) continue
      taken.add(port)
      return port
    }
  }

  return {
    async allocate(pod) {
      const result = new Map<number, number>()
      for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
        for (const { containerPort, hostPort } of container.ports ?? []) {
          if (!result.has(containerPort)) result.set(containerPort, hostPort || (await free()))
        }
      }
      return result
    },
    release(ports) {
      for (const port of ports.values()) taken.delete(port)
    },
  }
}

function unusedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no free port')),
      )
    })
  })
}
