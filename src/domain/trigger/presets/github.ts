// GitHub webhooks: dozens of events, each about one object of a repository. The object says title and page.

import { createHash } from 'node:crypto'
import { severityOf, type Alert } from '../alert.ts'
import { Unfit, at, first, needed, told } from '../body-reader.ts'
import type { Preset } from './preset.ts'

/** Where the object of an event is, by the most telling first. */
const objects = [
  'workflow_run',
  'workflow_job',
  'check_run',
  'check_suite',
  'deployment_status',
  'deployment',
  'issue',
  'pull_request',
  'release',
  'discussion',
  'alert',
  'head_commit',
] as const

export const github: Preset = {
  scheme: 'github',
  read: ({ body, header }) => {
    const event = header('x-github-event') ?? ''
    if (event === 'ping' || at(body, 'zen') !== undefined)
      return { type: 'greeting', message: `GitHub tries the address: ${told(body, 'zen')}` }
    const repository = first(body, 'repository.full_name', 'organization.login')
    if (repository === '') throw new Unfit('repository.full_name', 'is not in the data')
    const action = told(body, 'action')
    const type = [event || 'event', action].filter((part) => part !== '').join('.')
    const object = objects.find((name) => at(body, name) !== undefined && at(body, name) !== null)
    const conclusion = first(body, `${object}.conclusion`, `${object}.state`, 'deployment_status.state')
    const name = first(
      body,
      `${object}.title`,
      `${object}.display_title`,
      `${object}.security_advisory.summary`,
      `${object}.rule.description`,
      `${object}.name`,
      `${object}.description`,
      `${object}.message`,
    ).split('\n', 1)[0]
    const alert: Alert = {
      id: `${repository}#${first(body, `${object}.number`, `${object}.id`, 'after', 'ref') || type}`,
      title: `${repository}: ${name === undefined || name === '' ? type : name}${conclusion === '' ? '' : ` (${conclusion})`}`,
      description: first(
        body,
        `${object}.body`,
        `${object}.output.summary`,
        `${object}.security_advisory.description`,
      ),
      status: 'other',
      severity: severityOf(first(body, `${object}.security_advisory.severity`, `${object}.conclusion`)),
      service: repository,
      source: 'github',
      type,
      url: first(body, `${object}.html_url`, `${object}.url`, 'compare', 'repository.html_url'),
      startedAt: first(body, `${object}.run_started_at`, `${object}.created_at`, `${object}.timestamp`),
      actor: first(body, 'sender.login'),
      count: 1,
      labels: { event, action, conclusion, branch: first(body, `${object}.head_branch`, 'ref') },
    }
    return {
      type: 'alert',
      alert,
      // X-GitHub-Delivery is not signed, the body is; a redelivery sends the same one.
      id: createHash('sha256').update(JSON.stringify(body, plainNumbers)).digest('hex'),
      actors: [needed(body, 'sender.login')],
      starts: true,
      unless: '',
    }
  },
}

const plainNumbers = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value
