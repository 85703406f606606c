// The presets by name.

import type { webhookPresets } from '../../api/v1alpha1/index.ts'
import { alertmanager, grafana } from './presets/alertmanager.ts'
import { cloudevents } from './presets/cloudevents.ts'
import { github } from './presets/github.ts'
import { pagerduty } from './presets/pagerduty.ts'
import type { Preset } from './presets/preset.ts'
import { standardWebhooks } from './presets/standard-webhooks.ts'

export type PresetName = (typeof webhookPresets)[number]

export const presets: Readonly<Record<PresetName, Preset>> = {
  pagerduty,
  alertmanager,
  grafana,
  github,
  'standard-webhooks': standardWebhooks,
  cloudevents,
}
