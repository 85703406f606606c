// An API server in a process of its own, so that its processor time can be told from the benchmark's. Prints where it is.

import { startApiServer } from 'local-kube'

const directory = process.argv[2]
if (directory === undefined) throw new Error('usage: serve.ts <directory>')
const { url, caCertificate, token } = await startApiServer({ directory })
console.log(JSON.stringify({ url, ca: caCertificate, token }))
