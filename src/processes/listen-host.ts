// Where a server in a pod listens: on all interfaces in a real cluster, where the pod has an address of its own; on
// loopback only in the embedded one and outside of any, where the machine's network would see it.

export const listenHost = (environment: Readonly<Record<string, string | undefined>>): string => {
  const inRealPod =
    environment['KUBERNETES_SERVICE_HOST'] !== undefined && environment['LOCAL_KUBE_RESOLVER'] === undefined
  return inRealPod ? '0.0.0.0' : '127.0.0.1'
}
