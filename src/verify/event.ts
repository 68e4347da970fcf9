/** An event as a handler receives it. `id` is stable over retries and replays: use it as the idempotency key. */
export interface WebhookEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string | null;
  /** The provider's own id, as text: exact beyond 2^53. */
  readonly externalId: string | null;
  readonly receivedAt: Date;
  /** Lower-case names; authentication removed. */
  readonly headers: Readonly<Record<string, string>>;
  /** The exact bytes that were verified. Flatfile's lack `_accessToken`. */
  readonly body: Buffer;
  /** The body parsed as JSON; undefined for a body that is not JSON. Typed by provider: consignee/events/<provider>. */
  // biome-ignore lint/suspicious/noExplicitAny: a provider's JSON has no type we could vouch for
  readonly data: any;
  /** 1 for the first attempt. */
  readonly attempt: number;
}
