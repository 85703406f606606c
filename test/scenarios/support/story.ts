// The incident-response example as scenarios use it: a copy to change, and the three witnesses of a run (its journal,
// the ledgers of the mock servers, its status).

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JournalRecord } from '../../../src/domain/journal/record.ts'
import type { Api } from './api.ts'
import { checkout, swarm } from './swarm.ts'

export const namespace = 'incident-response'
export const example = join(checkout, 'examples/incident-response')

export interface StoryCopy {
  readonly directory: string
  /** Replaces every occurrence in one file; a text that is not there is an error of the test. */
  edit(file: string, ...replacements: readonly (readonly [from: string, to: string])[]): void
  drop(file: string): void
  remove(): void
}

export const copyStory = (): StoryCopy => {
  const directory = mkdtempSync(join(tmpdir(), 'story-'))
  cpSync(example, directory, { recursive: true })
  return {
    directory,
    edit(file, ...replacements) {
      let text = readFileSync(join(directory, file), 'utf8')
      for (const [from, to] of replacements) {
        if (!text.includes(from)) throw new Error(`${file} does not contain ${JSON.stringify(from)}`)
        text = text.replaceAll(from, to)
      }
      writeFileSync(join(directory, file), text)
    },
    drop: (file) => rmSync(join(directory, file)),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

export interface LedgerCall {
  readonly tool: string
  readonly arguments: Readonly<Record<string, string>>
  readonly executed: boolean
}

/** Calls a mock server has executed, in order. */
export const ledgerOf = async ({
  api,
  server,
}: {
  readonly api: Api
  readonly server: 'slack' | 'pagerduty' | 'grafana'
}): Promise<readonly LedgerCall[]> => {
  const { calls } = await api.ok<{ readonly calls: readonly LedgerCall[] }>(
    'GET',
    `/api/v1/namespaces/${namespace}/services/mock-${server}:control/proxy/__ledger`,
  )
  return calls.filter(({ executed }) => executed)
}

export const journalOf = async ({
  kubeconfig,
  run,
}: {
  readonly kubeconfig: string
  readonly run: string
}): Promise<readonly JournalRecord[]> => {
  const { exitCode, stdout, stderr } = await swarm([
    'logs',
    `run/${run}`,
    '-n',
    namespace,
    '-o',
    'json',
    '--kubeconfig',
    kubeconfig,
  ])
  if (exitCode !== 0) throw new Error(`swarm logs run/${run} ended with ${exitCode}: ${stderr}`)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalRecord)
}

export const recordsOf = <T extends JournalRecord['type']>(records: readonly JournalRecord[], type: T) =>
  records.filter((record): record is Extract<JournalRecord, { readonly type: T }> => record.type === type)

export const runPath = (name: string): string =>
  `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmruns/${name}`
