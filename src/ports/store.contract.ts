// All contracts of the store's ports, for an adapter to run.

import { inboxContract } from './inbox.contract.ts'
import { journalContract } from './journal.contract.ts'
import { outboxContract } from './outbox.contract.ts'
import { policyBookContract } from './policy-book.contract.ts'
import { runEndsContract } from './run-ends.contract.ts'
import { spendLedgerContract } from './spend-ledger.contract.ts'
import type { StoreFactory } from './store.fixtures.ts'
import { taskQueueContract } from './task-queue.contract.ts'
import { taskQueueProperties } from './task-queue.properties.contract.ts'

export const storeContract = (factory: StoreFactory): void => {
  journalContract(factory)
  taskQueueContract(factory)
  taskQueueProperties(factory)
  policyBookContract(factory)
  spendLedgerContract(factory)
  inboxContract(factory)
  runEndsContract(factory)
  outboxContract(factory)
}
