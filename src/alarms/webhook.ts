/**
 * Delivers alarms as webhooks, signed by Standard Webhooks with every live secret. Three tries, each signed anew under
 * the same id; of the answer only the status counts, and redirects are not followed. Given to the watch by receiver.ts.
 */
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Deliver } from './alarm.ts';

const TIMEOUT_MS = 10_000;
const PAUSES_MS = [0, 1_000, 5_000];

export const deliverAlarm: Deliver = async ({ url, secrets }, body, id, signal) => {
  const failures: string[] = [];
  for (const pauseMs of PAUSES_MS) {
    await sleep(pauseMs, undefined, { signal, ref: false });
    const failure = await post(url, body, signStandardWebhook(secrets, id, body, Date.now()), signal);
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

/** The three headers of standardwebhooks.com: one signature for each secret. */
function signStandardWebhook(secrets: readonly string[], id: string, body: string, nowMs: number) {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
