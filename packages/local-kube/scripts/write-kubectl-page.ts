/** Writes `kubectl.md` from the kubectl script. */
import { writeFileSync } from 'node:fs'
import { renderKubectlPage } from '../test/kubectl-page.ts'

writeFileSync(new URL('../kubectl.md', import.meta.url), renderKubectlPage())
