// Where the programs of a real control plane are: KUBEBUILDER_ASSETS (the envtest convention) where it is set, else what
// build-control-plane.ts has put into the user's cache.

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The Go module whose `require` says which Kubernetes it is. */
export const moduleDirectory = join(import.meta.dirname, 'control-plane')

export const programs = {
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const
export type Program = keyof typeof programs

export interface ControlPlaneBinaries {
  readonly kubeApiserver: string
  readonly etcd: string
  /** Envtest has none: nothing then makes pods of Deployments, or deletes what a namespace held. */
  readonly kubeControllerManager: string | undefined
  readonly kubectl: string | undefined
}

export type FoundControlPlane =
  | { readonly type: 'found'; readonly binaries: ControlPlaneBinaries }
  | { readonly type: 'absent'; readonly reason: string }

/** As `v1.34.4`. */
export function kubernetesVersion(): string {
  const version = /^require k8s\.io\/kubernetes (v\S+)|^\tk8s\.io\/kubernetes (v\S+)/m.exec(
    readFileSync(join(moduleDirectory, 'go.mod'), 'utf8'),
  )
  const found = version?.[1] ?? version?.[2]
  if (found === undefined) throw new Error(`${moduleDirectory}/go.mod does not require k8s.io/kubernetes`)
  return found
}

export function cacheDirectory(): string {
  const caches = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(caches, 'kubeswarm', 'control-plane', kubernetesVersion())
}

export function findControlPlane(): FoundControlPlane {
  const assets = process.env['KUBEBUILDER_ASSETS']
  const directory = assets || cacheDirectory()
  const path = (program: Program): string | undefined => {
    const file = join(directory, program)
    return existsSync(file) ? file : undefined
  }
  const kubeApiserver = path('kube-apiserver')
  const etcd = path('etcd')
  if (kubeApiserver === undefined || etcd === undefined) {
    const missing = [kubeApiserver ?? 'kube-apiserver', etcd ?? 'etcd'].filter((name) => !name.includes('/'))
    return {
      type: 'absent',
      reason: assets
        ? `KUBEBUILDER_ASSETS=${assets} has no ${missing.join(' and no ')}`
        : `KUBEBUILDER_ASSETS is not set, and ${directory} has no ${missing.join(' and no ')} (node test/cluster/build-control-plane.ts makes them, once, with Go)`,
    }
  }
  return {
    type: 'found',
    binaries: {
      kubeApiserver,
      etcd,
      kubeControllerManager: path('kube-controller-manager'),
      kubectl: path('kubectl'),
    },
  }
}
