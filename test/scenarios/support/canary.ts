// A secret that is looked for everywhere: the forms in which text travels, and where in a directory any of them stands.

import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface Canary {
  /** Where it was put. */
  readonly name: string
  readonly value: string
}

/** The value in each form, by its name. Base64 without what its neighbours decide, at each of the three offsets. */
export const formsOf = (value: string): Readonly<Record<string, string>> => {
  const bytes = Buffer.from(value)
  const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)
  const base64 = (offset: number, encoding: 'base64' | 'base64url'): string =>
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString(encoding)
      .slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
  return {
    plain: value,
    json: inJson(value),
    'json in json': inJson(inJson(value)),
    'json with escaped slashes': inJson(value).replaceAll('/', String.raw`\/`),
    base64: base64(0, 'base64'),
    'base64 after one byte': base64(1, 'base64'),
    'base64 after two bytes': base64(2, 'base64'),
    base64url: base64(0, 'base64url'),
    'base64url after one byte': base64(1, 'base64url'),
    hex: bytes.toString('hex'),
    'upper-case hex': bytes.toString('hex').toUpperCase(),
    'percent-encoding': encodeURIComponent(value),
    'lower-case percent-encoding': encodeURIComponent(value).replaceAll(/%../g, (code) => code.toLowerCase()),
    'percent-encoding of a form': new URLSearchParams({ '': value }).toString().slice(1),
    'percent-encoding twice': encodeURIComponent(encodeURIComponent(value)),
    reversed: [...value].toReversed().join(''),
  }
}

/** Every form of every canary, one a line, as a tool or a model may say them. */
export const recital = (canaries: readonly Canary[]): string =>
  canaries
    .flatMap(({ name, value }) =>
      Object.entries(formsOf(value)).map(([form, text]) => `${name} as ${form}: <${text}>`),
    )
    .join('\n')

/** Which canary stands in a text, in which form. */
export const canariesIn = (text: string, canaries: readonly Canary[]): readonly string[] =>
  canaries.flatMap(({ name, value }) =>
    Object.entries(formsOf(value)).flatMap(([form, shape]) =>
      text.includes(shape) ? [`${name} as ${form}`] : [],
    ),
  )

/** Every file below a directory with its bytes as text. */
export const filesIn = (directory: string): readonly { readonly path: string; readonly text: string }[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile()) return []
    const path = join(entry.parentPath, entry.name)
    return [{ path: path.slice(directory.length + 1), text: readFileSync(path, 'latin1') }]
  })

/**
 * The objects of a stopped local-kube without its Secrets, which hold their values by nature: the file is copied, the
 * Secrets are taken out, and what is left is written anew, so that no freed page keeps them.
 */
export const objectsWithoutSecrets = (
  file: string,
): { readonly secrets: string; readonly others: string } => {
  const copy = `${file}.copy`
  copyFileSync(file, copy)
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`)
  const database = new DatabaseSync(copy)
  const secrets = (
    database.prepare(`SELECT object FROM objects WHERE json_extract(object, '$.kind') = 'Secret'`).all() as {
      readonly object: string
    }[]
  ).map(({ object }) => object)
  database.exec(`DELETE FROM objects WHERE json_extract(object, '$.kind') = 'Secret'`)
  database.exec('VACUUM')
  database.exec('PRAGMA journal_mode = DELETE')
  database.close()
  const others = readFileSync(copy, 'latin1')
  for (const end of ['', '-wal', '-shm']) rmSync(`${copy}${end}`, { force: true })
  return { secrets: secrets.join('\n'), others }
}
