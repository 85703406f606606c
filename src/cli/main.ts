// The `swarm` command: registers the verbs and ends every failure the same way.

import { Command, CommanderError } from 'commander'
import { registerCommands } from './commands.ts'
import { describeFailure, exitCodes } from './exit.ts'
import { withUsageErrors } from './usage-error.ts'

// A reader that has seen enough (`| head`) ends a command that only prints; what serves others goes on serving.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (process.listenerCount('SIGTERM') === 0) process.exit(exitCodes.ok)
  })

const program = withUsageErrors(new Command('swarm'), 'swarm --help lists the commands')
  .description('kubeswarm runs LLM agents as Kubernetes resources, and enforces what each of them may do.')
  .option('--no-color', 'plain text (also: NO_COLOR)')
  .addHelpText(
    'before',
    'Examples:\n  swarm demo                       the incident-response story, in seconds\n  swarm dev examples/incident-response\n                                   an embedded cluster for kubectl\n  swarm run --help                 start a run and follow it\n',
  )

try {
  await registerCommands({
    program,
    word: process.argv.slice(2).find((argument) => !argument.startsWith('-')),
  })
  for (const command of program.commands)
    withUsageErrors(command, `swarm ${command.name()} --help starts with examples`)
  await program.parseAsync(process.argv)
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has already printed its message; help and version are no failures.
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  } else {
    const { lines, exitCode } = describeFailure(error)
    for (const line of lines) console.error(line)
    process.exitCode = exitCode
  }
}
