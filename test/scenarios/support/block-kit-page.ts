// A Slack message as a page, close enough to how Slack lays it out to be looked at: enough of Block Kit and mrkdwn for
// what notifications use. It is for eyes; what Slack takes is checked elsewhere.

import type { Block, SlackMessage } from '../../../src/domain/notify/slack-message.ts'

export const blockKitPage = (
  messages: readonly { readonly title: string; readonly message: SlackMessage }[],
): string =>
  `<!doctype html><meta charset="utf-8"><style>${style}</style>${messages
    .map(
      ({ title, message }) => `<figure><figcaption>${html(title)}</figcaption>${messageOf(message)}</figure>`,
    )
    .join('')}`

const style = `
  body { margin: 0; padding: 16px; width: 760px; font: 15px/1.46 "Lato", "Liberation Sans", Arial, "Noto Color Emoji", sans-serif; color: #1d1c1d; background: #fff }
  figure { margin: 0 0 22px; border-top: 1px solid #ddd; padding-top: 8px }
  figcaption { font-size: 12px; color: #868686; margin-bottom: 6px }
  .message { display: grid; grid-template-columns: 36px 1fr; gap: 8px }
  .face { width: 36px; height: 36px; border-radius: 6px; background: #326ce5; color: #fff; font-weight: 700; text-align: center; line-height: 36px }
  .name { font-weight: 900 } .app { font-size: 10px; background: #eee; border-radius: 2px; padding: 1px 3px; color: #616061; vertical-align: middle }
  .header { font-size: 18px; font-weight: 900; margin: 8px 0 4px }
  .section { margin: 4px 0 8px; white-space: pre-wrap; overflow-wrap: anywhere }
  .fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin: 4px 0 8px; overflow-wrap: anywhere; white-space: pre-wrap }
  .context { font-size: 12px; color: #616061; margin: 4px 0 }
  pre { background: #f8f8f8; border: 1px solid #ddd; border-radius: 4px; padding: 8px; margin: 4px 0; font: 12px/1.5 "Liberation Mono", monospace; white-space: pre-wrap }
  code { background: #f8f8f8; border: 1px solid #ddd; border-radius: 3px; padding: 0 3px; font: 12px "Liberation Mono", monospace; color: #c01343 }
  .context code { color: inherit } a { color: #1264a3; text-decoration: none }`

const messageOf = ({ blocks }: SlackMessage): string =>
  `<div class="message"><div class="face">k</div><div><span class="name">kubeswarm</span> <span class="app">APP</span>${blocks
    .map(blockOf)
    .join('')}</div></div>`

const blockOf = (block: Block): string => {
  switch (block.type) {
    case 'header':
      return `<div class="header">${html(block.text.text)}</div>`
    case 'section':
      return 'fields' in block
        ? `<div class="fields">${block.fields.map(({ text }) => `<div>${mrkdwn(text)}</div>`).join('')}</div>`
        : `<div class="section">${mrkdwn(block.text.text)}</div>`
    case 'context':
      return `<div class="context">${block.elements.map(({ text }) => mrkdwn(text)).join(' ')}</div>`
    case 'divider':
      return '<hr>'
  }
}

const html = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Slack's own markup is escaped as HTML is: what is left of `<` opens a link. */
const mrkdwn = (text: string): string =>
  text
    .split('```')
    .map((part, index) =>
      index % 2 === 1 ? `<pre>${part.replace(/^\n/, '').replace(/\n$/, '')}</pre>` : inline(part),
    )
    .join('')
    .replaceAll(/<\/pre>\n/g, '</pre>')

const inline = (text: string): string =>
  text
    .replaceAll(
      /<(https?:[^|>]+)\|([^>]+)>/g,
      (_, url: string, label: string) => `<a href="${url.replaceAll('"', '%22')}">${label}</a>`,
    )
    .replaceAll(/`([^`\n]+)`/g, '<code>$1</code>')
    .replaceAll(/(^|[\s(])\*([^*\n]+)\*(?=$|[\s).,:])/gm, '$1<b>$2</b>')
