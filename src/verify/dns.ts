/** Asks the system's DNS servers which addresses a name has. The hosts file is not read. Called by followed-names.ts. */
import { Resolver } from 'node:dns/promises';

export interface FoundAddress {
  readonly address: string;
  readonly ttlSeconds: number;
}

/** Answers for one family, with an empty list if the name has no address in it. Throws if nobody could say. */
export type LookUp = (name: string, family: 4 | 6, signal: AbortSignal) => Promise<readonly FoundAddress[]>;

const TIMEOUT_MS = 1_000;
const TRIES = 2;
const HAS_NONE = ['ENODATA', 'ENOTFOUND'];

export const lookUpInDns: LookUp = async (name, family, signal) => {
  // A resolver learns the system's servers when it is made, and they may change while a service runs.
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel);
  try {
    const options = { ttl: true } as const;
    const records = await (family === 4
      ? resolver.resolve4(name, options)
      : resolver.resolve6(name, options));
    return records.map(({ address, ttl }) => ({ address, ttlSeconds: ttl }));
  } catch (error) {
    if (HAS_NONE.includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
};
