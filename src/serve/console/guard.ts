/** Who may use the console: see app.ts. Answers with the status: 200 come in, 401 wrong token, 403 wrong host. */
export interface GuardOptions {
  /** Answers whether the text after `Bearer ` is a live console token; undefined if there are no tokens. */
  readonly isToken: ((given: string) => boolean) | undefined;
  readonly isLoopback: (host: string) => boolean;
}

export function consoleGuard({ isToken, isLoopback }: GuardOptions) {
  return function guard(authorization: string | undefined, host: string | undefined): number {
    if (isToken) return isToken(/^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? '') ? 200 : 401;
    const name = (host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    return isLoopback(name) ? 200 : 403;
  };
}
