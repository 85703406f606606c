// Splits a byte stream into lines. Lines may be megabytes long (a watch event with a big object), so pieces are
// collected and joined once instead of being concatenated chunk by chunk.

export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let pieces: Uint8Array[] = []
  for await (const chunk of stream) {
    let start = 0
    for (let end = chunk.indexOf(10, start); end !== -1; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end))
      const line = Buffer.concat(pieces).toString('utf8')
      pieces = []
      start = end + 1
      if (line !== '') yield line
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start))
  }
  // A last line without its newline is a torn event: the stream broke, and the reader resumes from the one before.
}
