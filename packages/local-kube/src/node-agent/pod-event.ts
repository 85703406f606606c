// What an embedding program can be told about pods on this node, for its own display; the API's Events say more.

export type PodEvent =
  | { readonly type: 'pod-ready' | 'pod-unready'; readonly namespace: string; readonly pod: string }
  | {
      readonly type: 'container-event'
      readonly namespace: string
      readonly pod: string
      readonly container: string
      /** The reason of the Event: `Started`, `BackOff`, `ErrImageNeverPull`, … */
      readonly reason: string
      readonly message: string
    }
