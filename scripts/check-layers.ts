// Holds the walls of the house (.dependency-cruiser.cjs) and makes sure that the tool saw the house at all: a parser
// that silently understands no TypeScript reports zero modules and zero violations.

import { cruise, type ICruiseResult, type IConfiguration } from 'dependency-cruiser'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const config = require('../.dependency-cruiser.cjs') as IConfiguration
const { output } = await cruise(['src', 'packages', 'bench'], {
  ...config.options,
  ruleSet: config,
  validate: true,
  outputType: 'json',
})
const result = (typeof output === 'string' ? JSON.parse(output) : output) as ICruiseResult

for (const { rule, from, to, cycle } of result.summary.violations) {
  console.log(
    `${rule.severity} ${rule.name}: ${from} → ${cycle ? cycle.map(({ name }) => name).join(' → ') : to}`,
  )
}
const ours = result.modules.filter(
  ({ source }) => source.startsWith('src/') || source.startsWith('packages/'),
)
const arrows = ours.reduce((sum, { dependencies }) => sum + dependencies.length, 0)
console.log(`${ours.length} modules, ${arrows} imports, ${result.summary.violations.length} violations`)
if (ours.length < 10 || arrows < 10) {
  console.log('error: the layer check saw almost nothing; it cannot vouch for the walls')
  process.exit(1)
}
process.exit(result.summary.error > 0 ? 1 : 0)
