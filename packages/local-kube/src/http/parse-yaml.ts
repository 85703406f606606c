/**
 * YAML bodies. Reading YAML is a hundred times slower than reading JSON, so anything long is read by a thread of its own,
 * which ends when it takes too long.
 */
import { Worker } from 'node:worker_threads'
import type { JsonValue } from '../json.ts'
import { badRequest } from '../status-error.ts'
import { checkJsonText } from './body-limits.ts'

// Of its warnings nobody should hear but the client, and they are not worth a header.
const OPTIONS = { schema: 'core', maxAliasCount: 100, logLevel: 'error' } as const
/** Characters read on the spot. */
const SHORT = 2 * 1024
const LONGEST_MILLISECONDS = 20_000
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData.library)
    .then(({ parse }) => parentPort.postMessage({ json: JSON.stringify(parse(workerData.text, workerData.options)) }))
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
    const json = await new Promise<string>((resolve, reject) => {
      worker.once('message', ({ json, problem }: { json: string; problem?: string }) => {
        if (problem === undefined) resolve(json)
        else reject(badRequest(problem))
      })
      worker.once('error', reject)
      worker.once('exit', () => reject(badRequest('the YAML takes too long to read; send it as JSON')))
    })
    // As text: an object that a thread hands over is made anew in one go, however many values it has.
    checkJsonText(json)
    return JSON.parse(json) as JsonValue
  } finally {
    clearTimeout(timer)
    void worker.terminate()
  }
}
