/** An API server that tells over IPC how long its event loop stood still, and how much it worked, since it was last asked. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startApiServer } from '../../src/index.ts'

const { url, caCertificate, token } = await startApiServer({ tls: false })
const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
let before = process.cpuUsage()
process.on('message', () => {
  const { user, system } = process.cpuUsage(before)
  process.send?.({ stall: delay.max / 1e6, work: (user + system) / 1e3 })
  before = process.cpuUsage()
  delay.reset()
})
process.on('disconnect', () => process.exit())
process.send?.({ url, ca: caCertificate, token })
