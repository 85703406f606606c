// When the text of a condition (`if` of a step) means yes.

const no = new Set(['', 'false', '0', 'no'])

export const truthy = (text: string): boolean => !no.has(text.trim().toLowerCase())
