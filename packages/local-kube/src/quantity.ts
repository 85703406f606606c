// Kubernetes quantities (`500m`, `128Mi`, `1e3`) as numbers.

/** What a suffix multiplies by (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). */
export const quantitySuffixes: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

export function parseQuantity(text: string | number): number {
  if (typeof text === 'number') return text
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)$/.exec(text)
  const factor = quantitySuffixes[match?.[2] ?? '?']
  return match === null || factor === undefined ? Number.NaN : Number(match[1]) * factor
}
