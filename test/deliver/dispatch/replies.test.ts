/** `reply` functions, through the real service: their JSON is the answer; whatever they do, the event is safe. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { numberOf, signature, untilOutcome, wired } from '../../harness/deliver.ts';
import { openService } from '../../harness/open-service.ts';
import { ROOT, SECRET } from '../../harness/project.ts';
import type { RunningService } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';

let service: RunningService;
beforeAll(async () => {
  const config = join(ROOT, 'test/fixtures/replying');
  const env = { ASKED_WEBHOOK_SECRET: SECRET, SHEETS_WEBHOOK_SECRET: SECRET };
  service = await openService(wired({ config, env }));
});
afterAll(() => service.stop());

async function ask(source: string, body: string) {
  const response = await fetch(`${service.url}/webhooks/${source}`, {
    method: 'POST',
    headers: { 'X-Hub-Signature-256': signature(body) },
    body,
    signal: AbortSignal.timeout(20_000),
  });
  const type = response.headers.get('content-type');
  return { status: response.status, type, text: await response.text() };
}

let last = 0;
const telling = (reply: string, id = `ask-${++last}`) =>
  JSON.stringify({ id, type: 'asked', steps: ['ok'], reply });
const stored = (id: string) => service.events().filter((event) => event.external_id === id);
const lineOf = (id: string) => service.line((line) => line.eventId === id && line.status === 200);

test('what the function returns is the body of the 200, and the handlers get the event too', async () => {
  const { status, type, text } = await ask('asked', telling('ünïcode ✓', 'a-1'));
  expect([status, type]).toEqual([200, 'application/json']);
  const answer = JSON.parse(text);
  expect(answer).toEqual({ rejections: 'ünïcode ✓', id: expect.stringMatching(/^evt_/), number: 'a-1' });
  expect(stored('a-1').map(({ number }) => number)).toEqual([numberOf(answer.id)]);
  await untilOutcome(service, answer.id, 'done');
  expect(await lineOf(answer.id)).toMatchObject({ outcome: 'accepted', reply: 'answered', level: 'info' });
});

test('the same request again is answered by the function again, and stored once', async () => {
  const body = telling('again', 'a-2');
  const first = await ask('asked', body);
  const second = await ask('asked', body);
  expect(second).toMatchObject({ status: 200, text: first.text });
  expect(stored('a-2')).toHaveLength(1);
});

test('a function may take a while', async () => {
  expect(await ask('asked', telling('brief'))).toMatchObject({ status: 200, text: '{"brief":true}' });
});

test.each([
  ['returns nothing', 'nothing', 'none'],
  ['throws', 'throw', 'failed'],
  ['throws in a timer', 'throw aside', 'failed'],
  ['never ends', 'hang', 'late'],
  ['returns what cannot be JSON', 'circle', 'failed'],
  ['returns more than a reply may have', 'huge', 'failed'],
  ['keeps its thread busy', 'spin a while', 'late'],
])('if it %s, the answer is Consignee’s own and the event is safe', async (_name, reply, outcome) => {
  const id = `b-${reply}`;
  const { status, text } = await ask('asked', telling(reply, id));
  expect(status).toBe(200);
  const answer = JSON.parse(text);
  expect(answer).toEqual({ status: 'accepted', id: expect.stringMatching(/^evt_/) });
  expect(stored(id).map(({ number }) => number)).toEqual([numberOf(answer.id)]);
  const line = await lineOf(answer.id);
  expect(line).toMatchObject({ reply: outcome, level: outcome === 'none' ? 'info' : 'warn' });
  expect(service.output()).not.toContain('canary-in-an-error');
  await untilOutcome(service, answer.id, 'done');
});

test('an event that is held gets no reply: there is nothing to show the function', async () => {
  const { status, text } = await ask('asked', 'not json');
  expect([status, JSON.parse(text)]).toEqual([200, { status: 'accepted', id: expect.any(String) }]);
  const again = await ask('asked', 'not json');
  expect(JSON.parse(again.text)).toMatchObject({ status: 'duplicate' });
  expect(service.events().filter(({ body }) => body.toString() === 'not json')).toHaveLength(1);
});

test('the function does not see a credential that is cut out', async () => {
  const body = '{"_accessToken":"sk_live_canary","src":{"id":"us_evt_9"},"topic":"records:updated"}';
  const { text } = await ask('sheets', body);
  expect(JSON.parse(text)).toEqual({ saw: '{"src":{"id":"us_evt_9"},"topic":"records:updated"}' });
});

test('replies are counted by source and outcome', async () => {
  const metrics = async () => (await fetch(`http://127.0.0.1:${service.consolePort}/metrics`)).text();
  const text = await metrics();
  expect(text).toMatch(/consignee_replies_total\{source="asked",outcome="answered"\} [1-9]/);
  expect(text).toMatch(/consignee_replies_total\{source="asked",outcome="late"\} 2/);
});

test('a thread that is gone is back for the next reply', async () => {
  const ended = await ask('asked', telling('exit', 'b-exit'));
  expect(JSON.parse(ended.text)).toEqual({ status: 'accepted', id: expect.stringMatching(/^evt_/) });
  expect(stored('b-exit')).toHaveLength(1);
  await waitFor(
    () => service.lines().filter(({ msg }) => /thread has ended/.test(String(msg))).length >= 1,
    20_000,
    service.output,
  );
  let answer = await ask('asked', telling('hello'));
  for (let count = 0; count < 100 && !answer.text.includes('hello'); count++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer = await ask('asked', telling('hello'));
  }
  expect(answer.text).toContain('"rejections":"hello"');
});

test('a function that loops for ever keeps no other source’s answers waiting', async () => {
  const looping = ask('asked', telling('spin', 'b-spin'));
  await waitFor(() => stored('b-spin').length === 1, 20_000, service.output);
  const body = '{"src":{"id":"us_evt_10"},"topic":"records:updated"}';
  const other = await ask('sheets', body);
  expect(JSON.parse(other.text)).toEqual({ saw: body });
  expect(JSON.parse((await looping).text)).toEqual({
    status: 'accepted',
    id: expect.stringMatching(/^evt_/),
  });
  expect(service.events().filter((event) => event.external_id === 'us_evt_10')).toHaveLength(1);
});
