// The conformance table on a real kube-apiserver and on local-kube, row by row: what the table says must hold on both,
// and beyond that the two answers must be the same. Where they are not, the real one is right, unless the difference is
// in the list of explained ones; and that list may hold nothing that does not happen.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApiServer, startControllers } from '../../packages/local-kube/src/index.ts'
import { compareAnswers } from '../../packages/local-kube/test/compare-answers.ts'
import type { Difference } from '../../packages/local-kube/test/compare-answers.ts'
import { startConformanceSession } from '../../packages/local-kube/test/conformance-session.ts'
import type { ConformanceSession } from '../../packages/local-kube/test/conformance-session.ts'
import { controllersTable, serverTable } from '../../packages/local-kube/test/conformance-table.ts'
import type { Row } from '../../packages/local-kube/test/conformance/row.ts'
import { explain, explainedDifferences } from '../../packages/local-kube/test/differences.ts'
import { findControlPlane } from './control-plane-binaries.ts'
import { startControlPlane } from './start-control-plane.ts'

const found = findControlPlane()
if (found.type === 'absent') console.log(`conformance with a real control plane is skipped: ${found.reason}`)
const hasControllers = found.type === 'found' && found.binaries.kubeControllerManager !== undefined
if (found.type === 'found' && !hasControllers)
  console.log(
    'what controllers do is not compared: there is no kube-controller-manager beside kube-apiserver',
  )

const inWords = ({ path, here, real }: Difference): string =>
  `${path}: here ${JSON.stringify(here)}, real ${JSON.stringify(real)}`

describe.skipIf(found.type === 'absent')('local-kube and kube-apiserver', () => {
  let here: ConformanceSession
  let real: ConformanceSession
  let startAllControllers: () => Promise<void>
  const endings: (() => Promise<void>)[] = []
  const met = new Set<unknown>()

  beforeAll(async () => {
    if (found.type === 'absent') return
    const controlPlane = await startControlPlane(found.binaries, { controllers: false })
    endings.push(controlPlane.close)
    const local = await startApiServer()
    endings.push(local.close)
    startAllControllers = async () => {
      const controllers = await startControllers({ kubeconfig: local.kubeconfig() })
      endings.push(controllers.close)
      await controlPlane.startControllers()
    }
    const sessionOn = async (server: {
      readonly url: string
      readonly caCertificate: string
      readonly token: string
    }): Promise<ConformanceSession> => {
      const { url, caCertificate: ca, token } = server
      const session = await startConformanceSession({ url, ca, token })
      endings.push(session.close)
      return session
    }
    here = await sessionOn(local)
    real = await sessionOn(controlPlane)
  })
  afterAll(async () => {
    for (const end of endings.toReversed()) await end()
  })

  const perform = async (row: Row): Promise<void> => {
    const onReal = await real.perform(row)
    const onLocal = await here.perform(row)
    const differences = compareAnswers({
      row,
      here: { ...onLocal.answer, namespace: here.namespace },
      real: { ...onReal.answer, namespace: real.namespace },
    })
    const unexplained = differences.filter((difference) => {
      const seen = explain({ row: row.name, path: difference.path })
      if (seen !== undefined) met.add(seen)
      return seen === undefined
    })
    // What a difference breaks of the row's own promise is explained with it.
    const isExplained = differences.length > 0 && unexplained.length === 0
    expect({ real: onReal.faults, here: isExplained ? [] : onLocal.faults }).toEqual({
      real: [],
      here: [],
    })
    expect(unexplained.map(inWords)).toEqual([])
  }

  test.each(serverTable)('$name', perform)

  describe.skipIf(!hasControllers)('with controllers', () => {
    beforeAll(() => startAllControllers())

    test.each(controllersTable)('$name', perform)

    test('every explanation explains something', () => {
      const seen = explainedDifferences.flatMap((difference) => difference.seen ?? [])
      expect(seen.filter((where) => where.byChance !== true && !met.has(where))).toEqual([])
    })
  })
})
