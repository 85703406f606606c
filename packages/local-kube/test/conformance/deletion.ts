/** Finalizers, preconditions, collections. */
import { configMaps, merge, widgets } from './row.ts'
import type { Row } from './row.ts'

export const deletion: readonly Row[] = [
  {
    name: 'a finalizer holds an object',
    method: 'PATCH',
    path: `${widgets}/w`,
    type: merge,
    body: { metadata: { finalizers: ['example.com/hold'] } },
    status: 200,
  },
  {
    name: 'deleting a held object marks it',
    method: 'DELETE',
    path: `${widgets}/w`,
    status: 200,
    has: { metadata: { deletionTimestamp: /.+/, finalizers: ['example.com/hold'] } },
  },
  {
    name: 'no finalizer is added to a dying object',
    method: 'PATCH',
    path: `${widgets}/w`,
    type: merge,
    body: { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } },
    status: 422,
    has: { message: /no new finalizers can be added if the object is being deleted/ },
  },
  {
    name: 'the last finalizer lets it go',
    method: 'PATCH',
    path: `${widgets}/w`,
    type: merge,
    body: { metadata: { finalizers: null } },
    status: 200,
  },
  { name: 'and then it is gone', method: 'GET', path: `${widgets}/w`, status: 404 },
  {
    name: 'a delete with the wrong uid is refused',
    method: 'DELETE',
    path: `${configMaps}/one`,
    body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'no' } },
    status: 409,
  },
  {
    name: 'a collection is deleted by label',
    method: 'DELETE',
    path: `${configMaps}?labelSelector=set%3Dgen`,
    status: 200,
  },
  {
    name: 'a delete with the wrong version is refused',
    method: 'DELETE',
    path: `${configMaps}/one`,
    body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { resourceVersion: '1' } },
    status: 409,
  },
  { name: 'a dry delete', method: 'DELETE', path: `${configMaps}/one?dryRun=All`, status: 200 },
  { name: 'deletes nothing', method: 'GET', path: `${configMaps}/one`, status: 200 },
  {
    name: 'a delete of what is not there is NotFound',
    method: 'DELETE',
    path: `${configMaps}/none`,
    status: 404,
  },
  {
    name: 'an unknown propagation is refused',
    method: 'DELETE',
    path: `${configMaps}/one?propagationPolicy=Sideways`,
    status: 422,
  },
]
