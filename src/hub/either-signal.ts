// A signal that follows two others for as long as a request takes. `AbortSignal.any` would keep an entry on the
// hub's own long-lived signal for every request it ever served.

export const untilEither = (
  first: AbortSignal,
  second: AbortSignal,
): Disposable & { readonly signal: AbortSignal } => {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  if (first.aborted || second.aborted) abort()
  first.addEventListener('abort', abort)
  second.addEventListener('abort', abort)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      first.removeEventListener('abort', abort)
      second.removeEventListener('abort', abort)
    },
  }
}
