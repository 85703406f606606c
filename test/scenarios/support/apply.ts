// `apply -f` as a person types it: with kubectl where there is one, else as the request that `kubectl apply
// --server-side` sends. Either way the answer is what the person reads.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apiOf } from './api.ts'
import { findKubectls, kubectlWith } from './kubectl.ts'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: object
}

export interface Applied {
  readonly accepted: boolean
  readonly warnings: readonly string[]
  /** All that was said, warnings included. */
  readonly said: string
}

export interface Applier {
  apply(manifest: Manifest): Promise<Applied>
  close(): void
}

export const applierOf = ({ kubeconfig }: { readonly kubeconfig: string }): Applier => {
  const path = findKubectls().at(-1)?.path
  return path === undefined ? overHttps(kubeconfig) : withKubectl(path, kubeconfig)
}

const withKubectl = (path: string, kubeconfig: string): Applier => {
  const directory = mkdtempSync(join(tmpdir(), 'apply-'))
  const kubectl = kubectlWith({ path, kubeconfig, cwd: directory })
  return {
    async apply(manifest) {
      writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest))
      const { exitCode, stdout, stderr } = await kubectl('apply', '-f', 'manifest.json')
      const warnings = stderr.split('\n').filter((line) => line.startsWith('Warning: '))
      return { accepted: exitCode === 0, warnings, said: `${stdout}\n${stderr}` }
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  }
}

const overHttps = (kubeconfig: string): Applier => {
  const api = apiOf(kubeconfig)
  return {
    async apply(manifest) {
      const { apiVersion, kind, metadata } = manifest
      const plural = kind === 'SwarmPolicy' ? 'swarmpolicies' : `${kind.toLowerCase()}s`
      const { status, text, warnings } = await api.send(
        'PATCH',
        `/apis/${apiVersion}/namespaces/${metadata.namespace ?? 'default'}/${plural}/${metadata.name}?fieldManager=kubectl&fieldValidation=Strict&force=true`,
        { body: manifest, contentType: 'application/apply-patch+yaml' },
      )
      return { accepted: status < 300, warnings, said: [text, ...warnings].join('\n') }
    },
    close: () => undefined,
  }
}
