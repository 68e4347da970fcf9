/**
 * Which live secrets prove requests: gathered on the edge, told to the inbox now and then, so that it is known which secret
 * is still in use, also after a restart. What has not been told when the process is killed is forgotten.
 */
import type { SecretUse } from '../inbox-contract.ts';
import type { Proof } from '../types.ts';

export class SecretUses {
  #uses = new Map<string, SecretUse>();

  note(source: string, { scheme, secret, form = '' }: Proof, nowMs: number): void {
    if (secret === undefined) return;
    const key = `${source} ${scheme} ${secret} ${form}`;
    const count = (this.#uses.get(key)?.count ?? 0) + 1;
    this.#uses.set(key, { source, scheme, secret, form, count, lastAt: nowMs });
  }

  /** What has been noted since the last time. */
  take(): SecretUse[] {
    const uses = [...this.#uses.values()];
    this.#uses = new Map();
    return uses;
  }

  /** It could not be told. */
  giveBack(uses: readonly SecretUse[]): void {
    for (const use of uses) {
      const key = `${use.source} ${use.scheme} ${use.secret} ${use.form}`;
      const since = this.#uses.get(key);
      this.#uses.set(key, since ? { ...since, count: since.count + use.count } : use);
    }
  }
}
