// Remedies that name what was probably meant.

import { closestName } from '../closest-name.ts'

/** `Did you mean "investigator"?`, or what there is to choose from. */
export const suggest = ({
  wanted,
  known,
  noun,
}: {
  readonly wanted: string
  readonly known: readonly string[]
  /** What the names are, in the plural: `roles`. */
  readonly noun: string
}): string => {
  const near = closestName(wanted, known)
  if (near !== undefined) return `Did you mean "${near}"?`
  if (known.length === 0) return `There are no ${noun}.`
  const shown = known.slice(0, 10).map((name) => `"${name}"`)
  return `There are the ${noun} ${shown.join(', ')}${known.length > shown.length ? ', …' : ''}.`
}
