// What the scripted model says in one turn.

export interface ScriptedCall {
  /** The name as the model writes it. */
  readonly name: string
  readonly arguments: string
}

export type ScriptedTurn =
  | { readonly type: 'calls'; readonly calls: readonly ScriptedCall[] }
  | { readonly type: 'answer'; readonly text: string }
