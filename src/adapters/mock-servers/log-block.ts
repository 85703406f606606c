// Something a person should see in a mock's log: a title and a text between three rules.

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
  for (const line of [rule, title, rule, ...visible(text).split('\n'), rule]) log(line)
}

/** Keeps line breaks and tabs; other control characters would move a terminal's cursor or forge lines. */
const visible = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- removing control characters is its purpose
  text.replaceAll('\r\n', '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
