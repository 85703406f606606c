/** A whole cluster in a process of its own, with one program as the image of its pods, for tests that kill it. */
import { startLocalKube } from '../src/index.ts'

const [directory, ...command] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: whole-cluster.fixture.ts <directory> <command…>')
const { url, caCertificate, token } = await startLocalKube({
  directory,
  nodeAgent: { images: [{ match: 'example.com/app', command }] },
})
console.log(JSON.stringify({ url, ca: caCertificate, token }))
