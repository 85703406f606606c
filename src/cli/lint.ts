// Checks manifests offline, with the same functions the API server's schema and the admission webhook use: YAML,
// unknown fields, schema and CEL rules, then everything that concerns several objects. All manifests given are each
// other's context; with a cluster, so is what it holds.

import { validateObject, type JsonObject, type StructuralSchema } from 'local-kube/schema'
import { customResourceDefinition } from '../api/crd.ts'
import type { ManifestObject } from '../api/manifest.ts'
import { definitions } from '../api/v1alpha1/index.ts'
import { admit } from '../domain/admission/admit.ts'
import { admissionContext, type AdmissionContext } from '../domain/admission/context.ts'
import { describeFinding } from '../domain/admission/describe.ts'
import { unknownFields } from '../domain/admission/unknown-fields.ts'
import type { KubernetesObject } from '../api/resource.ts'
import type { FieldError } from '../domain/error.ts'
import { readManifests, type ReadManifests } from '../processes/dev/read-directory.ts'
import { exitCodes } from './exit.ts'
import type { ClusterOptions } from './session/cluster.ts'
import { appliedTo, withWorld } from './session/world.ts'

interface Finding {
  readonly severity: 'error' | 'warning' | 'note'
  readonly source: string
  readonly line: number
  readonly column: number
  readonly message: string
}

export const lint = async ({
  paths,
  output,
  cluster,
}: {
  readonly paths: readonly string[]
  readonly output: string
  /** Left out: none is asked. */
  readonly cluster?: ClusterOptions
}): Promise<number> => {
  const read = await Promise.all(paths.map((path) => readManifests(path)))
  const objects = read.flatMap((one) => one.objects)
  const manifests = {
    objects,
    errors: read.flatMap((one) => one.errors),
    warnings: read.flatMap((one) => one.warnings),
  }
  const findings =
    cluster === undefined ? lintManifests(manifests) : await lintBesideCluster({ ...manifests, cluster })
  const errors = findings.filter(({ severity }) => severity === 'error')
  if (output === 'json') {
    console.log(JSON.stringify({ objects: objects.length, findings }, undefined, 2))
  } else {
    for (const { severity, source, line, column, message } of findings)
      console.log(`${source}:${line}:${column}: ${severity}: ${message}`)
    const warnings = findings.filter(({ severity }) => severity === 'warning').length
    console.error(`${objects.length} objects, ${errors.length} errors, ${warnings} warnings`)
  }
  return errors.length === 0 ? exitCodes.ok : exitCodes.usage
}

/** Everything to be said of manifests that are each other's context, with its place. */
export const lintManifests = ({ objects, errors, warnings }: ReadManifests): readonly Finding[] => [
  ...ofText('error', errors),
  ...ofText('warning', warnings),
  ...objects.flatMap((manifest) => findingsOf({ manifest, context: contextFor(manifest, objects) })),
]

/** The same beside what a cluster holds: what is there is known to be all there is, and an object there is updated. */
const lintBesideCluster = async ({
  objects,
  errors,
  warnings,
  cluster,
}: ReadManifests & { readonly cluster: ClusterOptions }): Promise<readonly Finding[]> => {
  const withoutNamespace =
    cluster.namespace ?? (await withWorld({ ...cluster, manifests: [] }, async ({ namespace }) => namespace))
  const namespaces = Map.groupBy(objects, ({ object }) => object.metadata.namespace ?? withoutNamespace)
  const found: Finding[] = []
  for (const [namespace, manifests] of namespaces)
    found.push(
      ...(await withWorld({ ...cluster, namespace, manifests: [] }, async (world) => {
        const after = appliedTo(
          world,
          manifests.map(({ object }) => object),
        ).objects
        return manifests.flatMap((manifest) => {
          const { kind, metadata } = manifest.object
          const isSame = (other: KubernetesObject) =>
            other.kind === kind && other.metadata.name === metadata.name
          // An agent is judged by the policies that are there; which of those beside it comes first is not known.
          const policies = (kind === 'SwarmAgent' ? world.objects : after).filter(
            (other) => other.kind === 'SwarmPolicy',
          )
          const others = after.filter((other) => other.kind !== 'SwarmPolicy')
          return findingsOf({
            manifest,
            context: admissionContext({ complete: true, objects: [...others, ...policies] }),
            oldObject: world.objects.find(isSame),
          })
        })
      })),
    )
  return [...ofText('error', errors), ...ofText('warning', warnings), ...found]
}

const ofText = (severity: Finding['severity'], found: ReadManifests['errors']): readonly Finding[] =>
  found.map(({ source, line, column, message, remedy }) => ({
    severity,
    source,
    line,
    column,
    message: `${message}. ${remedy}`,
  }))

/**
 * Objects of the same namespace; what is not in the directory may be in the cluster. An agent is not judged by the
 * policies beside it: which of them is applied first is not known. The policy warns of the agents it outlaws.
 */
const contextFor = ({ object }: ManifestObject, all: readonly ManifestObject[]): AdmissionContext =>
  admissionContext({
    complete: false,
    objects: all
      .map((other) => other.object)
      .filter(
        ({ kind, metadata }) =>
          (metadata.namespace ?? 'default') === (object.metadata.namespace ?? 'default') &&
          !(object.kind === 'SwarmAgent' && kind === 'SwarmPolicy'),
      ),
  })

const findingsOf = ({
  manifest,
  context,
  oldObject,
}: {
  readonly manifest: ManifestObject
  readonly context: AdmissionContext
  readonly oldObject?: KubernetesObject | undefined
}): readonly Finding[] => {
  const { object, source, position } = manifest
  const at = (severity: Finding['severity'], finding: FieldError): Finding => ({
    severity,
    source,
    ...position(finding.path, finding.position),
    message: describeFinding(object, finding),
  })
  const unknown = unknownFields(object)
  if (unknown.length > 0) return unknown.map((finding) => at('error', finding))
  if (!definitions.some(({ resource }) => resource.kind === object.kind)) return []
  const { errors, warningFields, notes } = admit({ object, oldObject, context })
  const rules = errors.length > 0 ? [] : brokenRules(manifest)
  return [
    ...[...errors, ...rules].map((finding) => at('error', finding)),
    ...warningFields.map((finding) => at('warning', finding)),
    ...notes.map((finding) => at('note', finding)),
  ]
}

/** CEL rules of the kind's definition, evaluated as the API server evaluates them. */
const brokenRules = ({ object }: ManifestObject): readonly FieldError[] => {
  const definition = definitions.find(({ resource }) => resource.kind === object.kind)
  if (definition === undefined) return []
  const schema = customResourceDefinition(definition).spec.versions[0]?.schema
    .openAPIV3Schema as StructuralSchema
  return validateObject({ schema, object: object as unknown as JsonObject }).errors.map(
    ({ path, message }) => ({ path, message }),
  )
}
