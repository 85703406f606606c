/** Which fields a JSON text names twice, as paths; `JSON.parse` keeps the last one and says nothing. */

/** The text is valid JSON. */
export function duplicateKeys(text: string): readonly string[] {
  const found = new Set<string>()
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g
  interface Level {
    readonly path: string
    readonly keys: Set<string> | undefined
    key: string
    index: number
    expectsKey: boolean
  }
  const levels: Level[] = []
  const here = (): string => {
    const level = levels.at(-1)
    if (level === undefined) return ''
    if (level.keys === undefined) return `${level.path}[${level.index}]`
    return level.path === '' ? level.key : `${level.path}.${level.key}`
  }
  for (const [part] of text.matchAll(token)) {
    const level = levels.at(-1)
    switch (part) {
      case '{':
        levels.push({ path: here(), keys: new Set(), key: '', index: 0, expectsKey: true })
        break
      case '[':
        levels.push({ path: here(), keys: undefined, key: '', index: 0, expectsKey: false })
        break
      case '}':
      case ']':
        levels.pop()
        break
      case ',':
        if (level === undefined) break
        level.index += 1
        level.expectsKey = level.keys !== undefined
        break
      case ':':
        break
      default:
        if (level?.expectsKey !== true) break
        level.key = JSON.parse(part) as string
        level.expectsKey = false
        if (level.keys?.has(level.key) === true) found.add(here())
        level.keys?.add(level.key)
    }
  }
  return [...found]
}
