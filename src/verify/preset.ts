/** A preset: what we know about a provider, as data. The verifier, the signer and the tests come from it. */

/** One way in which a provider writes its HMAC into a header. */
export interface HmacForm {
  readonly header: string;
  /** `plain`: prefix + MAC over the body. `timestamped`: `t=<unix s>,v1=<MAC>` over `<t>.<body>`. */
  readonly layout: 'plain' | 'timestamped';
  readonly prefix: string;
  readonly algorithm: 'sha256' | 'sha1';
  readonly encoding: 'hex' | 'base64';
}

/** A path into the body, member by member: `['src', 'id']` is `body.src.id`. */
export type MemberPath = readonly string[];

/** Whose state an event tells (all members of `of` together), and the time of that state (the first of `at`). */
export interface StateShape {
  readonly of: readonly MemberPath[];
  readonly at: readonly MemberPath[];
}

export interface AddressList {
  readonly addresses: readonly string[];
  /** Where and when the provider published it. */
  readonly from: string;
  readonly asOf: string;
}

export interface Preset {
  readonly name: string;
  readonly title: string;
  /** In order of strength: the first header that is present decides alone. SHA-1 forms must be allowed. */
  readonly hmac: readonly HmacForm[];
  /** The provider's own event id; the first path that holds one counts. None: the body's digest. */
  readonly id: readonly MemberPath[];
  readonly type: readonly MemberPath[];
  /** Where an event says which thing's state it tells, and as of when; for `latest`. */
  readonly state?: StateShape;
  /** A top-level member that is a credential: cut out of what is stored, logged and handed on. */
  readonly cut?: string;
  readonly bodyLimitBytes: number;
  /** How long the provider may be kept waiting for a `reply`, from the moment its request came in. */
  readonly replyWithinMs: number;
  readonly addressLists: Readonly<Record<string, AddressList>>;
}
