/** What the server takes, where a real one takes more or says nothing: one event loop serves everybody. */

export const BODY_BYTES = 3 * 1024 * 1024
/** Characters of JSON from which on a body is read and written in several turns of the loop. */
export const LARGE = 64 * 1024
/** Deeper than any schema, and shallow enough for every walk through it. */
export const DEEPEST = 500
/** Values in one body: members of objects and items of lists. */
export const MOST_VALUES = 30_000
