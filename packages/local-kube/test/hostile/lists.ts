/** Many objects at once: selected, shown and removed. */
import { configMap, configMaps, many } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const selected = (selector: string): Pick<HostileRequest, 'method' | 'path'> => ({
  method: 'GET',
  path: `${configMaps}?labelSelector=${encodeURIComponent(selector)}`,
})

/** What is there before the lists are asked for. */
export const listed: readonly string[] = many(2_000, (index) =>
  configMap(`listed-${index}`, {}).replace('"name"', `"labels":{"a":"b${index % 100}"},"name"`),
)

export const lists: readonly HostileRequest[] = [
  {
    name: 'a selector of 1,500 values',
    ...selected(`a in (${many(1_500, (index) => `c${index}`).join(',')})`),
    status: 200,
    isLong: true,
  },
  {
    name: 'a selector of 1,000 parts',
    ...selected(many(1_000, (index) => `a!=c${index}`).join(',')),
    status: 200,
    isLong: true,
  },
  {
    name: 'a table of 2,000',
    method: 'GET',
    path: configMaps,
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    status: 200,
    isLong: true,
  },
  {
    name: 'all 2,000 removed',
    method: 'DELETE',
    path: `${configMaps}?labelSelector=a`,
    status: 200,
    isLong: true,
  },
]
