/**
 * Every way in which a request can be refused or fail, as a table: the answer, and what it means to the operator.
 *
 * A check throws a Rejection; serve/http answers with its row. docs/refusals.md lists the same rows, tested both ways.
 */

/** Every way in which a request can be refused or fail: its answer, and what it means to the operator. */
export const REFUSALS = {
  not_found: { status: 404, says: 'there is nothing at this path' },
  method_not_allowed: { status: 405, says: 'webhooks are delivered by POST' },
  shutting_down: { status: 503, says: 'the service is stopping' },
  overloaded: { status: 503, says: 'too many bytes are in flight' },
  https_required: { status: 403, says: 'the request did not arrive over TLS' },
  ip_unreadable: { status: 403, says: 'the client address cannot be told' },
  ip_not_allowed: { status: 403, says: 'the client address is not on the allowlist' },
  token_missing: { status: 401, says: 'the token parameter is missing' },
  token_repeated: { status: 401, says: 'the token parameter is there more than once' },
  token_malformed: { status: 401, says: 'the query string cannot be decoded' },
  token_mismatch: { status: 401, says: 'the token matches no live token' },
  hmac_missing: { status: 401, says: 'the signature header is missing' },
  hmac_repeated: { status: 401, says: 'the signature header is there more than once' },
  hmac_malformed: { status: 401, says: 'the signature header is not of the provider’s form' },
  hmac_sha1: { status: 401, says: 'the signature is SHA-1, which is not allowed' },
  hmac_mismatch: { status: 401, says: 'the signature does not match any live secret' },
  hmac_timestamp: { status: 401, says: 'the signed timestamp is too far from our clock' },
  jwt_missing: { status: 401, says: 'the Authorization header is missing' },
  jwt_repeated: { status: 401, says: 'the Authorization header is there more than once' },
  jwt_malformed: { status: 401, says: 'the bearer token is not a plain, strictly encoded JWT' },
  jwt_algorithm: { status: 401, says: 'the token’s algorithm is not HS256' },
  jwt_mismatch: { status: 401, says: 'the token’s signature does not match any live secret' },
  jwt_time: { status: 401, says: 'the token’s times (iat, exp, nbf) do not hold on our clock' },
  jwt_body: { status: 401, says: 'the body is not what the token’s claims say' },
  encoding_unsupported: { status: 415, says: 'the body is compressed; only identity is accepted' },
  body_too_large: { status: 413, says: 'the body is over the source’s limit' },
  body_aborted: { status: 400, says: 'the sender went away before the body was complete' },
  request_malformed: { status: 400, says: 'the request is not HTTP/1.1 as the parser knows it' },
  request_timeout: { status: 408, says: 'the request did not arrive in time' },
  headers_too_large: { status: 431, says: 'the headers are over the limit' },
  inbox_slow: { status: 503, says: 'the inbox did not take the event in time' },
  inbox_failed: { status: 503, says: 'the inbox could not take the event' },
  internal: { status: 503, says: 'an error of our own' },
} as const satisfies Record<string, { status: number; says: string }>;

export type RefusalCode = keyof typeof REFUSALS;

/** A request that failed a check. `reason` is for the operator: never a secret, a MAC or a token. */
export class Rejection extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, reason: string = REFUSALS[code].says) {
    super(reason);
    this.name = 'Rejection';
    this.code = code;
  }

  get status(): number {
    return REFUSALS[this.code].status;
  }
}
