/**
 * The walls of the house (ARCHITECTURE.md, "The house"). A layer may import only what stands to its left in
 *   api ← domain ← ports ← { operator | hub | agent | adapters } ← processes ← cli
 * and siblings never import each other. local-kube imports nothing of ours.
 */
const may = (layer, allowed) => ({
  name: `${layer}-imports-only-what-it-may`,
  severity: 'error',
  comment: `src/${layer} may import only: ${[layer, ...allowed].join(', ')}`,
  from: { path: `^src/${layer}/` },
  to: { path: '^(src|packages)/', pathNot: `^src/(${[layer, ...allowed].join('|')})/` },
})

module.exports = {
  forbidden: [
    may('api', []),
    may('domain', ['api']),
    may('ports', ['api', 'domain']),
    may('operator', ['api', 'domain', 'ports']),
    // The wire (what travels between agent and hub) belongs to the hub; the agent may see that one file.
    may('hub', ['api', 'domain', 'ports']),
    {
      ...may('agent', ['api', 'domain', 'ports']),
      to: { path: '^(src|packages)/', pathNot: '^src/(agent|api|domain|ports)/|^src/hub/wire\\.ts$' },
    },
    {
      ...may('adapters', ['api', 'domain', 'ports']),
      to: { path: '^(src|packages)/', pathNot: '^src/(adapters|api|domain|ports)/|^src/hub/wire\\.ts$' },
    },
    {
      name: 'adapters-stay-apart',
      severity: 'error',
      from: { path: '^src/adapters/([^/]+)/' },
      to: { path: '^src/adapters/([^/]+)/', pathNot: '^src/adapters/($1|http)/' },
    },
    {
      ...may('processes', ['api', 'domain', 'ports', 'operator', 'hub', 'agent', 'adapters']),
      to: { path: '^src/cli/' },
    },
    {
      name: 'nothing-imports-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'local-kube-knows-nothing-of-us',
      severity: 'error',
      from: { path: '^packages/local-kube/' },
      to: { path: '^src/' },
    },
    {
      name: 'nothing-imports-bench',
      severity: 'error',
      from: { pathNot: '^bench/' },
      to: { path: '^bench/' },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      comment: 'no I/O in decisions',
      from: { path: '^src/(api|domain)/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
}
