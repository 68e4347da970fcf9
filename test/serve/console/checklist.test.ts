/** The checklist of a service that runs: examined in a process of its own, beside the one that owns the inbox, which goes on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../../src/serve/check/finding.ts';
import { SECRET } from '../../harness/project.ts';
import { type Service, startService } from '../../harness/service.ts';
import { waitForAnswer } from '../../harness/waiting.ts';

const ALARM_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

let service: Service;
let url: string;
beforeAll(async () => {
  const env = { SHIPPO_WEBHOOK_SECRET: SECRET, ALARM_URL: 'http://127.0.0.1:9/a-path', ALARM_SECRET };
  service = await startService({ env });
  url = `http://127.0.0.1:${service.consolePort}`;
});
afterAll(() => service.kill('SIGKILL'));

const json = async (path: string) => (await (await fetch(`${url}${path}`)).json()) as Record<string, unknown>;

test('has the settings and warnings that are in force, and the service takes events in meanwhile and afterwards', async () => {
  const { inbox } = await json('/status');
  const begun = await fetch(`${url}/checklist`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ inbox }),
  });
  expect([begun.status, await begun.json()]).toEqual([200, { runningSince: expect.stringMatching(/Z$/) }]);
  const { findings, failure } = await waitForAnswer(async () => {
    const told = await json('/checklist');
    return told.at === null ? undefined : told;
  }, 60_000);
  expect(failure).toBeNull();
  expect(findings).toEqual(
    expect.arrayContaining([
      { verdict: 'pass', subject: 'shippo', says: '/webhooks/shippo verifies hmac' },
      expect.objectContaining({ verdict: 'pass', subject: 'inbox' }),
      expect.objectContaining({ verdict: 'pass', subject: 'service' }),
      expect.objectContaining({ subject: 'secret age' }),
    ]),
  );
  expect((findings as Finding[]).some(({ says }) => says.includes(SECRET.slice(0, 6)))).toBe(false);
  expect((await json('/status')).service).toMatchObject({ isReady: true });
});

test('where alarms are told is a host, without the rest of the URL', async () => {
  const alarms = await json('/alarms');
  expect(alarms).toMatchObject({ sentTo: '127.0.0.1:9', over: [] });
  expect(JSON.stringify(alarms)).not.toContain('a-path');
});

test('a process that is the service’s own is measured by Node’s metrics, beside ours', async () => {
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const series of ['process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds', 'consignee_build_info'])
    expect(text).toMatch(new RegExp(`^${series}[ {]`, 'm'));
});
