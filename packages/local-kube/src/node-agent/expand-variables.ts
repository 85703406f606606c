// `$(NAME)` in commands, arguments and environment values: replaced when NAME is known, left as it stands when not,
// `$$` is a literal `$`.

export function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([^()]*)\))/g, (whole, form: string, name: string | undefined) =>
    form === '$' ? '$' : (variables.get(name ?? '') ?? whole),
  )
}
