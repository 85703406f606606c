// swarm version: what runs here.

import type { Command } from 'commander'
import { oneOf } from '../options.ts'
import { version } from '../../processes/version.ts'

export const registerVersion = (program: Command): void => {
  program
    .command('version')
    .summary('print the version')
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText('before', 'Examples:\n  swarm version\n  swarm version -o json\n')
    .action(({ output }: { readonly output: string }) => {
      if (output === 'json')
        console.log(
          JSON.stringify({
            swarm: version,
            node: process.version,
            platform: `${process.platform}/${process.arch}`,
          }),
        )
      else console.log(`swarm ${version} (Node ${process.version}, ${process.platform}/${process.arch})`)
    })
}
