import { describe, expect, test } from 'vitest'
import { KubeswarmError } from '../domain/error.ts'
import { KubernetesApiError } from '../ports/resources.ts'
import { describeFailure } from './exit.ts'

const refused = (status: number, reason: string, said: string) =>
  describeFailure(new KubernetesApiError({ status, reason, said, message: `cannot POST /apis/x/y: ${said}` }))

describe('a failed command', () => {
  test('tells cause, remedy and code', () => {
    const error = new KubeswarmError({ code: 'StoreLocked', message: 'it is locked', remedy: 'unlock it' })
    expect(describeFailure(error)).toEqual({
      lines: ['error: it is locked', '  fix: unlock it', '  code: StoreLocked'],
      exitCode: 5,
    })
  })

  test('repeats the API server without the call, and takes the advice of our admission as the remedy', () => {
    const said =
      'admission webhook "admission.kubeswarm.io" denied the request: spec.teamRef: there is no SwarmTeam "paymnts" in the namespace. Did you mean "payments"?'
    expect(refused(422, 'Invalid', said)).toEqual({
      lines: [
        'error: spec.teamRef: there is no SwarmTeam "paymnts" in the namespace',
        '  fix: Did you mean "payments"?',
        '  code: InvalidManifest',
      ],
      exitCode: 2,
    })
  })

  test.each([
    [404, 'NotFound', 'NotFound', 3],
    [409, 'AlreadyExists', 'AlreadyExists', 2],
    [401, 'Unauthorized', 'Unauthorized', 4],
    [403, 'Forbidden', 'Forbidden', 4],
    [422, 'Invalid', 'InvalidManifest', 2],
    [500, 'InternalError', 'KubernetesApi', 5],
  ])('has a code, a remedy and an exit code for HTTP %i %s', (status, reason, code, exitCode) => {
    const failure = refused(status, reason, 'swarmruns.kubeswarm.io "x": no')
    expect(failure.lines).toEqual([
      'error: swarmruns.kubeswarm.io "x": no',
      expect.stringMatching(/^ {2}fix: ./),
      `  code: ${code}`,
    ])
    expect(failure.exitCode).toBe(exitCode)
  })

  test('says in words what the system says in letters', () => {
    const error = Object.assign(new Error("EISDIR: illegal operation on a directory, read '/tmp'"), {
      code: 'EISDIR',
      syscall: 'read',
      path: '/tmp',
    })
    expect(describeFailure(error)).toEqual({
      lines: [
        'error: cannot read "/tmp": it is a directory',
        '  fix: check the path and its permissions',
        '  code: InvalidInput',
      ],
      exitCode: 2,
    })
  })

  test('of local-kube keeps its code and remedy', () => {
    const error = Object.assign(new Error('port 1 is taken'), { code: 'PortTaken', remedy: 'choose another' })
    expect(describeFailure(error)).toEqual({
      lines: ['error: port 1 is taken', '  fix: choose another', '  code: PortTaken'],
      exitCode: 5,
    })
  })
})
