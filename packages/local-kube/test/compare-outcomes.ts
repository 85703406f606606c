/** Whether two servers make kubectl print the same, once ages, names by chance, addresses and versions are out of the way. */
import type { CommandOutcome } from './kubectl-runner.ts'

export interface OutcomeDifference {
  readonly here: string
  readonly real: string
}

/** `undefined` when both have the same shape and exit code. */
export function compareOutcomes({
  here,
  real,
}: {
  readonly here: CommandOutcome
  readonly real: CommandOutcome
}): OutcomeDifference | undefined {
  const [left, right] = [shapeOf(here), shapeOf(real)]
  return left === right ? undefined : { here: left, real: right }
}

export const shapeOf = ({ code, stdout, stderr }: CommandOutcome): string =>
  [`exit code ${code}`, ...lines(inOrder(stdout)), ...lines(stderr).map((line) => `! ${line}`)].join('\n')

/** The fields of an object that is printed as the server sent it come in no order. */
function inOrder(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    )
  } catch {
    return text
  }
}

/** The widths of columns follow the longest cell, and so an age or a name by chance. */
const lines = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => normalise(line.replaceAll(/[ \t]+/g, ' ').trimEnd()))
    .filter((line) => line !== '' && line !== ' ')
    // How often one looks while a rollout is under way, and how often the same thing happened, is a matter of speed.
    .filter((line, index, all) => !line.startsWith('Waiting for deployment') && line !== all[index - 1])

function normalise(line: string): string {
  return (
    line
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, '<time>')
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}( \w+)?/g, '<time>')
      .replaceAll(/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, '<time>')
      .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>')
      // Of a ReplicaSet and its pods.
      .replaceAll(/\b(web|d2)-[a-z0-9]{6,10}(-[a-z0-9]{5})?\b/g, '$1-<hash>')
      .replaceAll(/\b(pod-template-hash)(=|: )"?[a-z0-9]{6,10}"?/g, '$1$2<hash>')
      .replaceAll(/\b(web|extra|j)-[a-z0-9]{5}\b/g, '$1-<suffix>')
      .replaceAll(/kube-api-access-\w{5}/g, 'kube-api-access-<suffix>')
      .replaceAll(/(resourceVersion"?: ?"?|Resource Version: )\d+/g, '$1<version>')
      .replaceAll(/local-process:\/\/[0-9a-f]+/g, 'local-process://<id>')
      .replaceAll('(combined from similar events): ', '')
      .replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, '<server>')
      .replaceAll(/\b127\.0\.0\.1:\d+/g, '<address>')
      .replaceAll(/\b10\.96\.\d+\.\d+\b/g, '<clusterIP>')
      .replaceAll(/(LIVE|MERGED)-\d+/g, '$1-<number>')
      .replaceAll(/("8080":)\d+/g, '$1<port>')
      // An age stands alone in its column, or before what it is the age of.
      .replaceAll(/(?<=^|[ (])(\d+[smhd])+(?=$|[ )])/g, '<age>')
      .replaceAll(/<age> \(x\d+ over <age>\)/g, '<age>')
      .replaceAll(/[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/g, '<token>')
  )
}
