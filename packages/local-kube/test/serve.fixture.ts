/** A server of its own process, for tests that kill it. Prints its address, CA and token as one JSON line. */
import { startApiServer } from '../src/index.ts'

const directory = process.argv[2]
if (directory === undefined) throw new Error('usage: serve.fixture.ts <directory>')
const { url, caCertificate, token } = await startApiServer({ directory })
console.log(JSON.stringify({ url, ca: caCertificate, token }))
