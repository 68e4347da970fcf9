/** The metrics: the table they are made from, the page of the docs, and an inbox that does not answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Inbox, InboxStatus } from '../../../src/inbox/contract.ts';
import { ATTEMPT_OUTCOMES } from '../../../src/inbox/event-states.ts';
import { METRIC_ROWS } from '../../../src/serve/console/metric-rows.ts';
import { createMetrics } from '../../../src/serve/console/metrics.ts';
import { meterFor, NO_SOURCE, outcomeOfRefusal, REPLY_OUTCOMES } from '../../../src/serve/meter.ts';
import { HMAC } from '../../../src/verify/hmac.ts';
import { REFUSALS, type RefusalCode } from '../../../src/verify/refusals.ts';
import { ROOT } from '../../harness/project.ts';

const WELL: InboxStatus = {
  inbox: 'x',
  backlog: [{ handler: 'one/a', state: 'pending', count: 7 }],
  oldestPendingAt: Date.now() - 5_000,
  resting: ['one/a'],
  paused: [],
};
const WIRED = {
  sources: ['one', 'two'],
  replying: ['two'],
  observed: [{ source: 'one', scheme: 'hmac' }],
  handlers: ['one/a', 'one/b'],
};
const USE = { source: 'one', scheme: 'hmac', secret: 'f', form: '' };

function inboxThat(takesWrites: boolean, status: () => Promise<InboxStatus>): Inbox {
  return { takesWrites: () => takesWrites, status } as Inbox;
}

const wellInbox = inboxThat(true, async () => WELL);
const makeMetrics = () =>
  createMetrics(WIRED, () => ({
    bytesInFlight: 3,
    connections: CONNECTIONS,
    alarms: [],
    uses: [{ ...USE, count: 0 }],
    refusalsLost: [],
  }));
const CONNECTIONS = { open: 2, limits: { all: 8, address: 2 }, closed: { all: 0, address: 1 } };

test('without its status there is still everything else, and nothing old', async () => {
  const metrics = makeMetrics();
  const { text: well } = await metrics.render(wellInbox);
  expect(well).toContain('consignee_backlog_events{handler="one/a",state="pending"} 7');
  expect(well).toMatch(/^consignee_oldest_pending_seconds 5/m);
  const { text } = await metrics.render(
    inboxThat(false, () => Promise.reject(new Error('the database is away'))),
  );
  expect(text).toContain('consignee_inbox_takes_writes 0');
  expect(text).toContain('consignee_bytes_in_flight 3');
  expect(text).not.toMatch(/^consignee_(backlog_events|oldest_pending_seconds|handler_resting)[ {]/m);
  const { text: again } = await metrics.render(wellInbox);
  expect(again).toContain('consignee_backlog_events{handler="one/a",state="pending"} 7');
});

test('series of closed lists are there from the start, at 0', async () => {
  const { text } = await makeMetrics().render(wellInbox);
  for (const series of [
    'consignee_requests_total{source="one",outcome="accepted",code=""}',
    'consignee_requests_total{source="two",outcome="refused",code="hmac_mismatch"}',
    'consignee_requests_total{source="two",outcome="failed",code="inbox_slow"}',
    'consignee_requests_total{source="none",outcome="refused",code="request_timeout"}',
    'consignee_attempts_total{handler="one/b",outcome="dead"}',
    'consignee_replies_total{source="two",outcome="late"}',
    'consignee_handler_resting{handler="one/b"}',
    'consignee_backlog_events{handler="one/b",state="held"}',
    'consignee_request_duration_seconds_count{source="two",outcome="held"}',
    'consignee_request_duration_seconds_count{source="none",outcome="refused"}',
    'consignee_would_refuse_total{source="one",scheme="hmac",code="hmac_missing"}',
    'consignee_proofs_total{source="one",scheme="hmac",secret="f",form=""}',
    'consignee_alarm{kind="disk",subject=""}',
    'consignee_alarm{kind="refusals",subject="two"}',
    'consignee_alarm{kind="dead",subject="one/b"}',
  ]) {
    expect(text).toContain(`${series} 0\n`);
  }
  expect(text).not.toContain('consignee_replies_total{source="one"');
});

test('nothing that happens makes a series that was not there before', async () => {
  const metrics = makeMetrics();
  const series = async () => {
    const { text } = await metrics.render(wellInbox);
    return text.split('\n').flatMap((line) => /^consignee_\S+/.exec(line)?.[0] ?? []);
  };
  const before = await series();
  const meter = meterFor(metrics.listeners);
  for (const source of ['one', 'two', NO_SOURCE]) {
    for (const code of Object.keys(REFUSALS) as RefusalCode[])
      meter.request(source, outcomeOfRefusal(code), code, 1);
  }
  for (const outcome of ['accepted', 'duplicate', 'held'] as const) meter.request('one', outcome, '', 1);
  for (const outcome of ATTEMPT_OUTCOMES) meter.attempt('one/a', outcome, 1, []);
  for (const outcome of REPLY_OUTCOMES) meter.reply('two', outcome);
  for (const code of Object.keys(HMAC.refusals) as RefusalCode[])
    meter.proof('one', { scheme: 'hmac', wouldRefuse: code });
  expect(await series()).toEqual(before);
  const names = new Set(before.map((name) => name.replace(/(_bucket|_sum|_count)?(\{.*)?$/, '')));
  expect(names).toEqual(new Set(METRIC_ROWS.map(({ name }) => name)));
});

test('what the meter is told is counted, once', async () => {
  const metrics = makeMetrics();
  const meter = meterFor(metrics.listeners);
  meter.request('one', 'refused', 'hmac_mismatch', 20);
  meter.attempt('one/a', 'done', 5, []);
  meter.reply('two', 'late');
  meter.proof('one', { scheme: 'hmac', wouldRefuse: 'hmac_missing' });
  meter.proof('one', { scheme: 'hmac', secret: 'f' });
  const { text } = await metrics.render(wellInbox);
  for (const line of [
    'consignee_requests_total{source="one",outcome="refused",code="hmac_mismatch"} 1',
    'consignee_request_duration_seconds_sum{source="one",outcome="refused"} 0.02',
    'consignee_attempts_total{handler="one/a",outcome="done"} 5',
    'consignee_replies_total{source="two",outcome="late"} 1',
    'consignee_would_refuse_total{source="one",scheme="hmac",code="hmac_missing"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text.match(/^consignee_would_refuse_total.* [1-9]/gm)).toHaveLength(1);
});

test('the page of metrics, the table and docs/operating.md name the same ones, with the same words', async () => {
  const { text } = await makeMetrics().render(wellInbox);
  const told = [...text.matchAll(/^# HELP (consignee_\w+) (.*)\n# TYPE \S+ (\w+)$/gm)].map(
    ([, name, help, type]) => `${name} ${type} ${help}`,
  );
  const rows = METRIC_ROWS.map(({ name, type, help }) => `${name} ${type} ${help}`);
  expect(told.sort()).toEqual(rows.toSorted());
  const page = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `(consignee_[^`]+)` \| (\w+) \| (.*) \|$/gm)];
  expect(documented.map(([, name, type, help]) => [name, type, help])).toEqual(
    METRIC_ROWS.map(({ name, type, help, labels }) => {
      return [labels.length === 0 ? name : `${name}{${labels.join(',')}}`, type, help];
    }),
  );
});
