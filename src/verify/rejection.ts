/** A request that failed a check. Thrown by checks; serve/http answers with the row of its code in refusals.ts. */
import type { RefusalCode } from './refusals.ts';

export class Rejection extends Error {
  readonly code: RefusalCode;
  /** More than the row says, for the operator: never a secret, a MAC or a token. */
  readonly reason: string | undefined;

  constructor(code: RefusalCode, reason?: string) {
    super(reason ?? code);
    this.name = 'Rejection';
    this.code = code;
    this.reason = reason;
  }
}
