// What somebody is about to approve: every tool as models are told of it, and what differs from the last approval.

import type { ApprovalProposal } from '../session/approve-tools.ts'
import { forTerminal } from './for-terminal.ts'
import type { Paint } from './paint.ts'
import { changeLines } from './tool-server-report.ts'

export const proposalLines = (proposal: ApprovalProposal, paint: Paint): readonly string[] => [
  `${paint.bold(forTerminal(proposal.server))} of SwarmAgent ${proposal.agent} offers ${proposal.digest}`,
  ...proposal.tools.flatMap((tool) => [
    `  ${paint.bold(forTerminal(tool.tool))}${tool.allowed ? '' : '  (the agent may not call it)'}`,
    `    ${forTerminal(tool.description) || 'no description'}`,
    ...tool.words.map(([of, json]) => `    ${forTerminal(of)}: ${forTerminal(json)}`),
    ...(tool.hidesSomething ? ['    ! its definition holds characters that people do not see'] : []),
  ]),
  ...comparison(proposal, paint),
]

const comparison = ({ approval, patches }: ApprovalProposal, paint: Paint): readonly string[] => {
  switch (approval.type) {
    case 'unpinned':
      return ['nothing was approved before']
    case 'approved':
      return [
        patches.length === 0
          ? paint.green('this is approved already')
          : 'this is approved already; which tools it stands for will be noted',
      ]
    case 'changed':
      return [
        `approved before: ${approval.approved}`,
        ...(approval.changes === undefined
          ? ['  which tools that stood for is not known']
          : changeLines(approval.changes)),
      ]
  }
}
