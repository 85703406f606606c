// Which model runs, said wherever an embedded cluster introduces itself: what it is, and why it is that one.

import type { ModelChoice } from '../../domain/model/choose-model.ts'

export const modelLine = (model: ModelChoice): string => {
  switch (model.type) {
    case 'endpoint':
      return `${model.models.join(', ')} from ${model.source} at ${model.baseUrl}`
    case 'scripted':
      return 'the scripted model, not a real one'
  }
}

/** Why there is no real one, and what would change that; undefined where there is. */
export const modelReason = (model: ModelChoice): string | undefined =>
  model.type === 'scripted' ? `${model.reason}; for a real one: ${model.remedy}` : undefined
