/**
 * YAML bodies. Reading YAML is a hundred times slower than reading JSON, so anything long is read by a thread of its own,
 * which ends when it takes too long.
 */
import { Worker } from 'node:worker_threads'
import type { JsonValue } from '../json.ts'
import { badRequest } from '../status-error.ts'

// Of its warnings nobody should hear but the client, and they are not worth a header.
const OPTIONS = { schema: 'core', maxAliasCount: 100, logLevel: 'error' } as const
/** Characters read on the spot. */
const SHORT = 4 * 1024
const LONGEST_MILLISECONDS = 20_000
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData.library)
    .then(({ parse }) => parentPort.postMessage({ value: parse(workerData.text, workerData.options) }))
    .catch((error) => parentPort.postMessage({ problem: error.message }))
`

export async function parseYamlBody(text: string): Promise<JsonValue> {
  if (text.length <= SHORT) {
    const { parse } = await import('yaml')
    return parse(text, OPTIONS) as JsonValue
  }
  const worker = new Worker(PROGRAM, {
    eval: true,
    workerData: { library: import.meta.resolve('yaml'), text, options: OPTIONS },
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  })
  const timer = setTimeout(() => void worker.terminate(), LONGEST_MILLISECONDS)
  try {
    return await new Promise<JsonValue>((resolve, reject) => {
      worker.once('message', ({ value, problem }: { value: JsonValue; problem?: string }) => {
        if (problem === undefined) resolve(value)
        else reject(badRequest(problem))
      })
      worker.once('error', reject)
      worker.once('exit', () => reject(badRequest('the YAML takes too long to read; send it as JSON')))
    })
  } finally {
    clearTimeout(timer)
    void worker.terminate()
  }
}
