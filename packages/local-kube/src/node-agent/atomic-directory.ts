// Writes a volume's files so that a reader sees either all of the old ones or all of the new ones: they live in a
// dated directory behind the symbolic link `..data`, and a change is one rename of that link.

import { mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const link = '..data'

/** Returns whether anything changed. */
export async function writeAtomicDirectory({
  directory,
  files,
}: {
  readonly directory: string
  readonly files: ReadonlyMap<string, Buffer>
}): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const current = await readlink(join(directory, link)).catch(() => undefined)
  if (current !== undefined && (await holds(join(directory, current), files))) return false

  const next = `..${new Date().toISOString().replace(/[:.]/g, '_')}.${Math.random().toString(36).slice(2, 8)}`
  await mkdir(join(directory, next), { mode: 0o700 })
  for (const [path, content] of files) {
    await mkdir(dirname(join(directory, next, path)), { recursive: true, mode: 0o700 })
    await writeFile(join(directory, next, path), content, { mode: 0o600 })
  }
  await symlink(next, join(directory, `${link}_next`))
  await rename(join(directory, `${link}_next`), join(directory, link))

  const wanted = new Set([...files.keys()].map((path) => path.split('/')[0] ?? path))
  for (const name of await readdir(directory)) {
    if (name === link || name === next) continue
    if (name.startsWith('..') || !wanted.delete(name))
      await rm(join(directory, name), { recursive: true, force: true })
  }
  for (const name of wanted) await symlink(join(link, name), join(directory, name))
  return true
}

async function holds(directory: string, files: ReadonlyMap<string, Buffer>): Promise<boolean> {
  const present = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  if (present.filter((entry) => entry.isFile()).length !== files.size) return false
  for (const [path, content] of files) {
    const known = await readFile(join(directory, path)).catch(() => undefined)
    if (known === undefined || !known.equals(content)) return false
  }
  return true
}
