// The resource types of this version, as discovery names them.

import type { ResourceType } from '../resource.ts'

export const group = 'kubeswarm.io'
export const version = 'v1alpha1'
export const apiVersion = `${group}/${version}` as const
export type ApiVersion = typeof apiVersion

const resource = (kind: string): ResourceType => ({
  group,
  version,
  // "swarmpolicies" and "swarmnotifies" are not made by adding an s, and "swarmsettings" is a plural already.
  plural: kind.toLowerCase().replace(/y$/, 'ie').replace(/s$/, '').concat('s'),
  kind,
  namespaced: true,
})

export const swarmAgents = resource('SwarmAgent')
export const swarmTeams = resource('SwarmTeam')
export const swarmRuns = resource('SwarmRun')
export const swarmPolicies = resource('SwarmPolicy')
export const swarmEvents = resource('SwarmEvent')
export const swarmNotifies = resource('SwarmNotify')
export const swarmSettings = resource('SwarmSettings')
