/** The refused requests of the night: somebody signs with a secret that was never ours, and somebody tries what is hostile. */
import { createHmac } from 'node:crypto';
import type { SecretUse } from '../../src/inbox/contract.ts';
import type { RefusedClient } from '../../src/inbox/refused/client.ts';
import { type MinuteTally, minuteOf, noTimes } from '../../src/inbox/tallies.ts';
import { HOSTILE_BODY, type Night, REFUSED_IDS } from './console-night.ts';
import { SECRET } from './project.ts';

const OLD_SECRET = 'the-secret-before-5Kq8Xc3Vn7Bm1Zs9Lp4Rt6Yw2';

/** Shippo's secret is being changed, and a check of addresses is tried. */
export const NIGHT_SETTINGS = {
  PUBLIC_URL: 'https://hooks.example.com',
  SHIPPO_WEBHOOK_SECRET_PREVIOUS: OLD_SECRET,
  SHIPPO_ALLOW_FROM: 'shippo',
  SHIPPO_OBSERVE: 'ip',
} as const;

/** Beside those of the fixture. */
export function refusalsInNight({ now }: Night): MinuteTally[] {
  const tally = { kind: 'request', count: 1, times: noTimes(), minute: minuteOf(now) } as const;
  return [
    { ...tally, subject: 'flexport', outcome: 'hmac_mismatch' },
    { ...tally, subject: 'flintn', outcome: 'hmac_missing' },
  ];
}

/** The new secret has come into use; the old one was last seen days ago. */
export function usesInNight(fingerprintOf: (secret: string) => string, { now }: Night): SecretUse[] {
  const use = { source: 'shippo', scheme: 'hmac', form: 'Shippo-Auth-Signature' };
  return [
    { ...use, secret: fingerprintOf(SECRET), count: 2_114, lastAt: now - MINUTE_MS },
    { ...use, secret: fingerprintOf(OLD_SECRET), count: 61_200, lastAt: now - 3 * 24 * 60 * MINUTE_MS },
  ];
}

const MINUTE_MS = 60_000;
const SHOWN = 36;

export function refuseInNight(refused: Pick<RefusedClient, 'keep'>, { now }: Night): void {
  const request = (at: number, more: object) => ({
    id: `ref_${String(at).padStart(16, '0')}`,
    source: 'shippo',
    code: 'hmac_mismatch',
    reason: 'the signature does not match any live secret',
    enforced: 'hmac',
    receivedAt: now - (SHOWN + 4 - at) * 4 * MINUTE_MS,
    address: at % 3 === 0 ? '52.89.214.238' : '52.4.41.98',
    headers: JSON.stringify({ 'content-type': 'application/json', 'user-agent': 'shippo-webhooks/2.1' }),
    credentials: JSON.stringify(['Shippo-Auth-Signature', 't=1,v1=canary-of-a-signature']),
    body: Buffer.from(JSON.stringify({ event: 'track_updated', data: { tracking_number: `1Z${at}` } })),
    ...more,
  });
  for (let at = 0; at < SHOWN; at++) refused.keep(request(at, {}), true);
  const body = Buffer.from(HOSTILE_BODY);
  refused.keep(
    request(SHOWN, {
      id: REFUSED_IDS[0],
      source: 'flexport',
      address: '203.0.113.9',
      headers: JSON.stringify({ 'x-<b>': '"><script>alert(3)</script>\u202e' }),
      body,
    }),
    true,
  );
  // Our secret signs it: it would pass now.
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  refused.keep(
    request(SHOWN + 1, {
      id: REFUSED_IDS[1],
      source: 'flexport',
      credentials: JSON.stringify(['X-Hub-Signature', `sha256=${signature}`]),
      body,
    }),
    true,
  );
  refused.keep(
    request(SHOWN + 2, { id: REFUSED_IDS[2], source: 'flintn', code: 'hmac_missing', credentials: '[]' }),
    true,
  );
}
