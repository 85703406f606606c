/** Watches that end after a second, and what they told until then. */
import { METADATA, TABLE, configMap, configMaps, merge } from './row.ts'
import type { Row } from './row.ts'

interface Event {
  readonly type: string
  readonly object: { readonly metadata: { readonly name: string } }
}
const told = (events: readonly Event[]): string =>
  events.map(({ type, object }) => `${type} ${object.metadata.name}`).join()
const telling =
  (text: string) =>
  (events: readonly Event[]): boolean =>
    told(events) === text

const label = (name: string, value: string | null): Row => ({
  name: `${name} is labelled ${value}`,
  method: 'PATCH',
  path: `${configMaps}/${name}`,
  type: merge,
  body: { metadata: { labels: { seen: value } } },
  status: 200,
})
const created = (name: string, labels: object): Row => ({
  name: `${name} is made to be watched`,
  method: 'POST',
  path: configMaps,
  body: configMap(name, { a: '1' }, { labels: { watched: 'yes', ...labels } }),
  status: 201,
})
const watch = `${configMaps}?watch=true&timeoutSeconds=1`

export const watches: readonly Row[] = [
  {
    name: 'a list says where a watch goes on',
    method: 'GET',
    path: `${configMaps}?labelSelector=watched`,
    status: 200,
    has: { items: [], metadata: { resourceVersion: /^\d+$/ } },
    remember: 'before',
  },
  created('apple', { seen: 'yes' }),
  created('pear', {}),
  label('pear', 'yes'),
  label('apple', null),
  {
    name: 'a watched object goes',
    method: 'DELETE',
    path: `${configMaps}/pear`,
    status: 200,
  },
  {
    name: 'a watch tells everything since a version, in order',
    method: 'GET',
    path: `${watch}&labelSelector=watched&resourceVersion={before.metadata.resourceVersion}`,
    status: 200,
    has: telling('ADDED apple,ADDED pear,MODIFIED pear,MODIFIED apple,DELETED pear'),
  },
  {
    name: 'a selector turns changes into arrivals and departures',
    method: 'GET',
    path: `${watch}&labelSelector=seen%3Dyes&resourceVersion={before.metadata.resourceVersion}`,
    status: 200,
    has: telling('ADDED apple,ADDED pear,DELETED apple,DELETED pear'),
  },
  {
    name: 'a watch follows one object by its name',
    method: 'GET',
    path: `${watch}&fieldSelector=metadata.name%3Dapple&resourceVersion={before.metadata.resourceVersion}`,
    status: 200,
    has: telling('ADDED apple,MODIFIED apple'),
  },
  {
    name: 'a watch of any version begins with what is there',
    method: 'GET',
    path: `${watch}&labelSelector=watched&resourceVersion=0`,
    status: 200,
    has: telling('ADDED apple'),
  },
  {
    name: 'a watch without a version does so too',
    method: 'GET',
    path: `${watch}&labelSelector=watched`,
    status: 200,
    has: telling('ADDED apple'),
  },
  {
    name: 'a watch for a list marks where the list ends',
    method: 'GET',
    path: `${watch}&labelSelector=watched&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    status: 200,
    has: [
      { type: 'ADDED', object: { metadata: { name: 'apple' } } },
      { type: 'BOOKMARK', object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } },
    ],
  },
  {
    name: 'initial events need a match',
    method: 'GET',
    path: `${watch}&sendInitialEvents=true&allowWatchBookmarks=true`,
    status: 422,
    has: { reason: 'Invalid' },
  },
  {
    name: 'initial events are not for lists',
    method: 'GET',
    path: `${configMaps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
    status: 422,
    has: { reason: 'Invalid' },
  },
  {
    name: 'a match without initial events is not for watches',
    method: 'GET',
    path: `${watch}&resourceVersion=1&resourceVersionMatch=NotOlderThan`,
    status: 422,
  },
  {
    name: 'a watch of tables names the columns once',
    method: 'GET',
    path: `${watch}&labelSelector=watched&resourceVersion={before.metadata.resourceVersion}`,
    accept: TABLE,
    status: 200,
    has: (
      events: readonly {
        readonly object: { readonly kind: string; readonly columnDefinitions?: readonly unknown[] | null }
      }[],
    ) =>
      events.length === 5 &&
      events.every(
        ({ object }, index) =>
          object.kind === 'Table' && (object.columnDefinitions?.length ?? 0) === (index === 0 ? 3 : 0),
      ),
  },
  {
    name: 'a watch of metadata',
    method: 'GET',
    path: `${watch}&labelSelector=watched`,
    accept: METADATA,
    status: 200,
    has: [{ type: 'ADDED', object: { kind: 'PartialObjectMetadata' } }],
  },
  {
    name: 'one object is watched at its own path',
    method: 'GET',
    path: `/api/v1/watch/namespaces/{ns}/configmaps/apple?timeoutSeconds=1`,
    status: 200,
    has: telling('ADDED apple'),
  },
  {
    name: 'a version that no history reaches is expired',
    method: 'GET',
    path: `/apis/conformance.example.com/v1/namespaces/{ns}/widgets?watch=true&timeoutSeconds=1&resourceVersion=1`,
    status: 200,
    has: [{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }],
  },
  {
    name: 'a watch of a version that is no number is refused',
    method: 'GET',
    path: `${watch}&resourceVersion=abc`,
    status: 500,
  },
]
