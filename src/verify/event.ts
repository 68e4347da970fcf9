/**
 * An event as a handler receives it, and events whose `type` says what `data` is. Types only: nobody has checked that a body
 * has the form that presets/<name>/events.ts writes.
 *
 * The lists there are open. A provider's union ends in `Unlisted`, where a new type arrives with `data: unknown`. To handle
 * one with the same narrowing, add it: `Handle<ShippoEvent | Typed<'return_created', { … }>>`.
 */

/** An event as a handler receives it. `id` is stable over retries and replays: use it as the idempotency key. */
export interface WebhookEvent {
  /** `evt_…`, as the provider was answered. */
  readonly id: string;
  /** The name of the source, as in its path. */
  readonly source: string;
  /** The provider's name for what has happened; null if it does not say. */
  readonly type: string | null;
  /** The provider's own id, as text: exact beyond 2^53. */
  readonly externalId: string | null;
  /** When it came in, by the clock of the machine. */
  readonly receivedAt: Date;
  /** Lower-case names; authentication removed. */
  readonly headers: Readonly<Record<string, string>>;
  /** The exact bytes that were verified, of an item those of it. Flatfile's lack `_accessToken`. */
  readonly body: Buffer;
  /** The body parsed as JSON, or as the form that its content type says; undefined for a body that is neither. Typed by provider: consignee/events/<provider>. */
  // biome-ignore lint/suspicious/noExplicitAny: a provider's JSON has no type we could vouch for
  readonly data: any;
  /** Of an item, for a handler that is wired as `each`: the id of the event in whose body it came. */
  readonly batch?: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

declare const unlisted: unique symbol;

/**
 * Any string but those listed beside it. It is read like a string, but compared with a literal it is an error: so a
 * listed type narrows and a misspelt one is found. To compare all the same: `const name: string | null = event.type`.
 * It is a template because TypeScript takes a branded `string &` for comparable with every literal.
 */
export type UnlistedString = `${string & { readonly [unlisted]: never }}`;

/** The known strings and any other: editors offer the known ones, and no string is refused. */
export type Open<Known extends string> = Known | (string & Record<never, never>);

/** An object of which only the syntax is known. */
export type Members = Readonly<Record<string, unknown>>;

/** Members of these names that are texts. */
export type Texts<Name extends string> = { readonly [Key in Name]: string };

/** Texts that may be missing: which ones are there depends on the kind of event. */
export type Ids<Name extends string> = { readonly [Key in Name]?: string };

/** Members of one kind, each of which may be null or missing. */
export type Some<Kind, Name extends string> = { readonly [Key in Name]?: Kind | null };

/** A webhook event whose type and parsed body are known. */
export interface TypedEvent<Type extends string | null, Body> extends Omit<WebhookEvent, 'type' | 'data'> {
  readonly type: Type;
  readonly data: Body;
}

/** One TypedEvent for each of the types, so that every comparison takes one out. */
export type Typed<Type extends string, Body> = Type extends string ? TypedEvent<Type, Body> : never;

/** An event that no list has: its type is another one or missing, or its body is not JSON. */
export type Unlisted = TypedEvent<UnlistedString, unknown> | TypedEvent<null, unknown>;
