import { defineConfig } from 'vitest/config'

// `unit` runs in the one door (npm run check); `simulation` (seeded worlds, one core), `injection` (hostile texts, agents
// in this process) and `scenario` (real processes) are part of `npm test` as well.
// `cluster` needs a real control plane and is `npm run test:cluster`.
export default defineConfig({
  test: {
    // Two files at a time: what waits for processes and what computes fill each other's gaps on two cores.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'packages/*/src/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'injection',
          include: ['test/injection/**/*.test.ts', 'test/mutants/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'scenario',
          include: ['test/scenarios/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
