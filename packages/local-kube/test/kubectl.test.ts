/** Real kubectls against the API server: what people type, and what they are told. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApiServer } from '../src/index.ts'
import type { ApiServer } from '../src/index.ts'
import { definition } from './conformance-table.ts'
import { findKubectls } from './find-kubectl.ts'

const kubectls = findKubectls()
if (kubectls.length === 0)
  console.log('kubectl tests are skipped: no kubectl of 1.30 or newer is on the PATH or beside one that is')

interface Command {
  readonly args: string
  /** The manifest given as `-f -`. */
  readonly input?: object
  readonly out?: RegExp
  readonly fails?: RegExp
}

const deployment = (image: string, more: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [{ name: 'c', image, ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] }],
      },
    },
    ...more,
  },
})
const widget = (spec: object): object => ({
  apiVersion: 'conformance.example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w' },
  spec,
})

const commands: readonly Command[] = [
  { args: 'create namespace story', out: /namespace\/story created/ },
  { args: 'config set-context --current --namespace=story', out: /modified/ },
  { args: 'get namespaces', out: /NAME +STATUS +AGE\n(.*\n)*story +Active/ },
  { args: 'apply -f -', input: definition, out: /widgets\.conformance\.example\.com created/ },
  {
    args: 'apply -f -',
    input: widget({ model: 'abc' }),
    out: /widget\.conformance\.example\.com\/w created/,
  },
  { args: 'apply -f -', input: widget({ model: 'abc' }), out: /unchanged/ },
  { args: 'apply -f -', input: widget({ model: 'abcd' }), out: /configured/ },
  {
    args: 'create -f -',
    input: widget({ model: 'abc', modle: 'x' }),
    fails: /strict decoding error: unknown field "spec\.modle"/,
  },
  {
    args: 'apply -f -',
    input: widget({ model: 'ABC' }),
    fails: /The Widget "w" is invalid: spec\.model: Invalid value: "ABC": spec\.model in body should match/,
  },
  {
    args: 'apply --validate=warn -f -',
    input: widget({ model: 'abc', modle: 'x' }),
    out: /configured|unchanged/,
  },
  { args: 'get wdg', out: /NAME +READY\nw/ },
  { args: 'get widgets -A', out: /NAMESPACE +NAME +READY\nstory +w/ },
  { args: 'get wdg w -o jsonpath={.spec.model}', out: /^abc/ },
  { args: 'get wdg -o name', out: /^widget\.conformance\.example\.com\/w$/m },
  { args: 'get wdg -o custom-columns=N:.metadata.name,R:.spec.replicas', out: /N +R\nw +1/ },
  { args: 'explain widget.spec', out: /model\t<string> -required-/ },
  { args: 'explain widget --recursive', out: /replicas/ },
  { args: 'explain deployment.spec.template.spec.containers', out: /imagePullPolicy/ },
  { args: 'patch wdg w --type=merge -p {"spec":{"replicas":3}}', out: /patched/ },
  { args: 'patch wdg w --type=json -p [{"op":"replace","path":"/spec/replicas","value":4}]', out: /patched/ },
  { args: 'patch wdg w -p {"spec":{}}', fails: /application\/strategic-merge-patch\+json is not supported/ },
  {
    args: 'patch wdg w --subresource=status --type=merge -p {"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}',
    out: /patched/,
  },
  { args: 'wait wdg w --for=condition=Ready --timeout=10s', out: /condition met/ },
  { args: 'wait wdg w --for=jsonpath={.status.phase}=Running --timeout=10s', out: /condition met/ },
  { args: 'wait wdg w --for=condition=Other --timeout=1s', fails: /timed out waiting for the condition/ },
  { args: 'scale wdg w --replicas=2', out: /scaled/ },
  { args: 'label wdg w tier=gold', out: /labeled/ },
  { args: 'annotate wdg w note=hello', out: /annotated/ },
  { args: 'get wdg -l tier=gold --show-labels', out: /tier=gold/ },
  { args: 'get wdg --field-selector metadata.name=nobody', out: /No resources found/ },
  { args: 'describe wdg w', out: /Model: +abc/ },
  {
    args: 'apply --server-side -f -',
    input: { ...widget({ model: 'abc' }), metadata: { name: 'ssa' } },
    out: /serverside-applied/,
  },
  {
    args: 'apply --server-side --field-manager=other -f -',
    input: { ...widget({ model: 'xyz' }), metadata: { name: 'ssa' } },
    fails: /Apply failed with 1 conflict: conflict with "kubectl": \.spec\.model/,
  },
  {
    args: 'apply --server-side --field-manager=other --force-conflicts -f -',
    input: { ...widget({ model: 'xyz' }), metadata: { name: 'ssa' } },
    out: /serverside-applied/,
  },

  { args: 'apply -f -', input: deployment('example.com/a:1'), out: /deployment\.apps\/web created/ },
  {
    args: 'apply --dry-run=server -f -',
    input: deployment('example.com/a:2'),
    out: /configured \(server dry run\)/,
  },
  { args: 'apply -f -', input: deployment('example.com/a:2'), out: /configured/ },
  {
    args: 'apply -f -',
    input: deployment('example.com/a:2', { replicsa: 2 }),
    fails: /unknown field "spec\.replicsa"/,
  },
  { args: 'apply --server-side -f -', input: deployment('example.com/a:2'), out: /serverside-applied/ },
  { args: 'apply --server-side -f -', input: deployment('example.com/a:3'), out: /serverside-applied/ },
  { args: 'set image deploy/web c=example.com/a:4', out: /image updated/ },
  { args: 'set env deploy/web B=2', out: /env updated/ },
  { args: 'scale deploy web --replicas=1', out: /scaled/ },
  { args: 'rollout restart deploy web', out: /restarted/ },
  { args: 'rollout pause deploy web', out: /paused/ },
  {
    args: 'get deploy -o wide',
    out: /NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nweb +0\/1/,
  },
  { args: 'describe deploy web', out: /RollingUpdateStrategy/ },
  { args: 'expose deploy web --port=80', out: /exposed/ },
  { args: 'get svc web', out: /web +ClusterIP +10\.96\./ },
  { args: 'create configmap c --from-literal=a=b', out: /created/ },
  { args: 'create secret generic s --from-literal=k=v', out: /created/ },
  { args: 'get secret s -o jsonpath={.data.k}', out: /^dg==/ },
  { args: 'create serviceaccount bot', out: /created/ },
  { args: 'create token bot --audience=hub', out: /^[\w-]+\.[\w-]+\.[\w-]+/ },
  { args: 'create deployment d2 --image=example.com/b', out: /created/ },
  { args: 'create job j --image=example.com/b -- true', out: /created/ },
  { args: 'create quota q --hard=pods=3', out: /created/ },
  { args: 'create role r --verb=get --resource=pods', out: /created/ },
  { args: 'create rolebinding rb --role=r --serviceaccount=story:bot', out: /created/ },
  { args: 'run p --image=example.com/b', out: /pod\/p created/ },
  { args: 'get pods', out: /NAME +READY +STATUS +RESTARTS +AGE\np +0\/1 +Pending +0/ },
  { args: 'get all', out: /deployment\.apps\/web/ },
  { args: 'get events', out: /No resources found/ },
  { args: 'describe namespace story', out: /Status: +Active/ },
  { args: 'describe pod p', out: /Image: +example\.com\/b/ },
  { args: 'logs p', fails: /does not have a host assigned/ },
  { args: 'auth can-i create pods', out: /^yes/ },
  { args: 'auth can-i --list', out: /\*\.\*/ },
  { args: 'auth whoami', out: /kubernetes-admin/ },
  { args: 'api-resources', out: /widgets +wdg +conformance\.example\.com\/v1 +true +Widget/ },
  { args: 'api-versions', out: /apps\/v1/ },
  { args: 'cluster-info', out: /is running at/ },
  { args: 'get --raw /readyz', out: /ok/ },
  { args: 'delete wdg w', out: /deleted/ },
  { args: 'delete pod p', out: /deleted/ },
  { args: 'delete deploy -l app=web', out: /deleted/ },
  { args: 'delete crd widgets.conformance.example.com', out: /deleted/ },
  { args: 'get wdg', fails: /doesn't have a resource type|could not find the requested resource/ },
]

describe.skipIf(kubectls.length === 0).each(kubectls)('kubectl $version', ({ path }) => {
  const home = mkdtempSync(join(tmpdir(), 'local-kube-kubectl-'))
  const kubeconfig = join(home, 'kubeconfig')
  let server: ApiServer

  beforeAll(async () => {
    server = await startApiServer()
    writeFileSync(kubeconfig, server.kubeconfig())
  })
  afterAll(async () => {
    await server.close()
    rmSync(home, { recursive: true, force: true })
  })

  const run = ({ args, input }: Command): Promise<{ readonly failed: boolean; readonly output: string }> =>
    new Promise((resolve) => {
      const child = execFile(
        path,
        args.split(' '),
        { env: { HOME: home, KUBECONFIG: kubeconfig, PATH: process.env['PATH'] ?? '' }, timeout: 60_000 },
        (error, stdout, stderr) => resolve({ failed: error !== null, output: stdout + stderr }),
      )
      child.stdin?.end(input === undefined ? undefined : JSON.stringify(input))
    })

  test.each(commands)('$args', async (command) => {
    const { failed, output } = await run(command)
    expect({ failed, output }).toMatchObject({
      failed: command.fails !== undefined,
      output: expect.stringMatching(command.fails ?? command.out ?? /^/) as string,
    })
  })
})
