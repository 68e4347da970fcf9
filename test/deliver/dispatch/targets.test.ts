/** Targets that are down, through the real service: their events wait, others do not, and all is well when they return. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  deliver,
  outcomes,
  seen,
  tell,
  told,
  tries,
  untilOutcome,
  wired,
  workOf,
} from '../../harness/deliver.ts';
import { useFolder } from '../../harness/folder.ts';
import { openService } from '../../harness/open-service.ts';
import type { RunningService } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';

const { consignee } = useFolder();
let service: RunningService;
beforeAll(async () => {
  service = await openService(wired());
});
afterAll(() => service.stop());

const starts = (id: string) => seen(service, id).filter(({ what }) => what === 'start');
const resting = async () => {
  const metrics = await (await fetch(`http://127.0.0.1:${service.consolePort}/metrics`)).text();
  return [...metrics.matchAll(/consignee_handler_resting\{handler="([^"]+)"\} 1/g)].map(
    ([, handler]) => handler,
  );
};

test('an event that is declined is dead after few attempts', async () => {
  const id = await tell(service, 'jobs', 'decline');
  await untilOutcome(service, id, 'dead');
  expect(tries(service, id)).toEqual([
    { attempt: 1, outcome: 'retry', error: 'Declined: not like this' },
    { attempt: 2, outcome: 'dead', error: 'Declined: not like this' },
  ]);
});

test('a target that says when to come back is left in peace until then, uncounted', async () => {
  const id = await tell(service, 'far', 'busy', 'ok');
  await waitFor(() => outcomes(service, id).length > 0, 20_000, service.output);
  const behind = await tell(service, 'far', 'ok');
  expect(await resting()).toEqual(['far/work']);
  await untilOutcome(service, id, 'done');
  await untilOutcome(service, behind, 'done');
  expect(tries(service, id)).toEqual([
    { attempt: 1, outcome: 'later', error: 'Unavailable: busy' },
    { attempt: 1, outcome: 'done', error: null },
  ]);
  const [first] = starts(id).map(({ at }) => at);
  for (const { at } of [...starts(id).slice(1), ...starts(behind)]) {
    expect(at - (first as number)).toBeGreaterThanOrEqual(395);
  }
  expect(await resting()).toEqual([]);
});

test('a target that fails and fails is tried with one event at a time, and then has them all', async () => {
  const down = await Promise.all(Array.from({ length: 3 }, () => tell(service, 'far', 'down', 'down', 'ok')));
  await waitFor(
    () => service.lines().some(({ msg }) => /takes nothing/.test(String(msg))),
    20_000,
    service.output,
  );
  const behind = await Promise.all(Array.from({ length: 30 }, () => deliver(service, 'far', told('ok'))));
  expect(behind.every(({ status }) => status === 200)).toBe(true);
  const elsewhere = await tell(service, 'jobs', 'ok');
  await untilOutcome(service, elsewhere, 'done');
  for (const id of [...down, ...behind.map((answer) => answer.id)]) await untilOutcome(service, id, 'done');
  for (const { id } of behind) expect(outcomes(service, id)).toEqual(['done']);
  await service.line(({ msg }) => /takes events again/.test(String(msg)));
  expect(await resting()).toEqual([]);
  for (const id of down) expect(workOf(service, id)).toEqual([]);
});

test('a handler gets the types it asked for only', async () => {
  const wanted = await tell(service, 'near', 'ok');
  await untilOutcome(service, wanted, 'done');
  const answer = await deliver(service, 'near', '{"id":"n-1","type":"unheard of","steps":["ok"]}');
  expect(answer).toMatchObject({ status: 200, outcome: 'accepted' });
  expect(workOf(service, answer.id)).toEqual([]);
  const after = await tell(service, 'near', 'ok');
  await untilOutcome(service, after, 'done');
  expect(seen(service, answer.id)).toEqual([]);
});

test('what a handler records is shown with its attempt, without credentials and without moving the cursor', async () => {
  const id = await tell(service, 'jobs', 'throw', 'ok');
  await untilOutcome(service, id, 'done');
  const env = { DATABASE_URL: `sqlite:${service.inboxPath}` };
  const { output } = await consignee(['events', 'show', id], env);
  expect(output).toMatch(
    /jobs\/work {2}#1 {2}retry {2}\d+ ms {2}begun {2}Error: as told\n(?: {8}at .*act\.ts:\d+:\d+\)?\n)+ {6}\| run 1\n/,
  );
  expect(output).toMatch(/jobs\/work {2}#2 {2}done {2}\d+ ms {2}begun\n {6}\| run 2\n/);
  expect(output).toContain('      | Bearer [redacted]');
  expect(output + service.output()).not.toContain('canary-in-an-output');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  expect(output).not.toMatch(/\u0007/);
  const json = JSON.parse((await consignee(['events', 'show', id, '--json'], env)).output);
  expect(json.attempts.map(({ status }: { status: string }) => status)).toEqual(['begun', 'begun']);
});
