// One warning as the text of a `Warning` header. Clients read its bytes as UTF-8; node:http writes one byte for each
// character and refuses control characters, so both are settled here, whatever a webhook has to say.

export const warningHeader = (text: string): string => {
  const quoted = text
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    .replaceAll(/[\u0000-\u001f\u007f]+/g, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
  return `299 - "${Buffer.from(quoted, 'utf8').toString('latin1')}"`
}
