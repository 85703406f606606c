/** Which fields a JSON text names twice, as paths; `JSON.parse` keeps the last one and says nothing. */
import { endOfString } from './end-of-string.ts'

interface Level {
  readonly path: string
  /** Absent for a list. */
  readonly keys: Set<string> | undefined
  key: string
  index: number
  expectsKey: boolean
}

/** The text is valid JSON. */
export function duplicateKeys(text: string): readonly string[] {
  const found = new Set<string>()
  const levels: Level[] = []
  const here = (): string => {
    const level = levels.at(-1)
    if (level === undefined) return ''
    if (level.keys === undefined) return `${level.path}[${level.index}]`
    return level.path === '' ? level.key : `${level.path}.${level.key}`
  }
  const marks = /["{}[\],]/g
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const level = levels.at(-1)
    switch (mark[0]) {
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
      default: {
        const end = endOfString(text, mark.index + 1)
        marks.lastIndex = end + 1
        if (level?.expectsKey !== true) break
        level.key = JSON.parse(text.slice(mark.index, end + 1)) as string
        level.expectsKey = false
        if (level.keys?.has(level.key) === true) found.add(here())
        level.keys?.add(level.key)
      }
    }
  }
  return [...found]
}
