/**
 * Every way in which local-kube is known to differ from kube-apiserver, and why. The README's table is written from this
 * list (`node packages/local-kube/scripts/write-differences.ts`); `npm run test:cluster` fails on a difference that is not in it, and on an
 * entry whose `seen` no longer happens.
 */
export interface ExplainedDifference {
  readonly here: string
  readonly real: string
  readonly because: string
  /** Absent where the table does not come by. */
  readonly seen?: readonly Sight[]
}

export const explainedDifferences: readonly ExplainedDifference[] = [
  {
    here: 'every authenticated user may do everything; access reviews allow and say "RBAC is not enforced here"',
    real: 'RBAC',
    because:
      'Roles are stored so that manifests apply; pretending to enforce them would be worse than not to',
    seen: [
      { row: 'an account without a role may not', path: /^status$/ },
      { row: 'may ', path: /^body\.status\.reason$/ },
    ],
  },
  {
    here: 'anonymous requests see only health and version, and are 401',
    real: 'some discovery too, and 403 for the rest',
    because: 'nobody needs it on one machine',
    seen: [{ row: 'a stranger sees no objects', path: /^status$/ }],
  },
  {
    here: 'answers of TokenRequest and of reviews have no managedFields, and users no credential-id',
    real: 'they have',
    because: 'what is not kept has no history',
    seen: [
      { row: 'with an audience', path: /^body\.metadata\.managedFields$/ },
      { row: 'a token of', path: /^body\.metadata\.managedFields$/ },
      { row: 'a token is reviewed', path: /^body\.(metadata\.managedFields|status\.user\.extra)$/ },
      { row: 'a foreign token is nobody', path: /^body\.metadata\.managedFields$/ },
      { row: 'may ', path: /^body\.metadata\.managedFields$/ },
      { row: 'an account may ask who it is', path: /^body\.status\.userInfo\.extra$/ },
    ],
  },
  {
    here: 'watch history begins with the process, and holds 20,000 events or 64 MB',
    real: "etcd's five minutes, across restarts",
    because: 'clients relist on 410 anyway, and this makes them practise it',
    seen: [{ row: 'a version that no history reaches is expired', path: /^body\[0\]/ }],
  },
  {
    here: 'a watcher that does not read is cut off when the history has moved past what it missed',
    real: 'after a few hundred events',
    because: 'nothing is kept for it, so it may take its time',
  },
  {
    here: '`continue` goes on from a key in the present state',
    real: "a snapshot of the first page's revision",
    because: 'no revision but the present is kept',
    seen: [{ row: 'a continue token of nobody is refused', path: /^body\.message$/ }],
  },
  {
    here: 'a list at `resourceVersion` N with `Exact` is answered with the present',
    real: 'that revision, or 410',
    because: 'no revision but the present is kept',
  },
  {
    here: 'items of a typed list name their kind and apiVersion',
    real: 'only those of custom resources do',
    because: "an object's text is made once, for lists, watches and gets alike; clients take either",
    seen: [{ path: /^body\.items\[\d+\]\.(apiVersion|kind)$/ }],
  },
  {
    here: 'OpenAPI v2 is answered with 406, or with a document that says nothing',
    real: 'protobuf',
    because: 'kubectl from 1.30 reads v3; older kubectls are not supported',
  },
  {
    here: 'answers are JSON, never protobuf or YAML',
    real: 'any of the three',
    because: 'every client accepts JSON; request bodies may be protobuf or YAML',
    seen: [{ row: 'YAML is served', path: /^contentType$/ }],
  },
  {
    here: 'columns of tables are described briefly or not at all',
    real: 'by the documentation of the field',
    because: 'nobody reads them there',
    seen: [{ path: /columnDefinitions\[\d+\]\.description$/ }],
  },
  {
    here: 'words about malformed JSON, wrong types, expressions and regular expressions are those of the libraries used',
    real: "those of Go's",
    because: 'the field, the reason and the code are the same; the rest is for human eyes',
    seen: [
      { row: 'a body that is no JSON is refused', path: /^body\.message$/ },
      { row: 'a wrong type of a builtin is refused', path: /^body\.message$/ },
      { row: 'a rule that is no expression is refused', path: /^body\.(message|details)/ },
      { row: 'a condition is an expression', path: /^body\.(message|details)/ },
      { row: 'a definition needs a version to store', path: /^body\.(message|details)/ },
    ],
  },
  {
    here: 'several faults are told in the order of the object, each once',
    real: 'in the order of a Go map, some twice',
    because: 'an order by chance cannot be followed',
    seen: [
      { row: 'several faults are told together', path: /^body\.message$/, byChance: true },
      { row: 'and values of their kind', path: /^body\.message$/, byChance: true },
      { row: 'no finalizer is added to a dying object', path: /^body\.details/ },
    ],
  },
  {
    here: 'an unknown field in a patch of a custom resource is told with the patch',
    real: 'with the whole patched object, and without its name',
    because: 'the patch is what the caller knows',
    seen: [{ row: 'a patch may bring no unknown field under Strict', path: /^body\.(message|details)/ }],
  },
  {
    here: 'an unknown field in a server-side apply is 400 or 422',
    real: '500 "field not declared in schema"',
    because: "it is the caller's mistake",
    seen: [{ row: 'an unknown field cannot be applied', path: /^status$/ }],
  },
  {
    here: '`exec`, `attach`, `port-forward`, `cp` are answered with 501',
    real: 'served',
    because: 'services and pods are reached by their `proxy` subresource, and on their real local ports',
  },
  {
    here: 'conversion webhooks are refused when a definition asks for one',
    real: 'called',
    because: 'versions of a kind share one schema in almost every CRD',
  },
  {
    here: '`reinvocationPolicy: IfNeeded` of webhooks is read as Never; ValidatingAdmissionPolicy is not served',
    real: 'honoured',
    because: 'not needed yet',
  },
  {
    here: 'webhooks are not asked about DELETE in the mutating phase',
    real: 'asked',
    because: 'a mutation of a deletion changes nothing',
  },
  {
    here: 'CEL costs are counted while rules run, not estimated, and types are not checked, when a definition is written; syntax is checked',
    real: 'all three',
    because: 'a rule that is cheap for every object met may be as wild as it likes',
    seen: [
      { row: 'a rule about a field that is not there is refused', path: /^status$/ },
      { row: 'a rule that answers no boolean is refused', path: /^status$/ },
    ],
  },
  {
    here: 'a body has at most 30,000 values, 500 levels, its defaults as many again, a rule 10,000 characters, a version 1,000 rules of 500,000 characters and patterns of 200,000 steps together (20,000 one); a text is not matched when pattern times text is too long, nor a rule evaluated when what it looks through is; 100 errors are told',
    real: 'larger or no limits',
    because: 'one event loop serves everybody, and nobody should be able to stop it',
  },
  {
    here: 'YAML longer than 2 KB is read by a thread, for 20 s at most',
    real: 'read at once',
    because: 'one event loop serves everybody',
  },
  {
    here: 'CEL libraries `ip`, `cidr`, `format`, `authorizer` are absent',
    real: 'present',
    because: 'rare in CRDs; a rule that needs one is refused when it is evaluated',
  },
  {
    here: 'the metadata of an embedded resource is kept as it is',
    real: 'pruned and warned of',
    because: 'embedded resources are rare, and nothing is lost',
    seen: [{ row: 'and keeps its fields', path: /^(warnings|body\.(metadata|spec\.embedded))/ }],
  },
  {
    here: 'a builtin is checked for unknown fields, types, required fields of its spec, enums, and the rules people run into',
    real: 'hundreds more rules',
    because: 'the rest does not change what a manifest for it looks like',
  },
  {
    here: 'quantities are kept as they were written',
    real: 'in a canonical form (`1000` becomes `1k`)',
    because: 'they are compared by value wherever it matters',
    seen: [{ row: 'a ResourceQuota is kept', path: /^body\.spec\.hard/ }],
  },
  {
    here: 'pods get no volume with a token of their account unless they ask for one',
    real: '`kube-api-access-…` is mounted into every container',
    because: 'processes have no mount of their own; a projected token they ask for is served',
    seen: [{ path: /^body(\.rows\[\d+\]\.object)?\.spec\.(containers\[\d+\]\.volumeMounts|volumes)$/ }],
  },
  {
    here: 'a PersistentVolumeClaim has no protecting finalizer',
    real: '`kubernetes.io/pvc-protection`',
    because: 'claims are stored, and nothing uses them',
    seen: [{ row: 'a PersistentVolumeClaim is filled in', path: /^body\.metadata\.finalizers$/ }],
  },
  {
    here: 'Services are of one family, IPv4',
    real: 'of two where a headless one has no selector',
    because: 'one machine, one loopback',
    seen: [{ row: 'a Service without an address', path: /^body\.spec\.ipFamil/ }],
  },
  {
    here: 'managedFields of a manager are not folded together beyond ten',
    real: 'folded',
    because: 'nobody gets that far in a test',
  },
  {
    here: 'no ResourceQuota, LimitRange, PodSecurity or priority admission',
    real: 'built in',
    because: 'stored, so that `kubectl describe namespace` works',
  },
  {
    here: 'kinds: see `kubectl api-resources`; no StatefulSet, DaemonSet, CronJob, Ingress, volumes',
    real: 'all',
    because: 'a request for one is answered 404, plainly',
  },
  {
    here: 'a Service has a ClusterIP that nothing routes',
    real: 'kube-proxy',
    because: 'names are resolved by the node agent; the field is filled because tools print it',
  },
]

/** Where the conformance table meets a difference: the beginning of the row's name, and what part of the answer. */
export interface Sight {
  readonly row?: string
  /** As in `Difference`. */
  readonly path: RegExp
  /** It may also not happen. */
  readonly byChance?: true
}

/** Where an explained difference is said to be seen, if this is one. */
export function explain({ row, path }: { readonly row: string; readonly path: string }): Sight | undefined {
  return explainedDifferences
    .flatMap(({ seen = [] }) => seen)
    .find((sight) => (sight.row === undefined || row.startsWith(sight.row)) && sight.path.test(path))
}

export function renderDifferences(): string {
  const rows = explainedDifferences.map(({ here, real, because }) => `| ${here} | ${real} | ${because} |`)
  return ['| here | on a real one | because |', '|---|---|---|', ...rows].join('\n')
}
