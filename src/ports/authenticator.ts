// Who is calling, and may they. The hub asks; Kubernetes answers (TokenReview, SubjectAccessReview).

export interface Caller {
  readonly username: string
  readonly groups: readonly string[]
}

export interface AccessQuestion {
  readonly user: Caller
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'
  /** Plural of a kubeswarm.io resource. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
}

export interface Authenticator {
  /**
   * The owner of a token, or undefined for a token that is not valid for the audience. Without an audience: for the
   * Kubernetes API itself. Throws when nobody can say.
   */
  authenticate(request: { readonly token: string; readonly audience?: string }): Promise<Caller | undefined>
  authorize(question: AccessQuestion): Promise<boolean>
}
