/** Where an object is kept. */
export interface Key {
  /** `group/plural`; versions of one kind share it. */
  readonly bucket: string
  /** Empty for cluster-scoped objects. */
  readonly namespace: string
  readonly name: string
}

/** Within its bucket; lists are in the order of these. */
export const idOf = ({ namespace, name }: Key): string => `${namespace}/${name}`
