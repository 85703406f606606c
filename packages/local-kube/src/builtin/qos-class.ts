/** How a pod is treated when memory runs short, by what its containers ask for. */
import { asArray, asObject, deepEqual } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'

const FIGURES = ['cpu', 'memory']

export function qosClass(spec: JsonObject): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...asArray(spec['initContainers']), ...asArray(spec['containers'])].map((container) =>
    asObject(asObject(container)['resources']),
  )
  const figures = (resources: JsonObject, kind: string): JsonObject =>
    Object.fromEntries(
      Object.entries(asObject(resources[kind])).filter(
        ([name, value]) => FIGURES.includes(name) && !isZero(value),
      ),
    )
  const isEmpty = (object: JsonObject): boolean => Object.keys(object).length === 0
  if (containers.every((one) => isEmpty(figures(one, 'requests')) && isEmpty(figures(one, 'limits'))))
    return 'BestEffort'
  const isGuaranteed = containers.every((one) => {
    const limits = figures(one, 'limits')
    return (
      Object.keys(limits).length === FIGURES.length &&
      deepEqual({ ...limits, ...figures(one, 'requests') }, limits)
    )
  })
  return isGuaranteed ? 'Guaranteed' : 'Burstable'
}

const isZero = (value: JsonValue | undefined): boolean => Number.parseFloat(String(value)) === 0
