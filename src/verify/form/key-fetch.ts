/**
 * Fetches the text of a public key: over https, from public addresses only, in one answer of at most 64 kB within two seconds.
 * Redirects are not followed, proxies never asked, and certificates always checked, whatever the environment says.
 */
import { lookup } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { https } from '../../base/node-http.ts';
import { limitReach, OutOfReach, type ResolveName } from '../../base/reach.ts';

/** Rejects if there is no such text, or none can be had. */
export type FetchText = (address: string) => Promise<string>;

/** Less than any provider waits for an answer, with time left to keep the event. */
const TIMEOUT_MS = 2_000;
const BYTES_MOST = 65_536;

/** For tests: no setting leads here. */
interface FetchOptions {
  readonly resolve?: ResolveName;
  /** Addresses that may be reached though they are private. */
  readonly allow?: readonly string[];
  readonly ca?: string;
}

export function fetchBy({ resolve = lookup, allow = [], ca }: FetchOptions): FetchText {
  return async function fetchText(address) {
    const url = new URL(address);
    const reach = limitReach(url, allow, resolve);
    if (reach.objection) throw new OutOfReach(url, reach.objection);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const safely = { agent: false, lookup: reach.lookup, rejectUnauthorized: true, signal };
    // Some servers turn away who says neither.
    const headers = { Accept: '*/*', 'User-Agent': 'Consignee' };
    const options = { ...safely, headers, ...(ca !== undefined && { ca }) };
    try {
      const response = await new Promise<IncomingMessage>((answered, failed) => {
        https.get(url, options).once('response', answered).on('error', failed);
      });
      return await readAll(response);
    } catch (error) {
      throw signal.aborted ? new Error(`there was no whole answer within ${TIMEOUT_MS} ms`) : error;
    }
  };
}

async function readAll(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`it answered ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop destroys the response and its socket.
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > BYTES_MOST) throw new Error(`its answer has more than ${BYTES_MOST} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export const fetchPublic = fetchBy({});
