// A fact as a CloudEvent (1.0, structured mode): what webhook channels send where no template says otherwise.

import { headline, wordings, type NotifyFact } from './notify-fact.ts'

export interface CloudEvent {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject: string
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly data: object
}

export const cloudEventContentType = 'application/cloudevents+json'

export const cloudEvent = ({
  fact,
  more = [],
}: {
  readonly fact: NotifyFact
  readonly more?: readonly NotifyFact[]
}): CloudEvent => {
  const { id, event, namespace, at, subject, message, run, isSample } = fact
  const plural = { team: 'swarmteams', agent: 'swarmagents', budget: 'swarmbudgets', notify: 'swarmnotifies' }
  const source =
    run === undefined
      ? `/namespaces/${namespace}/${plural[subject.kind]}/${subject.name}`
      : `/namespaces/${namespace}/swarmruns/${run.name}`
  return {
    specversion: '1.0',
    id,
    source,
    type: wordings[event].type,
    subject: subject.name,
    time: at,
    datacontenttype: 'application/json',
    data: {
      event,
      namespace,
      [subject.kind]: subject.name,
      headline: headline(fact),
      message,
      ...(isSample === true ? { isSample } : {}),
      ...(run === undefined ? {} : { run }),
      ...(more.length === 0
        ? {}
        : {
            more: more.map((other) => ({
              id: other.id,
              time: other.at,
              message: other.message,
              run: other.run?.name,
            })),
          }),
    },
  }
}
