// One test run over a source of which one check was taken away. Which one is in the environment.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { file, from, to } = JSON.parse(process.env['MUTANT'] ?? '{}') as {
  readonly file?: string
  readonly from?: string
  readonly to?: string
}

export default defineConfig({
  root,
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      load(id) {
        if (file === undefined || id !== `${root}src/${file}`) return undefined
        return readFileSync(id, 'utf8').replace(from ?? '', () => to ?? '')
      },
    },
  ],
  test: {
    include: ['src/**/*.test.ts'], // Kept from one run to the next, a module would come back without its change.
    fsModuleCache: false,
    testTimeout: 600_000,
    hookTimeout: 60_000,
    isolate: false,
    bail: 1,
  },
})
