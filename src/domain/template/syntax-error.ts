// A fault in a template's text, thrown inside the parser only; `parseTemplate` turns it into a value.

export class TemplateSyntaxError extends Error {
  readonly at: number
  readonly remedy: string | undefined

  constructor(at: number, message: string, remedy?: string) {
    super(message)
    this.at = at
    this.remedy = remedy
  }
}
