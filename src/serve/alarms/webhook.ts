/**
 * Delivers alarms as webhooks, signed by Standard Webhooks with every live secret. Three tries, each signed anew under
 * the same id; of the answer only the status counts, and redirects are not followed. Given to the watch by receiver.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlarmTarget } from '../config/alarms.ts';
import type { Deliver } from './alarm.ts';

const TIMEOUT_MS = 10_000;
const PAUSES_MS = [0, 1_000, 5_000];

export const deliverAlarm: Deliver = async ({ url, sign }, body, id, signal) => {
  const failures: string[] = [];
  for (const pauseMs of PAUSES_MS) {
    await sleep(pauseMs, undefined, { signal, ref: false });
    const failure = await post(url, body, headersOf(id, body, sign), signal);
    if (failure === undefined) return;
    failures.push(failure);
  }
  throw new Error(`tried ${failures.length} times: ${failures.join(', ')}`);
};

/** Answers with why it did not get there, or nothing if it did. */
async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return response.ok ? undefined : String(response.status);
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return cause?.code ?? name;
  }
}

function headersOf(id: string, body: string, sign: AlarmTarget['sign']) {
  const seconds = Math.floor(Date.now() / 1_000);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': sign(id, seconds, Buffer.from(body)),
  };
}
