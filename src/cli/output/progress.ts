// Progress for a person: one line that changes while something goes on and stays as a plain line when it is done. Off
// a terminal only the plain lines are written.

import type { Paint } from './paint.ts'

export interface Progress {
  /** Shows what is going on now. */
  update(text: string): void
  /** Leaves a finished line. */
  done(text: string): void
  clear(): void
}

export const progressOn = ({
  stream,
  paint,
}: {
  readonly stream: NodeJS.WriteStream
  readonly paint: Paint
}): Progress => {
  const live = stream.isTTY
  const erase = () => {
    if (live) stream.write('\r\u001B[K')
  }
  return {
    update(text) {
      if (!live) return
      erase()
      stream.write(paint.dim(`  … ${text}`).slice(0, Math.max(20, (stream.columns ?? 80) + 8)))
    },
    done(text) {
      erase()
      stream.write(`  ${paint.green('✔')} ${text}\n`)
    },
    clear: erase,
  }
}
