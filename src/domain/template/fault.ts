// A fault met while rendering, thrown inside the evaluator only; `renderTemplate` turns it into a value.

export class TemplateFault extends Error {
  readonly remedy: string | undefined
  /** Offset in the template's text, set by the evaluator at the innermost place it knows. */
  at: number | undefined

  constructor(message: string, remedy?: string) {
    super(message)
    this.remedy = remedy
  }
}
