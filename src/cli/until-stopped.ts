// How a long-running command ends: the first signal asks it to close what it started, a second one does not wait.

/** One Ctrl-C may come twice: from the terminal, and from a parent that passes on what the terminal sent it too. */
const SAME_WISH_MS = 500

/** Aborts on the first SIGINT, SIGTERM or SIGHUP. A second one, later, ends the process at once (exit 130). */
export const stopSignal = (): AbortSignal => {
  const controller = new AbortController()
  let first = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        first = performance.now()
        controller.abort(new Error(`stopped by ${name}`))
      } else if (performance.now() - first > SAME_WISH_MS) process.exit(130)
    })
  }
  return controller.signal
}

/** Resolves after the first signal and the close that follows it. */
export const untilStopped = async (close: () => Promise<void>): Promise<void> => {
  const signal = stopSignal()
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await close()
}
