/** `/metrics`: requests by method and code, objects by resource, watches. */
import type { Store } from '../storage/store.ts'

export class Metrics {
  readonly #requests = new Map<string, { count: number; milliseconds: number }>()

  count({ method, code, milliseconds }: { method: string; code: number; milliseconds: number }): void {
    const key = `method="${method}",code="${code}"`
    const entry = this.#requests.get(key) ?? { count: 0, milliseconds: 0 }
    entry.count += 1
    entry.milliseconds += milliseconds
    this.#requests.set(key, entry)
  }

  render({ store, watches }: { store: Store; watches: number }): string {
    const lines = ['# TYPE apiserver_request_total counter']
    for (const [labels, { count }] of this.#requests)
      lines.push(`apiserver_request_total{${labels}} ${count}`)
    lines.push('# TYPE apiserver_request_duration_seconds_sum counter')
    for (const [labels, { milliseconds }] of this.#requests)
      lines.push(`apiserver_request_duration_seconds_sum{${labels}} ${milliseconds / 1000}`)
    lines.push('# TYPE apiserver_storage_objects gauge')
    for (const [bucket, count] of store.counts())
      lines.push(`apiserver_storage_objects{resource="${bucket}"} ${count}`)
    lines.push(
      '# TYPE apiserver_longrunning_requests gauge',
      `apiserver_longrunning_requests{verb="WATCH"} ${watches}`,
    )
    lines.push('# TYPE apiserver_storage_revision counter', `apiserver_storage_revision ${store.revision}`)
    return `${lines.join('\n')}\n`
  }
}
