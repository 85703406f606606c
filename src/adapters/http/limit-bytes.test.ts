import { describe, expect, it } from 'vitest'

import { limitedResponse } from './light-response.ts'
import { networkFailure } from './network-failure.ts'

const streaming = (pieces: readonly string[]): Response =>
  new Response(
    new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece))
        controller.close()
      },
    }),
  )

describe('a limited response', () => {
  it('F43 X12 works on a response of the built-in fetch as well', async () => {
    const limit = { maxBytes: 10 }
    expect(await limitedResponse({ response: streaming(['short']), limit }).text()).toBe('short')
    let exceeded = false
    const long = limitedResponse({
      response: streaming(['0123456789', '!']),
      limit: { ...limit, onExceeded: () => (exceeded = true) },
    })
    const error: unknown = await long.text().catch((cause: unknown) => cause)
    expect(networkFailure(error).kind).toBe('too-large')
    expect(exceeded).toBe(true)
  })

  it('F43 counts anew after each event of a channel that stays open', async () => {
    const events = ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']
    const limit = { maxBytes: 12, perEvent: true }
    expect(await limitedResponse({ response: streaming(events), limit }).text()).toBe(events.join(''))
    const endless = limitedResponse({ response: streaming(['data: ', '12345', '67890']), limit })
    await expect(endless.text()).rejects.toThrow('larger than 12 bytes')
  })
})
