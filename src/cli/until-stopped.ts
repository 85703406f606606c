// How a long-running command ends: the first signal asks it to close what it started, a second one does not wait.

/** Aborts on the first SIGINT, SIGTERM or SIGHUP. A second SIGINT ends the process at once (exit 130). */
export const stopSignal = (): AbortSignal => {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130)
      controller.abort(new Error(`stopped by ${name}`))
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
