/** What people type: one story of kubectl commands, run in order on an empty cluster with a node that runs `example.com/app`. */
import { definition } from './conformance/definition.ts'

export interface Command {
  /** Separated by single spaces. */
  readonly args: string
  /** The manifest given as `-f -`. */
  readonly input?: object
  /** What the output holds. */
  readonly out?: RegExp
  /** The command fails, and says this. */
  readonly fails?: RegExp
  /** For commands that go on until stopped: once something is printed, `meanwhile` runs; ended when `until` is printed. */
  readonly watches?: { readonly meanwhile: string; readonly until: RegExp }
  /** A `sed` script that stands in for the editor. */
  readonly edit?: string
  /** Why something else is printed here than on a real API server. */
  readonly differs?: string
  /** It may also be the same. */
  readonly byChance?: true
  /** The minor version of the first kubectl that has it. */
  readonly since?: number
}

const KINDS = 'kinds that nothing here serves are not listed'
const OTHER_SERVER = 'they are different servers, and say so'
const LOOPBACK = 'pods of the node agent live at 127.0.0.1, which no EndpointSlice of a real server may hold'

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
        terminationGracePeriodSeconds: 1,
        containers: [
          { name: 'c', image, ports: [{ containerPort: 8080 }], env: [{ name: 'A', value: '1' }] },
        ],
      },
    },
    ...more,
  },
})
const widget = (spec: object, name = 'w'): object => ({
  apiVersion: 'conformance.example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
})
const list = (...items: readonly object[]): object => ({ apiVersion: 'v1', kind: 'List', items })
const configMap = (name: string, data: object, labels: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
})

