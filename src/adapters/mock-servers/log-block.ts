// Something a person should see in a mock's log: a title and a text between three rules.

import { withoutControls } from '../../domain/hidden-characters.ts'

const rule = '='.repeat(40)

export const logBlock = ({
  log,
  title,
  text,
}: {
  readonly log: (line: string) => void
  readonly title: string
  readonly text: string
}): void => {
  // Control characters would move a terminal's cursor or forge lines.
  for (const line of [rule, title, rule, ...withoutControls(text).split('\n'), rule]) log(line)
}
