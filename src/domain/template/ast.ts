// The syntax tree of a template. Places are offsets into the template's text; `positionAt` turns one into line and
// column for people.

export interface Template {
  readonly text: string
  readonly body: readonly TemplateNode[]
}

export type TemplateNode =
  | { readonly type: 'text'; readonly text: string; readonly at: number }
  | { readonly type: 'action'; readonly pipeline: Pipeline; readonly at: number }
  | {
      readonly type: 'if' | 'with'
      readonly branches: readonly { readonly pipeline: Pipeline; readonly body: readonly TemplateNode[] }[]
      readonly otherwise: readonly TemplateNode[]
      readonly at: number
    }
  | {
      readonly type: 'range'
      readonly pipeline: Pipeline
      readonly body: readonly TemplateNode[]
      readonly otherwise: readonly TemplateNode[]
      readonly at: number
    }
  | { readonly type: 'break' | 'continue'; readonly at: number }

/** `$a, $b := command | command`. Names are without the dollar. */
export interface Pipeline {
  readonly variables: readonly string[]
  /** True for `=`, which sets a variable that exists. */
  readonly assigns: boolean
  readonly commands: readonly Command[]
  readonly at: number
}

export type Command =
  | {
      readonly type: 'call'
      readonly name: string
      readonly operands: readonly Operand[]
      readonly at: number
    }
  | { readonly type: 'value'; readonly operand: Operand; readonly at: number }

export type Operand = { readonly at: number } & (
  | { readonly type: 'literal'; readonly value: string | number | bigint | boolean | null }
  /** `.a.b` from the dot; no names: the dot itself. */
  | { readonly type: 'field'; readonly names: readonly string[] }
  /** `$x.a.b`; the empty name is `$`, the data as it was given. */
  | { readonly type: 'variable'; readonly variable: string; readonly names: readonly string[] }
  | { readonly type: 'group'; readonly pipeline: Pipeline; readonly names: readonly string[] }
)

/** 1-based; columns count characters. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface TemplateError {
  readonly message: string
  readonly remedy?: string
  readonly position: Position
}

export const positionAt = (text: string, offset: number): Position => {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: Array.from(before.slice(lineStart)).length + 1 }
}

/** A template that prints exactly `text`, whatever it contains. */
export const literalTemplate = (text: string): string => text.replaceAll('{{', '{{"{{"}}')

/** What a template may cost. Beyond it, it is refused (F92). */
export const limits = {
  /** Characters of template text. */
  text: 512 * 1024,
  /** Nodes and operands. */
  nodes: 10_000,
  /** Blocks and parentheses inside each other. */
  depth: 32,
  /** Evaluated nodes and operands of one rendering. */
  steps: 100_000,
  /** Characters of rendered text. */
  output: 4 * 1024 * 1024,
} as const
