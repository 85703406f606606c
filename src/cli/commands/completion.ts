// swarm completion: a script for the shell, made from the commands as they are.

import type { Command } from 'commander'
import { KubeswarmError } from '../../domain/error.ts'
import { kindWords } from '../kinds.ts'

export const registerCompletion = (program: Command): void => {
  program
    .command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText(
      'before',
      'Examples:\n  source <(swarm completion bash)\n  swarm completion fish > ~/.config/fish/completions/swarm.fish\n',
    )
    .action((shell: string) => {
      const commands = program.commands.map((command) => ({
        name: command.name(),
        summary: command.summary(),
        parts: command.commands.map((part) => part.name()),
        options: [
          ...new Set(
            [command, ...command.commands].flatMap(({ options }) =>
              options.flatMap(({ long }) => (long ? [long] : [])),
            ),
          ),
        ],
      }))
      console.log(script(shell, commands))
    })
}

interface Completable {
  readonly name: string
  readonly summary: string
  /** Commands below it: `check` and `approve` of `mcp`. */
  readonly parts: readonly string[]
  /** Its own and those of its parts. */
  readonly options: readonly string[]
}

const script = (shell: string, commands: readonly Completable[]): string => {
  const names = commands.map(({ name }) => name).join(' ')
  const kinds = kindWords.join(' ')
  switch (shell) {
    case 'bash':
    case 'zsh':
      return [
        ...(shell === 'zsh' ? ['autoload -U +X bashcompinit && bashcompinit'] : []),
        '_swarm() {',
        '  local current="${COMP_WORDS[COMP_CWORD]}"',
        '  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "' +
          names +
          '" -- "$current")); return; fi',
        '  case "${COMP_WORDS[1]}" in',
        ...commands.map(({ name, parts, options }) => {
          const first = name === 'get' || name === 'describe' ? [kinds] : parts
          const words = [...first, ...options].join(' ')
          return `    ${name}) COMPREPLY=($(compgen -W "${words}" -- "$current") $(compgen -f -- "$current"));;`
        }),
        '  esac',
        '}',
        'complete -o default -F _swarm swarm',
      ].join('\n')
    case 'fish':
      return [
        'complete -c swarm -f -n __fish_use_subcommand -a "' + names + '"',
        `complete -c swarm -f -n "__fish_seen_subcommand_from get describe" -a "${kinds}"`,
        ...commands.flatMap(({ name, parts, options }) => [
          ...(parts.length === 0
            ? []
            : [`complete -c swarm -f -n "__fish_seen_subcommand_from ${name}" -a "${parts.join(' ')}"`]),
          ...options.map(
            (option) => `complete -c swarm -n "__fish_seen_subcommand_from ${name}" -l ${option.slice(2)}`,
          ),
        ]),
      ].join('\n')
    default:
      throw new KubeswarmError({
        code: 'Usage',
        message: `no completion for shell "${shell}"`,
        remedy: 'swarm completion bash, zsh or fish',
      })
  }
}
