import { expect, test } from 'vitest'
import { environmentSecrets } from './environment-secrets.ts'

test('F97 names that say so and the credentials of tool servers are secrets; addresses and settings are not', () => {
  const environment = {
    OPENAI_API_KEY: 'sk-1\n',
    GITHUB_TOKEN: 't',
    DB_PASSWORD: 'p',
    DATABASE_URL: 'postgres://u:p@h/d',
    PD_CREDENTIAL_3: 'c',
    ORG: 'o',
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
      auth: { header: 'Authorization', scheme: 'Bearer', valueFromEnv: 'PD_CREDENTIAL_3' },
      headers: [{ name: 'X-Org', valueFromEnv: 'ORG' }],
    },
  ] as const
  expect(environmentSecrets({ environment, toolServers })).toEqual([
    { name: 'OPENAI_API_KEY', value: 'sk-1' },
    { name: 'GITHUB_TOKEN', value: 't' },
    { name: 'DB_PASSWORD', value: 'p' },
    { name: 'DATABASE_URL', value: 'postgres://u:p@h/d' },
    { name: 'PD_CREDENTIAL_3', value: 'c' },
    { name: 'ORG', value: 'o' },
  ])
})
