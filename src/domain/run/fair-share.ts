// Dividing a limited size among many: the small get all they want, the large share the rest evenly.

/** The largest share that each may take at most, so that all together stay within `total`. */
export const fairShare = (wanted: readonly number[], total: number): number => {
  const rising = wanted.toSorted((a, b) => a - b)
  let left = total
  for (const [index, size] of rising.entries()) {
    const share = Math.floor(left / (rising.length - index))
    if (size > share) return Math.max(0, share)
    left -= size
  }
  return rising.at(-1) ?? 0
}
