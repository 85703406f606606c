import { expect, test } from 'vitest'
import { heldSecrets } from './held-secrets.ts'

test('F97 names that say so and the credentials of tool servers are secrets; addresses and settings are not', () => {
  const environment = {
    OPENAI_API_KEY: 'sk-1\n',
    GITHUB_TOKEN: 't',
    DB_PASSWORD: 'p',
    DATABASE_URL: 'postgres://u:p@h/d',
    OPENAI_BASE_URL: 'http://x',
    KUBESWARM_HUB_TOKEN_PATH: '/var/token',
    AGENT_NAME: 'a',
    EMPTY_TOKEN: ' ',
  }
  const toolServers = [
    {
      name: 'pd',
      url: 'http://pd',
      transport: 'auto',
      onUnavailable: 'fail',
      auth: {
        header: 'Authorization',
        scheme: 'Bearer',
        valueFrom: { file: 'a', secret: 'pd', key: 'token' },
      },
      headers: [{ name: 'X-Org', valueFrom: { file: 'b', secret: 'org', key: 'id' } }],
    },
  ] as const
  let held: Readonly<Record<string, string>> = { a: 'c\n', b: 'o' }
  const now = () => heldSecrets({ environment, toolServers, credential: ({ file }) => held[file] })
  expect(now()).toEqual([
    { name: 'OPENAI_API_KEY', value: 'sk-1' },
    { name: 'GITHUB_TOKEN', value: 't' },
    { name: 'DB_PASSWORD', value: 'p' },
    { name: 'DATABASE_URL', value: 'postgres://u:p@h/d' },
    { name: 'DATABASE_URL', value: 'p' },
    { name: 'Secret pd token', value: 'c' },
    { name: 'Secret org id', value: 'o' },
  ])
  held = { a: 'rotated' }
  expect(now().at(-1)).toEqual({ name: 'Secret pd token', value: 'rotated' })
})

test('F97 lines of a key are secrets of their own, and so is a password inside a URL, whatever it is called', () => {
  const environment = {
    TLS_KEY: '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END KEY-----',
    UPSTREAM: 'https://swarm:p-a-s-s@host/',
  }
  expect(heldSecrets({ environment, toolServers: [], credential: () => undefined })).toEqual([
    { name: 'TLS_KEY', value: environment.TLS_KEY },
    { name: 'TLS_KEY', value: 'MIIEvQIBADANBgkqhkiG' },
    { name: 'UPSTREAM', value: 'p-a-s-s' },
  ])
})
