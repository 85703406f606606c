// `local-kube`: the embedded API server as a store of objects with watchers.

import type { Benchmark, Contender } from '../benchmark.ts'
import { openSession, watchFigures, writesPerSecond } from './measure.ts'
import { findControlPlane } from '../../test/cluster/control-plane-binaries.ts'
import { startMeasuredControlPlane, startMeasuredLocalKube } from './server.ts'
import type { MeasuredServer } from './server.ts'

const real = findControlPlane()

export const localKubeBenchmark: Benchmark = {
  name: 'local-kube',
  measures:
    'ConfigMaps of 0.5 KB over TLS to a durable API server: writes a second (32 in flight), how long after a write is sent its watchers have read it, and the processor time of the server for one watched write.',
  figures: [
    { name: 'POST/s', better: 'higher' },
    { name: 'POST p50 ms', better: 'lower' },
    ...[1, 10, 100].map((count) => ({
      name: `watch p50 ms, ${count}`,
      better: 'lower' as const,
      ...(count === 1 ? { target: '≤ 2' } : {}),
    })),
    { name: 'watch p99 ms, 100', better: 'lower' },
    { name: 'CPU ms/write, 1', better: 'lower' },
    { name: 'CPU ms/write, 100', better: 'lower' },
    { name: 'CPU 100:1', better: 'lower', target: '≤ 3' },
  ],
  baseline: 'local-kube',
  rounds: 5,
  contenders: async () => {
    const ours = await contender(await startMeasuredLocalKube())
    return real.type === 'absent'
      ? [ours]
      : [ours, await contender(await startMeasuredControlPlane(real.binaries))]
  },
  notes: () =>
    real.type === 'absent'
      ? [`kube-apiserver did not take part: ${real.reason}`]
      : [
          'kube-apiserver includes its etcd, which writes without fsync here; local-kube flushes every answer.',
        ],
}

async function contender(server: MeasuredServer): Promise<Contender> {
  const session = openSession(server)
  return {
    name: server.name,
    async round() {
      const posts = await writesPerSecond(session)
      await session.remove()
      const [one, ten, hundred] = [
        await watchFigures({ session, server, watchers: 1 }),
        await watchFigures({ session, server, watchers: 10 }),
        await watchFigures({ session, server, watchers: 100 }),
      ]
      await session.remove()
      return {
        'POST/s': posts,
        'POST p50 ms': one.write,
        'watch p50 ms, 1': one.p50,
        'watch p50 ms, 10': ten.p50,
        'watch p50 ms, 100': hundred.p50,
        'watch p99 ms, 100': hundred.p99,
        'CPU ms/write, 1': one.processor,
        'CPU ms/write, 100': hundred.processor,
        'CPU 100:1': hundred.processor / one.processor,
      }
    },
    close: async () => {
      await session.close()
      await server.close()
    },
  }
}
