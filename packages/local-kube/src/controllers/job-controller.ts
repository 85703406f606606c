// Job → Pods that run to their end.

import { isNotFound } from '../client/api-error.ts'
import { sameValue } from '../client/canonical-json.ts'
import type { Job, Pod } from '../client/kubernetes-types.ts'
import { kinds } from '../client/resource-kind.ts'
import type { Controller, ControllerContext } from './controller-context.ts'
import { planJob } from './job-plan.ts'
import { controllerOf, objectKey, splitKey } from './owned.ts'
import { podFromTemplate } from './pod-from-template.ts'
import { startReconciler } from './start-reconciler.ts'

export function startJobController({ client, informers, events, logger }: ControllerContext): Controller {
  const { jobs, pods } = informers

  const create = async (job: Job): Promise<void> => {
    const { name, uid, namespace } = job.metadata
    const labels = {
      'batch.kubernetes.io/job-name': name,
      'batch.kubernetes.io/controller-uid': uid,
      'job-name': name,
      'controller-uid': uid,
    }
    const body = podFromTemplate({ owner: job, kind: kinds.jobs, template: job.spec.template, labels })
    const pod = pods.learn(await client.create<Pod>({ kind: kinds.pods, namespace, body }))
    const message = `Created pod: ${pod.metadata.name}`
    events.record({ object: job, kind: kinds.jobs, type: 'Normal', reason: 'SuccessfulCreate', message })
  }

  const remove = async ({
    kind,
    object,
  }: {
    kind: (typeof kinds)['pods' | 'jobs']
    object: Job | Pod
  }): Promise<void> => {
    const { namespace, name, uid } = object.metadata
    try {
      await client.delete({ kind, namespace, name, uid, propagationPolicy: 'Background' })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  return startReconciler({
    name: 'job',
    logger,
    async reconcile(key, queue) {
      const job = jobs.get(splitKey(key))
      if (job === undefined) return
      const plan = planJob({ job, pods: pods.indexed(job.metadata.uid), at: Date.now() })
      if (plan.isExpired) return remove({ kind: kinds.jobs, object: job })
      if (plan.againIn !== undefined) queue.addAfter(key, plan.againIn + 10)
      await Promise.all([
        ...Array.from({ length: plan.create }, () => create(job)),
        ...plan.remove.map((object) => remove({ kind: kinds.pods, object })),
      ])
      if (sameValue(normal(plan.status), normal(job.status ?? {}))) return
      const { namespace, name, uid } = job.metadata
      const body = { metadata: { uid }, status: plan.status }
      jobs.learn(await client.patch<Job>({ kind: kinds.jobs, namespace, name, subresource: 'status', body }))
      const verdict = plan.status.conditions?.find(
        ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
      )
      if (verdict === undefined) return
      events.record({
        object: job,
        kind: kinds.jobs,
        type: verdict.type === 'Failed' ? 'Warning' : 'Normal',
        reason: verdict.type === 'Failed' ? (verdict.reason ?? 'Failed') : 'Completed',
        message: verdict.type === 'Failed' ? (verdict.message ?? '') : 'Job completed',
      })
    },
    watch: (queue) => [
      jobs.onChange(({ object }) => queue.add(objectKey(object))),
      pods.onChange(({ object }) => {
        const owner = controllerOf(object.metadata)
        if (owner?.kind === 'Job') queue.add(`${object.metadata.namespace}/${owner.name}`)
      }),
    ],
  })
}

function normal(status: object): object {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== 0))
}