export const script: readonly Command[] = [
  // Namespaces and a definition.
  { args: 'create namespace story', out: /namespace\/story created/ },
  { args: 'create namespace story', fails: /namespaces "story" already exists/ },
  { args: 'config set-context --current --namespace=story', out: /modified/ },
  { args: 'get namespaces', out: /NAME +STATUS +AGE\n(.*\n)*story +Active/ },
  { args: 'get namespace story -o wide', out: /story +Active/ },
  { args: 'apply -f -', input: definition, out: /widgets\.conformance\.example\.com created/ },
  {
    args: 'wait crd/widgets.conformance.example.com --for=condition=Established --timeout=60s',
    out: /condition met/,
  },
  { args: 'get crd widgets.conformance.example.com', out: /NAME +CREATED AT/ },

  // A custom resource from its first apply to its deletion.
  {
    args: 'apply -f -',
    input: widget({ model: 'abc' }),
    out: /widget\.conformance\.example\.com\/w created/,
  },
  { args: 'apply -f -', input: widget({ model: 'abc' }), out: /unchanged/ },
  { args: 'apply -f -', input: widget({ model: 'abcd' }), out: /configured/ },
  { args: 'diff -f -', input: widget({ model: 'abcd' }) },
  { args: 'diff -f -', input: widget({ model: 'other' }), fails: /\+ +model: other/ },
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
  { args: 'create -f -', input: widget({ model: 'abc' }), fails: /already exists/ },
  { args: 'create -f -', input: widget({}, 'w2'), fails: /spec\.model: Required value/ },
  {
    args: 'apply --validate=warn -f -',
    input: widget({ model: 'abcd', modle: 'x' }),
    out: /configured|unchanged/,
  },
  { args: 'apply --validate=false -f -', input: widget({ model: 'abcd' }), out: /configured|unchanged/ },
  { args: 'get wdg', out: /NAME +READY\nw/ },
  { args: 'get widgets -A', out: /NAMESPACE +NAME +READY\nstory +w/ },
  { args: 'get wdg w -o wide', out: /NAME +READY/ },
  { args: 'get wdg w -o jsonpath={.spec.model}', out: /^abcd/ },
  { args: 'get wdg w -o json', out: /"kind": "Widget"/ },
  { args: 'get wdg w -o yaml', out: /^kind: Widget$/m },
  { args: 'get wdg w -o yaml --show-managed-fields', out: /managedFields:/ },
  { args: 'get wdg -o name', out: /^widget\.conformance\.example\.com\/w$/m },
  { args: 'get wdg -o custom-columns=N:.metadata.name,R:.spec.replicas', out: /N +R\nw +1/ },
  { args: 'get wdg -o go-template={{range.items}}{{.metadata.name}}{{end}}', out: /^w/ },
  { args: 'get wdg nobody', fails: /NotFound\): widgets\.conformance\.example\.com "nobody" not found/ },
  { args: 'get wdg nobody --ignore-not-found' },
  { args: 'get things', fails: /doesn't have a resource type "things"/ },
  { args: 'explain widget', out: /KIND: +Widget/ },
  { args: 'explain widget.spec', out: /model\t<string> -required-/ },
  {
    args: 'explain widget --recursive',
    differs: 'the type of one field has no name of its own',
    out: /replicas/,
  },
  {
    args: 'explain deployment.spec.template.spec.containers',
    differs: 'values of an enum are listed without what they mean',
    out: /imagePullPolicy/,
  },
  { args: 'explain deployment.spec.strategy --recursive', out: /rollingUpdate/ },
  { args: 'explain pod.spec.nothing', fails: /field "nothing" does not exist/ },
  { args: 'patch wdg w --type=merge -p {"spec":{"replicas":3}}', out: /patched/ },
  { args: 'patch wdg w --type=merge -p {"spec":{"replicas":3}}', out: /patched \(no change\)/ },
  { args: 'patch wdg w --type=json -p [{"op":"replace","path":"/spec/replicas","value":4}]', out: /patched/ },
  { args: 'patch wdg w -p {"spec":{}}', fails: /application\/strategic-merge-patch\+json is not supported/ },
  {
    args: 'patch wdg w --subresource=status --type=merge -p {"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}',
    out: /patched/,
  },
  { args: 'edit wdg w', edit: 's/model: abcd/model: edited/', out: /edited/ },
  { args: 'edit wdg w', edit: 's/model: edited/model: edited/', out: /no changes made/ },
  { args: 'wait wdg w --for=condition=Ready --timeout=10s', out: /condition met/ },
  { args: 'wait wdg w --for=jsonpath={.status.phase}=Running --timeout=10s', out: /condition met/ },
  {
    args: 'wait wdg w --for=condition=Other --timeout=1s',
    fails: /timed out waiting for the condition/,
  },
  { args: 'scale wdg w --replicas=2', out: /scaled/ },
  { args: 'scale wdg w --current-replicas=9 --replicas=2', fails: /Expected replicas to be 9, was 2/ },
  { args: 'label wdg w tier=gold', out: /labeled/ },
  { args: 'label wdg w tier=silver', fails: /already has a value \(gold\), and --overwrite is false/ },
  { args: 'label wdg w tier=silver --overwrite', out: /labeled/ },
  { args: 'label wdg w tier-', out: /unlabeled/ },
  { args: 'label wdg w tier=gold', out: /labeled/ },
  { args: 'annotate wdg w note=hello', out: /annotated/ },
  { args: 'get wdg -l tier=gold --show-labels', out: /tier=gold/ },
  { args: 'get wdg -l tier=gold -L tier', out: /TIER/ },
  { args: 'get wdg -l tier!=gold', out: /No resources found/ },
  { args: 'get wdg --field-selector metadata.name=nobody', out: /No resources found/ },
  { args: 'get wdg --field-selector spec.model=x', fails: /field label not supported: spec\.model/ },
  { args: 'describe wdg w', out: /Model: +edited/ },
  {
    args: 'get wdg w -w',
    watches: {
      meanwhile:
        'patch wdg w --subresource=status --type=merge -p {"status":{"conditions":[{"type":"Ready","status":"False"}]}}',
      until: /False/,
    },
  },
  {
    args: 'get wdg -w',
    watches: {
      meanwhile:
        'patch wdg w --subresource=status --type=merge -p {"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}}',
      until: /Unknown/,
    },
  },
  {
    args: 'get wdg -w --output-watch-events',
    watches: { meanwhile: 'annotate wdg w note=again --overwrite', until: /MODIFIED/ },
  },
  { args: 'replace -f -', input: widget({ model: 'replaced' }), out: /replaced/ },
  {
    args: 'replace -f -',
    input: widget({ model: 'x' }, 'nobody'),
    fails: /"nobody" not found/,
  },

  // Server-side apply and its conflicts.
  { args: 'apply --server-side -f -', input: widget({ model: 'abc' }, 'ssa'), out: /serverside-applied/ },
  {
    args: 'apply --server-side --field-manager=other -f -',
    input: widget({ model: 'xyz' }, 'ssa'),
    fails: /Apply failed with 1 conflict: conflict with "kubectl": \.spec\.model/,
  },
  {
    args: 'apply --server-side --field-manager=other --force-conflicts -f -',
    input: widget({ model: 'xyz' }, 'ssa'),
    out: /serverside-applied/,
  },
  {
    args: 'apply --server-side --dry-run=server -f -',
    input: widget({ model: 'xyz' }, 'ssa'),
    out: /serverside-applied \(server dry run\)/,
  },
  { args: 'diff --server-side -f -', input: widget({ model: 'xyz' }, 'ssa') },
  {
    since: 32,
    args: 'apply --server-side --subresource=status -f -',
    input: {
      apiVersion: 'conformance.example.com/v1',
      kind: 'Widget',
      metadata: { name: 'ssa' },
      status: { phase: 'Done' },
    },
    out: /serverside-applied/,
  },

  // A Deployment that runs.
  { args: 'apply -f -', input: deployment('example.com/app:1'), out: /deployment\.apps\/web created/ },
  { args: 'rollout status deploy/web --timeout=120s', out: /successfully rolled out/ },
  { args: 'wait deploy/web --for=condition=Available --timeout=60s', out: /condition met/ },
  {
    args: 'apply --dry-run=server -f -',
    input: deployment('example.com/app:2'),
    out: /configured \(server dry run\)/,
  },
  { args: 'apply --dry-run=client -f -', input: deployment('example.com/app:2'), out: /\(dry run\)/ },
  { args: 'diff -f -', input: deployment('example.com/app:2'), fails: /\+ .*image: example\.com\/app:2/ },
  { args: 'apply -f -', input: deployment('example.com/app:2'), out: /configured/ },
  { args: 'rollout status deploy/web --timeout=120s', out: /successfully rolled out/ },
  {
    args: 'apply -f -',
    differs: 'the patch is told as it was sent, not as Go prints it',
    input: deployment('example.com/app:2', { replicsa: 2 }),
    fails: /unknown field "spec\.replicsa"/,
  },
  {
    args: 'apply -f -',
    input: deployment('example.com/app:2', { selector: { matchLabels: { app: 'other' } } }),
    fails: /field is immutable/,
  },
  { args: 'apply --server-side -f -', input: deployment('example.com/app:2'), out: /serverside-applied/ },
  { args: 'apply --server-side -f -', input: deployment('example.com/app:3'), out: /serverside-applied/ },
  { args: 'rollout status deploy/web --timeout=120s', out: /successfully rolled out/ },
  { args: 'set image deploy/web c=example.com/app:4', out: /image updated/ },
  { args: 'set env deploy/web B=2', out: /env updated/ },
  { args: 'set resources deploy/web --limits=cpu=1', out: /resource requirements updated/ },
  { args: 'rollout status deploy/web --timeout=120s', out: /successfully rolled out/ },
  { args: 'rollout history deploy/web', out: /REVISION +CHANGE-CAUSE/ },
  { args: 'rollout history deploy/web --revision=1', out: /example\.com\/app:1/ },
  { args: 'rollout undo deploy/web --to-revision=1', out: /rolled back/ },
  { args: 'rollout status deploy/web --timeout=120s', out: /successfully rolled out/ },
  { args: 'scale deploy web --replicas=1', out: /scaled/ },
  { args: 'rollout restart deploy web', out: /restarted/ },
  { args: 'rollout status deploy/web --timeout=120s', out: /successfully rolled out/ },
  { args: 'rollout pause deploy web', out: /paused/ },
  { args: 'rollout pause deploy web', fails: /is already paused/ },
  { args: 'rollout resume deploy web', out: /resumed/ },
  {
    args: 'patch deploy web -p {"spec":{"template":{"spec":{"containers":[{"name":"c","env":[{"name":"C","value":"3"}]}]}}}}',
    out: /patched/,
  },
  { args: 'rollout status deploy/web --timeout=120s', out: /successfully rolled out/ },
  { args: 'wait rs -l app=web --for=jsonpath={.metadata.name} --timeout=10s', out: /condition met/ },
  {
    args: 'get deploy',
    out: /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +1\/1/,
  },
  {
    args: 'get deploy -o wide',
    out: /NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nweb +1\/1/,
  },
  {
    args: 'describe deploy web',
    differs: 'events of one kind are counted, never combined',
    out: /RollingUpdateStrategy/,
  },
  { args: 'expose deploy web --port=80 --target-port=8080', out: /exposed/ },
  { args: 'get svc web', out: /web +ClusterIP +10\.96\./ },
  { args: 'get svc web -o wide', out: /SELECTOR/ },
  { args: 'describe svc web', differs: LOOPBACK, out: /Selector: +app=web/ },
  {
    args: 'get endpointslices -l kubernetes.io/service-name=web',
    differs: LOOPBACK,
    out: /ADDRESSTYPE|No resources found/,
  },

  // Pods and Jobs.
  { args: 'run p --image=example.com/app:1 --restart=Never', out: /pod\/p created/ },
  { args: 'wait pod/p --for=condition=Ready --timeout=120s', out: /condition met/ },
  { args: 'get pod p', out: /NAME +READY +STATUS +RESTARTS +AGE\np +1\/1 +Running +0/ },
  { args: 'get pod p -o wide', out: /NODE/ },
  { args: 'get pods --field-selector=status.phase=Running -l run=p', out: /p +1\/1/ },
  { args: 'get pods --sort-by=.metadata.name -l run=p', out: /p +1\/1/ },
  {
    args: 'describe pod p',
    differs: 'pods get no volume with a token of their account unless they ask for one',
    out: /Image: +example\.com\/app:1/,
  },
  { args: 'logs p', out: /./ },
  { args: 'logs p --tail=1 --timestamps', out: /^\d{4}-/ },
  { args: 'logs p --previous', fails: /previous terminated container "p" in pod "p" not found/ },
  { args: 'logs p -c nobody', fails: /container nobody is not valid for pod p/ },
  { args: 'logs deploy/web --tail=1', out: /./ },
  { args: 'logs -l run=p --prefix', out: /\[pod\/p\/p\]/ },
  { args: 'logs -f p', watches: { meanwhile: 'get pod p -o name', until: /./ } },
  { args: 'logs nobody', fails: /pods "nobody" not found/ },
  { args: 'run bad --image=example.com/app:1 --restart=Sometimes', fails: /invalid restart policy/ },
  {
    args: 'create job j --image=example.com/app:1 -- node -e console.log("done")',
    out: /job\.batch\/j created/,
  },
  { args: 'wait job/j --for=condition=Complete --timeout=120s', out: /condition met/ },
  { args: 'get job j', out: /j +Complete +1\/1/ },
  { args: 'logs job/j', out: /^done/ },
  { args: 'logs -f job/j', out: /^done/ },
  { args: 'describe job j', out: /Pods Statuses/ },

  // Everything that kubectl creates by itself.
  { args: 'create configmap c --from-literal=a=b', out: /created/ },
  { args: 'create configmap c --from-literal=a=b', fails: /already exists/ },
  { args: 'create configmap dry --from-literal=a=b --dry-run=client -o yaml', out: /^kind: ConfigMap$/m },
  { args: 'create configmap dry --from-literal=a=b --dry-run=server -o yaml', out: /^kind: ConfigMap$/m },
  { args: 'create secret generic s --from-literal=k=v', out: /created/ },
  { args: 'create secret docker-registry reg --docker-username=u --docker-password=p', out: /created/ },
  { args: 'get secret s -o jsonpath={.data.k}', out: /^dg==/ },
  { args: 'get secrets', out: /NAME +TYPE +DATA +AGE/ },
  { args: 'describe secret s', out: /k: +1 byte/ },
  { args: 'describe configmap c', out: /a:\n----\nb/ },
  { args: 'create serviceaccount bot', out: /created/ },
  { args: 'create token bot --audience=hub', out: /^[\w-]+\.[\w-]+\.[\w-]+/ },
  { args: 'describe sa bot', out: /Name: +bot/ },
  { args: 'create deployment d2 --image=example.com/app --replicas=0', out: /created/ },
  { args: 'create quota q --hard=count/secrets=30', out: /created/ },
  { args: 'create role r --verb=get --resource=pods', out: /created/ },
  { args: 'create rolebinding rb --role=r --serviceaccount=story:bot', out: /created/ },
  { args: 'create clusterrole story-cr --verb=get --resource=pods', out: /created/ },
  { args: 'create clusterrolebinding story-crb --clusterrole=story-cr --user=u', out: /created/ },
  { args: 'create service clusterip extra --tcp=80:8080', out: /created/ },
  { args: 'get roles', out: /NAME +CREATED AT/ },
  { args: 'get rolebindings -o wide', out: /ROLE/ },
  { args: 'describe role r', out: /PolicyRule/ },
  {
    args: 'get sa,cm,secret -o name',
    differs: 'no ConfigMap with the root certificate is published',
    out: /serviceaccount\/bot/,
  },
  {
    args: 'get all',
    differs: 'pods of the last rollout may still be on their way out',
    byChance: true,
    out: /deployment\.apps\/web/,
  },
  { args: 'get all -A -o name', differs: 'the API server is no Service', out: /deployment\.apps\/web/ },
  {
    args: 'apply -f -',
    input: list(configMap('l1', { a: '1' }, { set: 'l' }), configMap('l2', { a: '2' }, { set: 'l' })),
    out: /l1 created\nconfigmap\/l2 created/,
  },
  {
    args: 'apply --prune -l set=l --prune-allowlist=core/v1/ConfigMap -f -',
    input: list(configMap('l1', { a: '1' }, { set: 'l' })),
    out: /l2 pruned/,
  },
  { args: 'create event', fails: /./ },
  { args: 'events --for pod/p', out: /Pulled|Started|Created/ },
  { args: 'get events --field-selector involvedObject.name=p,reason=Started', out: /Started/ },
  { args: 'describe namespace story', differs: 'quotas are kept, not counted', out: /Status: +Active/ },

  // Questions.
  { args: 'auth can-i create pods', out: /^yes/ },
  { args: 'auth can-i --list', differs: 'RBAC is not enforced', out: /\*\.\*/ },
  { args: 'auth whoami', out: /kubernetes-admin/ },
  {
    args: 'api-resources --api-group=conformance.example.com',
    out: /widgets +wdg +conformance\.example\.com\/v1 +true +Widget/,
  },
  {
    args: 'api-resources --api-group=apps --namespaced=true -o name',
    differs: KINDS,
    out: /deployments\.apps/,
  },
  { args: 'api-versions', differs: KINDS, out: /apps\/v1/ },
  { args: 'cluster-info', out: /is running at/ },
  { args: 'version -o json', differs: OTHER_SERVER, out: /serverVersion/ },
  { args: 'get --raw /readyz', out: /ok/ },
  { args: 'get --raw /apis/conformance.example.com/v1/namespaces/story/widgets/w', out: /"Widget"/ },
  { args: 'get --raw /nothing', fails: /could not find the requested resource/ },
  { args: 'top pods', fails: /Metrics API not available|metrics/i },
  { args: 'get nodes', out: /NAME +STATUS/ },
  {
    args: 'describe node',
    differs: 'the controllers of nodes are not here: no labels of old, no event',
    out: /Name:/,
  },

  // And away with it, in each cascade.
  { args: 'delete wdg w', out: /deleted/ },
  { args: 'delete wdg w', fails: /not found/ },
  { args: 'delete wdg w --ignore-not-found' },
  { args: 'delete wdg --all', out: /"ssa" deleted/ },
  { args: 'delete pod p --now', out: /deleted/ },
  { args: 'delete job j --cascade=foreground', out: /deleted/ },
  { args: 'delete deploy d2 --cascade=orphan', out: /deleted/ },
  { args: 'delete deploy web --cascade=background', out: /deleted/ },
  { args: 'wait rs -l app=web --for=delete --timeout=60s' },
  { args: 'delete cm l1 c --wait=false', out: /deleted/ },
  {
    args: 'delete svc -l app=web --dry-run=server',
    out: /deleted \(server dry run\)|deleted.*\(server dry run\)/,
  },
  { args: 'delete -f -', input: list(configMap('none', {})), fails: /not found/ },
  { args: 'delete clusterrole,clusterrolebinding story-cr story-crb', fails: /not found/ },
  { args: 'delete namespace story --timeout=120s', out: /deleted/ },
  { args: 'get namespace story', fails: /not found/ },
  { args: 'delete namespace default', fails: /may not be deleted/ },
  { args: 'delete crd widgets.conformance.example.com', out: /deleted/ },
  { args: 'wait crd/widgets.conformance.example.com --for=delete --timeout=60s' },
  { args: 'get wdg', fails: /doesn't have a resource type|could not find the requested resource/ },
]

/** What a kubectl of a version, as `v1.31.9`, knows of the script. */
export const scriptFor = (version: string): readonly Command[] =>
  script.filter(({ since = 0 }) => Number(version.split('.')[1]) >= since)
