// swarm get: lists our kinds with the columns the API server itself prints.

import type { Command } from 'commander'
import type { KubernetesObject } from '../../api/resource.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { KubernetesApiError, type ResourceType } from '../../ports/resources.ts'
import { collectionPath, objectPath } from '../../adapters/kubernetes/resource-path.ts'
import { kindWords, targetOf } from '../kinds.ts'
import { outputFormat, printObjects, type OutputFormat } from '../output/format.ts'
import { table } from '../output/table.ts'
import { withClusterOptions } from '../options.ts'
import { withCluster, type Cluster, type ClusterOptions } from '../session/cluster.ts'

export const registerGet = (program: Command): void => {
  withClusterOptions(program.command('get'))
    .summary('list agents, teams, runs and the other kinds')
    .argument('<kind>', `one of ${kindWords.join(', ')}, or kind/name`)
    .argument('[name]')
    .option('-A, --all-namespaces', 'in every namespace')
    .option('--chunk-size <count>', 'objects of one answer of the API server; 0: all at once', '500')
    .option('-o, --output <format>', 'table, wide, json, yaml or name', outputFormat, 'table')
    .addHelpText(
      'before',
      'Examples:\n  swarm get runs\n  swarm get run incident-001 -o yaml\n  swarm get agents -A -o wide\n',
    )
    .action(
      async (
        kind: string,
        name: string | undefined,
        options: ClusterOptions & { output: OutputFormat; allNamespaces?: boolean; chunkSize: string },
      ) => {
        const target = targetOf(name === undefined ? [kind] : [kind, name])
        const text = await withCluster(options, (cluster) =>
          get({
            cluster,
            ...target,
            format: options.output,
            everywhere: options.allNamespaces === true,
            chunkSize: chunkSizeOf(options.chunkSize),
          }),
        )
        if (text !== '') console.log(text)
      },
    )
}

const get = async ({
  cluster,
  type,
  name,
  format,
  everywhere,
  chunkSize,
}: {
  readonly cluster: Cluster
  readonly type: ResourceType
  readonly name?: string
  readonly format: OutputFormat
  readonly everywhere: boolean
  /** Of tables; objects in full are asked for in pages of the client's own. */
  readonly chunkSize: number
}): Promise<string> => {
  const { connection, namespace } = cluster
  if (format === 'table' || format === 'wide') {
    const path =
      name === undefined
        ? collectionPath(type, everywhere ? undefined : namespace)
        : objectPath(type, { namespace, name })
    const answer = await wholeTable({ cluster, path, chunkSize })
    if (answer.rows.length === 0) {
      console.error(`No ${type.plural} found${everywhere ? '' : ` in namespace ${namespace}`}.`)
      return ''
    }
    return renderTable({ answer, wide: format === 'wide', everywhere })
  }
  if (name !== undefined) {
    const object = await connection.get(type, { namespace, name })
    if (object === undefined) {
      throw new KubeswarmError({
        code: 'NotFound',
        message: `${type.kind} ${namespace}/${name} not found`,
        remedy: `swarm get ${type.plural} -n ${namespace}`,
      })
    }
    return printObjects({ objects: [object], format, single: true, plural: type.plural })
  }
  const { items } = await connection.list<KubernetesObject>(type, everywhere ? {} : { namespace })
  return printObjects({ objects: items, format, single: false, plural: type.plural })
}

const chunkSizeOf = (text: string): number => {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new KubeswarmError({
    code: 'Usage',
    message: `--chunk-size "${text}" is not a number of objects`,
    remedy: 'leave it out, or give a number, for example --chunk-size 500',
  })
}

/** Page by page, as kubectl asks. */
const wholeTable = async ({
  cluster: { connection },
  path,
  chunkSize,
}: {
  readonly cluster: Cluster
  readonly path: string
  readonly chunkSize: number
}): Promise<Table> => {
  const limit = String(chunkSize)
  const page = (query: Readonly<Record<string, string>>): Promise<Table> =>
    connection.transport.exchange<Table>({
      method: 'GET',
      path,
      query,
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    })
  const first = await page({ limit })
  const rows = [...first.rows]
  for (let token = first.metadata?.continue ?? ''; token !== '';) {
    const next = await page({ limit, continue: token }).catch((error: unknown) => {
      // The snapshot of the first page is no longer there: all at once is one snapshot, too.
      if (error instanceof KubernetesApiError && error.status === 410) return undefined
      throw error
    })
    if (next === undefined) return page({})
    rows.push(...next.rows)
    token = next.metadata?.continue ?? ''
  }
  return { ...first, rows }
}

interface Table {
  readonly metadata?: { readonly continue?: string }
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[]
  readonly rows: readonly {
    readonly cells: readonly unknown[]
    readonly object?: { readonly metadata?: { readonly namespace?: string } }
  }[]
}

const renderTable = ({
  answer,
  wide,
  everywhere,
}: {
  readonly answer: Table
  readonly wide: boolean
  readonly everywhere: boolean
}): string => {
  const shown = answer.columnDefinitions.flatMap(({ priority }, index) =>
    wide || priority === 0 ? [index] : [],
  )
  const head = shown.map((index) => answer.columnDefinitions[index]?.name.toUpperCase() ?? '')
  const rows = answer.rows.map(({ cells, object }) => [
    ...(everywhere ? [object?.metadata?.namespace ?? ''] : []),
    ...shown.map((index) => cellText(cells[index])),
  ])
  return table([[...(everywhere ? ['NAMESPACE'] : []), ...head], ...rows])
}

const cellText = (cell: unknown): string =>
  cell === null || cell === undefined || cell === ''
    ? '<none>'
    : typeof cell === 'object'
      ? JSON.stringify(cell)
      : String(cell)
