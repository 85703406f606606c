/**
 * Requests and what a Kubernetes API server answers. The table holds for kube-apiserver too: it names nothing of this
 * implementation, works in a namespace of its own and cleans up after itself. Rows run in order.
 */
import { access } from './conformance/access.ts'
import { admission } from './conformance/admission.ts'
import { builtinKinds } from './conformance/builtin-kinds.ts'
import { builtins } from './conformance/builtins.ts'
import { cascades } from './conformance/cascades.ts'
import { customResources } from './conformance/custom-resources.ts'
import { definitionRows } from './conformance/definitions.ts'
import { deletion } from './conformance/deletion.ts'
import { discovery } from './conformance/discovery.ts'
import { objects } from './conformance/objects.ts'
import type { Row } from './conformance/row.ts'
import { serverSideApply } from './conformance/server-side-apply.ts'
import { strategicMerge } from './conformance/strategic-merge.ts'
import { watches } from './conformance/watches.ts'

export { definition } from './conformance/definition.ts'

/** What an API server answers by itself. */
export const serverTable: readonly Row[] = [
  ...discovery,
  ...objects,
  ...watches,
  ...builtins,
  ...builtinKinds,
  ...strategicMerge,
  ...customResources,
  ...definitionRows,
  ...serverSideApply,
  ...admission,
  ...deletion,
  ...access,
]

/** What becomes of it once controllers run too. */
export const controllersTable: readonly Row[] = cascades
