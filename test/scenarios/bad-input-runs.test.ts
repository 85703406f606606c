// What goes wrong while a run runs: tool servers and models that are down, refuse, or talk nonsense. Each failure is
// told once, with its cause, its remedy and its code, in the status, by `swarm run` and by `swarm describe`.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiOf, type Api } from './support/api.ts'
import { startModel, type TestModel } from './support/model.ts'
import { shownError } from './support/screen.ts'
import { checkout, cleanEnvironment, startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

const namespace = 'bad-input'
const key = 'sk-never-shown-5f2b'

const script = `
name: faults
rules:
  - {name: unauthorized, when: {user: do-401}, fault: {type: http, status: 401, body: {error: {message: "Incorrect API key provided: ${key}", code: invalid_api_key}}}}
  - {name: unknown-model, when: {user: do-404}, fault: {type: http, status: 404}}
  - {name: rate-limited, when: {user: do-429}, fault: {type: http, status: 429, headers: {retry-after: "1"}, times: 1}, answer: fine now}
  - {name: malformed, when: {user: do-malformed}, fault: {type: malformed-call, tool: post_message}}
  - {name: loop, when: {user: do-loop}, fault: {type: loop, tool: post_message, arguments: {channel: "#incidents", text: again}}}
  - {name: empty, when: {user: do-empty}, fault: {type: empty}}
  - {name: cut, when: {user: do-length}, fault: {type: length}}
  - {name: claim, when: {user: do-claim}, answer: I posted the message.}
  - {name: anything, answer: ok}
`

const slackAt = (name: string, url: string, more = '') => `
---
apiVersion: kubeswarm.io/v1alpha1
kind: SwarmAgent
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  model: test-model
  prompt: {inline: You post messages.}
  guardrails: {limits: {retries: 0}, tools: {allow: ["slack/*"]}}
  tools: {mcp: [{name: slack, url: "${url}"${more}}]}`

const mockSlack = `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: mock-slack, namespace: ${namespace}}
spec:
  selector: {matchLabels: {app: mock-slack}}
  template:
    metadata: {labels: {app: mock-slack}}
    spec:
      containers:
        - name: slack
          image: ghcr.io/kubeswarm/kubeswarm:0.1.0
          args: [mock, slack]
          ports: [{name: mcp, containerPort: 8080}, {name: control, containerPort: 8081}]
          readinessProbe: {httpGet: {path: /healthz, port: mcp}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: mock-slack, namespace: ${namespace}}
spec: {selector: {app: mock-slack}, ports: [{name: mcp, port: 8080}, {name: control, port: 8081}]}`

const space = `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${namespace}}`

/** Answers every request by its path: /500, /401, or a page of HTML. */
const startWrongServer = async (): Promise<Server> => {
  const server = createServer((request, response) => {
    const status = Number(request.url?.split('/')[1])
    if (status > 0) response.writeHead(status).end('no')
    else
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<html><body>Welcome to nginx!</body></html>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

interface RunStatus {
  readonly phase?: string
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly reason: string
    readonly message: string
  }[]
  readonly steps?: readonly {
    readonly name: string
    readonly message?: string
    readonly errorCode?: string
    readonly errorSuggestion?: string
  }[]
}

const statusOf = async (api: Api, run: string): Promise<RunStatus> => {
  const { status = {} } = await api.until<{ status?: RunStatus & { completionTime?: string } }>(
    `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmruns/${run}`,
    (object) => object.status?.completionTime !== undefined,
  )
  return status
}

/** One failed run, looked at from every side: each must tell the same. */
const expectToldEverywhere = async ({
  dev,
  api,
  run,
  args,
  code,
  says,
  fix,
}: {
  readonly dev: DevProcess
  readonly api: Api
  readonly run: string
  readonly args: readonly string[]
  readonly code: string
  readonly says: readonly string[]
  readonly fix: RegExp
}): Promise<string> => {
  const { exitCode, stdout, stderr } = await swarm([
    'run',
    '--name',
    run,
    '-n',
    namespace,
    '--kubeconfig',
    dev.kubeconfig,
    ...args,
  ])
  const shown = shownError(stderr)
  expect({ exitCode, stdout, code: shown.code }, stderr).toEqual({ exitCode: 1, stdout: '', code })
  expect(shown.message).toContain(`SwarmRun ${namespace}/${run} Failed: step "`)
  expect(shown.fix).toMatch(fix)
  expect(stderr).toContain(`next: swarm describe run ${run} -n ${namespace}`)

  const { phase, conditions = [], steps = [] } = await statusOf(api, run)
  const verdict = conditions.find(({ type }) => type === 'Succeeded')
  expect([phase, verdict?.status, verdict?.reason]).toEqual(['Failed', 'False', 'StepFailed'])
  const [step] = steps
  expect(step?.errorCode).toBe(code)
  expect(step?.errorSuggestion).toMatch(fix)
  const described = await swarm(['describe', 'run', run, '-n', namespace, '--kubeconfig', dev.kubeconfig])
  expect(described.exitCode).toBe(0)
  for (const text of [code, ...says])
    for (const told of [shown.message, verdict?.message, described.stdout]) expect(told).toContain(text)
  for (const text of says) expect(step?.message).toContain(text)
  expect(stderr + described.stdout + JSON.stringify(conditions)).not.toContain(key)
  return stderr
}

describe('with a model that does as its script says', () => {
  let dev: DevProcess
  let api: Api
  let directory: string
  let wrong: Server
  let closedPort: number

  beforeAll(async () => {
    const closed = await startWrongServer()
    closedPort = portOf(closed)
    await new Promise((resolve) => closed.close(resolve))
    wrong = await startWrongServer()
    directory = mkdtempSync(join(tmpdir(), 'bad-input-'))
    const slack = `http://mock-slack.${namespace}.svc`
    const wrongUrl = `http://127.0.0.1:${portOf(wrong)}`
    writeFileSync(
      join(directory, 'all.yaml'),
      [
        space,
        mockSlack,
        slackAt('poster', `${slack}:8080`),
        slackAt('nothing-listens', `http://127.0.0.1:${closedPort}`),
        slackAt('wrong-port', `${slack}:9999`),
        slackAt('no-service', `http://mock-slak.${namespace}.svc:8080`),
        slackAt('no-host', 'http://no-such-host.invalid:8080'),
        slackAt('fails', `${wrongUrl}/500`),
        slackAt('refuses', `${wrongUrl}/401`),
        slackAt('web-page', `${wrongUrl}/page`),
        slackAt('goes-on', `http://127.0.0.1:${closedPort}`, ', onUnavailable: degrade'),
        `
---
apiVersion: kubeswarm.io/v1alpha1
kind: SwarmTeam
metadata: {name: posters, namespace: ${namespace}}
spec:
  roles: [{name: poster, swarmAgent: poster}]
  pipeline: [{role: poster, mustCall: [slack/post_message], inputs: {task: "{{ .input.task }}"}}]`,
      ].join(''),
    )
    const scriptFile = join(mkdtempSync(join(directory, 'model-')), 'script.yaml')
    writeFileSync(scriptFile, script)
    dev = await startDevProcess({ args: ['--ephemeral', '--script', scriptFile, directory] })
    api = apiOf(dev.kubeconfig)
  })
  afterAll(async () => {
    await dev?.stop()
    wrong?.close()
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  })

  test.each([
    {
      agent: 'nothing-listens',
      code: 'ToolServerUnavailable',
      says: () => [`http://127.0.0.1:${closedPort}`, 'connection refused'],
      fix: /server runs/,
    },
    {
      agent: 'wrong-port',
      code: 'ToolServerUnavailable',
      says: () => [`http://mock-slack.${namespace}.svc:9999`, 'no ready endpoint'],
      fix: /url/,
    },
    {
      agent: 'no-service',
      code: 'ToolServerUnavailable',
      says: () => [`http://mock-slak.${namespace}.svc:8080`, 'no ready endpoint'],
      fix: /url/,
    },
    {
      agent: 'no-host',
      code: 'ToolServerUnavailable',
      says: () => ['http://no-such-host.invalid:8080', 'host is not known'],
      fix: /url/,
    },
    { agent: 'fails', code: 'ToolServerUnavailable', says: () => ['/500', 'HTTP 500'], fix: /server runs/ },
    { agent: 'refuses', code: 'ToolServerUnauthorized', says: () => ['/401', 'HTTP 401'], fix: /auth/ },
    {
      agent: 'web-page',
      code: 'ToolServerProtocol',
      says: () => ['/page', 'not answer as an MCP server'],
      fix: /check the URL/,
    },
  ])('tool server: $agent fails before any model call', async ({ agent, code, says, fix }) => {
    const stderr = await expectToldEverywhere({
      dev,
      api,
      run: `server-${agent}`,
      args: ['--agent', agent, '--prompt', 'hello'],
      code,
      says: ['"slack"', ...says()],
      fix,
    })
    expect(stderr).not.toContain('test-model')
  })

  test('tool server: onUnavailable: degrade goes on without it', async () => {
    const { exitCode, stdout, stderr } = await swarm([
      'run',
      '--agent',
      'goes-on',
      '--prompt',
      'hello',
      '-n',
      namespace,
      '--kubeconfig',
      dev.kubeconfig,
    ])
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 0, stdout: 'ok\n' })
  })

  test.each([
    { does: 'do-401', code: 'ModelUnauthorized', says: ['"test-model"', 'HTTP 401'], fix: /OPENAI_API_KEY/ },
    { does: 'do-404', code: 'ModelNotFound', says: ['"test-model"', 'HTTP 404'], fix: /model/ },
    {
      does: 'do-malformed',
      code: 'InvalidModelResponse',
      says: ['slack/post_message', '3 times'],
      fix: /model/,
    },
    { does: 'do-loop', code: 'LoopDetected', says: ['slack/post_message', 'same arguments'], fix: /journal/ },
    { does: 'do-empty', code: 'EmptyAnswer', says: ['turn 1'], fix: /larger/ },
    { does: 'do-length', code: 'AnswerTruncated', says: ['token limit'], fix: /tokensPerCall/ },
  ])('model: $does fails with $code', async ({ does, code, says, fix }) => {
    await expectToldEverywhere({
      dev,
      api,
      run: `model-${does}`,
      args: ['--agent', 'poster', '--prompt', does],
      code,
      says,
      fix,
    })
  })

  test('model: success claimed without the call that was demanded is no success', async () => {
    await expectToldEverywhere({
      dev,
      api,
      run: 'model-do-claim',
      args: ['posters', '--input', 'task=do-claim'],
      code: 'RequiredToolNotCalled',
      says: ['slack/post_message'],
      fix: /model/,
    })
  })

  test('model: a 429 that says when to come back is waited for, and seen', async () => {
    const { exitCode, stdout, stderr } = await swarm([
      'run',
      '--agent',
      'poster',
      '--prompt',
      'do-429',
      '-n',
      namespace,
      '--kubeconfig',
      dev.kubeconfig,
    ])
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 0, stdout: 'fine now\n' })
    expect(stderr).toContain('model call failed: ')
    expect(stderr).toContain('HTTP 429')
  })

  test('a run whose team is gone when it starts fails at once, by name', async () => {
    const runs = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmruns`
    const run = (name: string, spec: object) => ({
      apiVersion: 'kubeswarm.io/v1alpha1',
      kind: 'SwarmRun',
      metadata: { name },
      spec,
    })
    const team = {
      apiVersion: 'kubeswarm.io/v1alpha1',
      kind: 'SwarmTeam',
      metadata: { name: 'fleeting' },
      spec: {
        roles: [{ name: 'poster', swarmAgent: 'poster' }],
        pipeline: [{ role: 'poster', inputs: { t: 'x' } }],
      },
    }
    const teams = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmteams`
    await api.ok('POST', teams, { body: team })
    await api.ok('POST', runs, { body: run('orphan', { teamRef: 'fleeting', suspend: true }) })
    await api.ok('DELETE', `${teams}/fleeting`)
    await api.ok('PATCH', `${runs}/orphan`, {
      body: { spec: { suspend: false } },
      contentType: 'application/merge-patch+json',
    })
    const { phase, conditions } = await statusOf(api, 'orphan')
    const verdict = conditions?.find(({ type }) => type === 'Succeeded')
    expect([phase, verdict?.reason]).toEqual(['Failed', 'TeamNotFound'])
    expect(verdict?.message).toContain('SwarmTeam "fleeting"')

    const described = await swarm([
      'describe',
      'run',
      'orphan',
      '-n',
      namespace,
      '--kubeconfig',
      dev.kubeconfig,
    ])
    expect(described.exitCode, described.stderr).toBe(0)
    expect(described.stdout).toContain('TeamNotFound')
    const logs = await swarm(['logs', 'run/orphan', '-n', namespace, '--kubeconfig', dev.kubeconfig])
    expect(logs.exitCode).toBe(3)
    expect(shownError(logs.stderr).message).toContain('TeamNotFound')
  })

  test('logs into a pipe that closes early end quietly', async () => {
    const shell = spawn(
      'bash',
      [
        '-c',
        `set -o pipefail; "${process.execPath}" "${join(checkout, 'bin/swarm.js')}" logs run/model-do-loop -o json -n ${namespace} --kubeconfig "${dev.kubeconfig}" | head -c 1; exit \${PIPESTATUS[0]}`,
      ],
      {
        env: cleanEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let stderr = ''
    shell.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const [exitCode] = (await once(shell, 'close')) as [number]
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })
})

describe('with a model and a tool server that go away', () => {
  let dev: DevProcess
  let model: TestModel
  let slack: ChildProcess
  let directory: string
  let hold = Promise.resolve()
  let asked = () => {}

  beforeAll(async () => {
    slack = spawn(
      process.execPath,
      [join(checkout, 'bin/swarm.js'), 'mock', 'slack', '--port', '0', '--control-port', '0'],
      { env: cleanEnvironment(), stdio: 'pipe' },
    )
    const url = await new Promise<string>((resolve, reject) => {
      let text = ''
      slack.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        const found = /MCP at (http:\/\/[^\s,]+)/.exec(text)?.[1]
        if (found !== undefined) resolve(found)
      })
      slack.once('close', () => reject(new Error(text)))
    })
    model = await startModel({
      models: ['test-model'],
      answer: async ({ messages }) => {
        asked()
        await hold
        return messages.some(({ role }) => role === 'tool')
          ? { text: 'Posted.' }
          : {
              call: {
                name: 'slack__post_message',
                arguments: { channel: '#incidents', text: 'Database down' },
              },
            }
      },
    })
    directory = mkdtempSync(join(tmpdir(), 'bad-input-'))
    writeFileSync(join(directory, 'all.yaml'), [space, slackAt('poster', url)].join(''))
    dev = await startDevProcess({
      args: ['--ephemeral', directory],
      environment: { OPENAI_BASE_URL: model.url },
    })
  })
  afterAll(async () => {
    await dev?.stop()
    slack?.kill()
    await model?.close()
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  })

  test('Ctrl-C while a run is watched leaves the run alone and says how to go on', async () => {
    let release = () => {}
    hold = new Promise((resolve) => (release = resolve))
    const underWay = new Promise<void>((resolve) => (asked = resolve))
    const watching = spawn(
      process.execPath,
      [
        join(checkout, 'bin/swarm.js'),
        'run',
        '--agent',
        'poster',
        '--prompt',
        'Post it.',
        '--name',
        'left-alone',
        '-n',
        namespace,
        '--kubeconfig',
        dev.kubeconfig,
      ],
      {
        env: cleanEnvironment(),
        stdio: 'pipe',
      },
    )
    let stderr = ''
    watching.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    await underWay
    while (!stderr.includes('running on')) await once(watching.stderr, 'data')
    watching.kill('SIGINT')
    const [exitCode] = (await once(watching, 'close')) as [number | null]
    expect(exitCode, stderr).toBe(130)
    expect(stderr).toContain(`the run goes on: swarm logs run/left-alone -n ${namespace} -f`)
    release()
    expect((await statusOf(apiOf(dev.kubeconfig), 'left-alone')).phase).toBe('Succeeded')
  })

  test('a tool server that goes down between listing and call fails the step, and the model claims nothing', async () => {
    asked = () => {}
    let gone = () => {}
    hold = new Promise((resolve) => (gone = resolve))
    const underWay = new Promise<void>((resolve) => (asked = resolve))
    const told = expectToldEverywhere({
      dev,
      api: apiOf(dev.kubeconfig),
      run: 'server-goes-down',
      args: ['--agent', 'poster', '--prompt', 'Post it.'],
      code: 'ToolServerUnavailable',
      says: ['"slack"', 'post_message'],
      fix: /server runs/,
    })
    await underWay
    slack.kill('SIGKILL')
    await once(slack, 'close')
    gone()
    await told
  })

  test('a model endpoint that is down is named with its address', async () => {
    // The agent that needs no tool server is made after the fact: the other's is down.
    await model.close()
    const api = apiOf(dev.kubeconfig)
    const agents = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmagents`
    await api.ok('POST', agents, {
      body: {
        apiVersion: 'kubeswarm.io/v1alpha1',
        kind: 'SwarmAgent',
        metadata: { name: 'thinker' },
        spec: { model: 'test-model', prompt: { inline: 'Think.' }, guardrails: { limits: { retries: 0 } } },
      },
    })
    await expectToldEverywhere({
      dev,
      api,
      run: 'model-down',
      args: ['--agent', 'thinker', '--prompt', 'Why?'],
      code: 'ModelUnreachable',
      says: ['"test-model"', new URL(model.url).host, 'connection refused'],
      fix: /OPENAI_BASE_URL/,
    })
  })
})
