/** Names and parameters that are tricks. */
import { configMap, configMaps, definitions, many } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const named = (name: string): HostileRequest => ({
  name: `the name ${JSON.stringify(name.slice(0, 20))}`,
  path: configMaps,
  body: () => configMap(name, {}),
  status: 422,
})

export const paths: readonly HostileRequest[] = [
  ...['../../etc/passwd', '..', 'a%2fb', 'a\0b', 'x'.repeat(1_000_000)].map(named),
  ...['..%2f..%2fsecrets', '%00', '%ff', '%zz', '__proto__', 'x'.repeat(12_000)].map(
    (name): HostileRequest => ({
      name: `the path …/${name.slice(0, 20)}`,
      method: 'GET',
      path: `${configMaps}/${name}`,
      status: 404,
    }),
  ),
  {
    name: 'a name of the prototype for a definition',
    method: 'GET',
    path: `${definitions}/__proto__`,
    status: 404,
  },
  {
    name: 'headers of 100 KB',
    method: 'GET',
    path: configMaps,
    headers: { 'x-large': 'x'.repeat(100_000) },
    status: 431,
  },
  {
    name: '1,000 lists within a selector',
    method: 'GET',
    path: `${configMaps}?labelSelector=${encodeURIComponent('a in ('.repeat(1_000))}`,
    status: 400,
  },
  {
    name: 'a parameter 5,000 times',
    method: 'GET',
    path: `${configMaps}?${many(5_000, () => 'a').join('&')}`,
    status: 200,
  },
]
