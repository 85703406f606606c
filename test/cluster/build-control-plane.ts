// Makes a real control plane once: kube-apiserver, etcd, kube-controller-manager and kubectl of one Kubernetes version,
// from their Go modules, into the user's cache. Quick when it is there; says so and does nothing where there is no Go.
// What cannot be built within the minutes given as the argument (40 when absent) is left for another time.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cacheDirectory, kubernetesVersion, moduleDirectory, programs } from './control-plane-binaries.ts'
import type { Program } from './control-plane-binaries.ts'

const deadline = Date.now() + Number(process.argv[2] ?? 40) * 60_000
const version = kubernetesVersion()
const directory = cacheDirectory()

const assets = process.env['KUBEBUILDER_ASSETS']
if (assets) {
  console.log(`control plane: ${assets} (KUBEBUILDER_ASSETS)`)
} else {
  const wanted = (Object.keys(programs) as Program[]).filter((name) => !existsSync(join(directory, name)))
  if (wanted.length === 0) console.log(`control plane: Kubernetes ${version} in ${directory}`)
  else if (spawnSync('go', ['version']).status !== 0)
    console.log(
      'control plane: skipped, because KUBEBUILDER_ASSETS is not set and there is no go on the PATH to build one',
    )
  else await buildAll(wanted)
}

async function buildAll(wanted: readonly Program[]): Promise<void> {
  console.log(
    `control plane: building ${wanted.join(', ')} of Kubernetes ${version} into ${directory}, once (10 to 30 minutes on 2 cores)`,
  )
  mkdirSync(directory, { recursive: true })
  for (const program of wanted) {
    if (!(await build(program))) {
      console.log(`control plane: ${program} could not be built`)
      return
    }
  }
}

async function build(program: Program): Promise<boolean> {
  const pack = programs[program]
  const environment = { ...process.env, CGO_ENABLED: '0' }
  const listed = spawnSync('go', ['list', '-deps', pack], {
    cwd: moduleDirectory,
    env: environment,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  if (listed.status !== 0) {
    process.stderr.write(listed.stderr)
    return false
  }
  const total = listed.stdout.trim().split('\n').length
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? []
  // Without these a client sees v0.0.0 and refuses to compare versions.
  const stamps = { gitVersion: version, gitMajor: major, gitMinor: minor }
  const flags = Object.entries(stamps).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  )
  const unfinished = join(directory, `.${program}.${process.pid}`)
  const child = spawn(
    'nice',
    [
      '-n',
      '10',
      'go',
      'build',
      '-v',
      '-trimpath',
      '-ldflags',
      ['-s', '-w', ...flags].join(' '),
      '-o',
      unfinished,
      pack,
    ],
    { cwd: moduleDirectory, env: environment, stdio: ['ignore', 'inherit', 'pipe'] },
  )
  const timer = setTimeout(() => child.kill(), Math.max(0, deadline - Date.now()))
  let compiled = 0
  let reported = Date.now()
  // With -v, go names each package as it is compiled; those from its cache are not named.
  for await (const line of createInterface({ input: child.stderr })) {
    if (!/^[\w.-]+(\/[\w.~-]+)*$/.test(line)) console.log(line)
    compiled += 1
    if (Date.now() - reported < 15_000) continue
    reported = Date.now()
    console.log(`  ${program}: ${compiled} packages compiled, of at most ${total}`)
  }
  clearTimeout(timer)
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.on('close', resolve)))
  if (code !== 0) return false
  // Whoever sees the file sees all of it.
  renameSync(unfinished, join(directory, program))
  console.log(`  ${program}: done`)
  return true
}
