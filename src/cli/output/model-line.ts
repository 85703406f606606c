// Which model runs, in one line, said wherever an embedded cluster introduces itself.

import type { ModelChoice } from '../../domain/model/choose-model.ts'

export const modelLine = (model: ModelChoice): string => {
  switch (model.type) {
    case 'endpoint':
      return `${model.models.join(', ')} from ${model.source} at ${model.baseUrl}`
    case 'scripted':
      return `the scripted model, not a real one (${model.reason}; ${model.remedy})`
  }
}
