// One tool of a mock server: what it tells models about itself, and what it does.

import type { z } from 'zod'

export interface MockToolResult {
  readonly text: string
  readonly isError: boolean
}

export interface MockTool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: z.ZodObject
  readonly readOnly: boolean
  /** Whether the same call twice leaves the world as once. */
  readonly idempotent: boolean
  readonly run: (input: unknown) => MockToolResult
}

/** Ties the schema to the type of `run`'s argument; the server has validated the input by then. */
export const defineTool = <Input extends z.ZodObject>({
  run,
  ...tool
}: Omit<MockTool, 'input' | 'run'> & {
  readonly input: Input
  readonly run: (input: z.infer<Input>) => MockToolResult
}): MockTool => ({ ...tool, run: (input) => run(input as z.infer<Input>) })

export const found = (value: unknown): MockToolResult => ({ text: JSON.stringify(value), isError: false })
export const refused = (text: string): MockToolResult => ({ text, isError: true })
