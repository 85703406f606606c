// Messages as people see them: rendered to a picture with our own rendering of Block Kit and a browser, to be looked
// at. The file's place is printed; KUBESWARM_PICTURES keeps it in a directory of your choice.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { notifyEvents } from '../../src/api/v1alpha1/index.ts'
import { sampleFact } from '../../src/domain/notify/sample-fact.ts'
import { slackMessage } from '../../src/domain/notify/slack-message.ts'
import { blockKitPage } from './support/block-kit-page.ts'

const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync('which', [name]).status === 0,
)
if (browser === undefined)
  console.log('skipped: the picture of notifications; there is no chromium (apt-get install chromium)')

const kept = process.env['KUBESWARM_PICTURES']
const directory = kept ?? mkdtempSync(join(tmpdir(), 'kubeswarm-notify-'))
afterAll(() => {
  if (kept === undefined) rmSync(directory, { recursive: true, force: true })
})

const fact = (event: (typeof notifyEvents)[number]) =>
  sampleFact({
    event,
    id: event,
    namespace: 'incident-response',
    notify: 'on-call',
    at: '2026-04-01T02:54:18.000Z',
  })
const hostile = (): ReturnType<typeof fact> => {
  const base = fact('TeamSucceeded')
  return {
    ...base,
    run: {
      ...base.run!,
      report: {
        ...base.run!.report,
        service: '<!channel> & <https://evil.example|click>',
        rootCause: `*not bold of ours* ${'a very long cause '.repeat(120)}`,
        remediation: ['```', 'rm -rf / # </pre><script>alert(1)</script>', '\u202egnp.exe'],
      },
    },
  }
}

test.skipIf(browser === undefined)('every message can be looked at', () => {
  mkdirSync(directory, { recursive: true })
  const more = Array.from({ length: 3 }, () => fact('TeamFailed'))
  const page = blockKitPage([
    ...notifyEvents.map((event) => ({ title: event, message: slackMessage({ fact: fact(event) }) })),
    { title: 'TeamFailed, with others', message: slackMessage({ fact: fact('TeamFailed'), more }) },
    { title: 'hostile text', message: slackMessage({ fact: hostile() }) },
  ])
  expect(page).not.toMatch(/<script|<!channel>/)
  const [source, picture] = [join(directory, 'slack.html'), join(directory, 'slack.png')]
  writeFileSync(source, page)
  execFileSync(
    browser ?? '',
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      `--user-data-dir=${join(directory, 'profile')}`,
      '--window-size=820,3400',
      `--screenshot=${picture}`,
      `file://${source}`,
    ],
    { stdio: 'pipe', timeout: 120_000 },
  )
  const png = readFileSync(picture)
  expect(png.subarray(1, 4).toString('latin1')).toBe('PNG')
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([820, 3400])
  // An empty page of that size is a few kilobytes.
  expect(png.length).toBeGreaterThan(50_000)
  console.log(`notifications: ${picture}${kept === undefined ? ' (removed at the end)' : ''}`)
})
