/**
 * Every scheme, in the order in which a request is checked: the cheap ones first. A new scheme is a file like hmac.ts and a
 * row here. What a scheme consists of: scheme.ts.
 */
import { HMAC } from './hmac.ts';
import { IP_ALLOWLIST } from './ip-allowlist.ts';
import { JWT } from './jwt.ts';
import { QUERY_TOKEN } from './query-token.ts';
import type { SchemeRow } from './scheme.ts';

export const SCHEMES = [IP_ALLOWLIST, QUERY_TOKEN, HMAC, JWT] as const satisfies readonly SchemeRow[];

type AnyRow = (typeof SCHEMES)[number];
export type Scheme = AnyRow['name'];
/** A scheme whose setting holds secrets. */
export type SecretScheme = Extract<AnyRow, { holds: 'secrets' }>['name'];
/** Every code with which a scheme refuses. */
export type SchemeRefusalCode = CodesOf<AnyRow>;
type CodesOf<Each> = Each extends SchemeRow ? keyof Each['refusals'] : never;
