/** Handlers at their worst: whatever they do, it costs their own event attempts and nobody anything else. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Answer,
  deliver,
  outcomes,
  startWired,
  tell,
  told,
  tries,
  untilOutcome,
  workOf,
} from '../../harness/deliver.ts';
import type { Service } from '../../harness/service.ts';
import { waitFor } from '../../harness/waiting.ts';

let service: Service;
beforeAll(async () => {
  service = await startWired();
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
});

/** Answers to deliveries sent one after the other until `done` resolves. */
async function meanwhile(done: Promise<unknown>): Promise<Answer[]> {
  const answers: Answer[] = [];
  let over = false;
  const end = done.finally(() => {
    over = true;
  });
  while (!over) {
    answers.push(await deliver(service, 'quiet', told()));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await end;
  return answers;
}

test('a handler that throws what has no text is run again like any other', async () => {
  const id = await tell(service, 'jobs', 'throw nonsense', 'ok');
  await untilOutcome(service, id, 'done');
  expect(outcomes(service, id)).toEqual(['retry', 'done']);
  expect(workOf(service, id)).toEqual([]);
});

test('a throw in a timer fails the attempt that set it, and no other', async () => {
  const innocent = await tell(service, 'jobs', 'nap');
  const guilty = await tell(service, 'jobs', 'throw in a timer', 'ok');
  for (const id of [innocent, guilty]) await untilOutcome(service, id, 'done');
  expect(tries(service, guilty)[0]).toMatchObject({ outcome: 'retry', error: 'Error: from a timer' });
  expect(outcomes(service, innocent)).toEqual(['done']);
});

test('a rejection nobody waits for fails the attempt it came from', async () => {
  const innocent = await tell(service, 'jobs', 'nap');
  const guilty = await tell(service, 'jobs', 'reject aside', 'ok');
  for (const id of [innocent, guilty]) await untilOutcome(service, id, 'done');
  expect(tries(service, guilty)[0]).toMatchObject({ outcome: 'retry', error: 'Error: nobody caught this' });
  expect(outcomes(service, innocent)).toEqual(['done']);
});

test('what comes too late is logged under its owner’s name and changes nothing', async () => {
  for (const [step, reason] of [
    ['throw after the end', 'from a timer, too late'],
    ['reject after the end', 'nobody caught this either'],
  ] as const) {
    const innocent = await tell(service, 'jobs', 'brief');
    const id = await tell(service, 'jobs', step);
    const line = await service.line((candidate) => candidate.reason === `Error: ${reason}`);
    expect(line).toMatchObject({ level: 'error', handler: 'jobs/work', eventId: id });
    await untilOutcome(service, innocent, 'done');
    expect([outcomes(service, id), outcomes(service, innocent)]).toEqual([['done'], ['done']]);
  }
});

test('process.exit() in a handler ends neither the service nor another event', async () => {
  const guilty = await tell(service, 'jobs', 'exit', 'ok');
  const answers = await meanwhile(untilOutcome(service, guilty, 'done'));
  expect(outcomes(service, guilty)).toEqual(['retry', 'done']);
  // Beyond the deadline of the inbox they would be 503.
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  const stored = new Set(service.events().map(({ number }) => number));
  expect(answers.every(({ id }) => stored.has(Number.parseInt(id.slice(4), 16)))).toBe(true);
});

test('a handler that never yields dies alone: the others are not counted and go on, and answers keep coming', async () => {
  const innocents = await Promise.all([1, 2, 3].map(() => tell(service, 'jobs', 'nap', 'ok')));
  // A loop has a processor to itself: once shows as much as three times.
  const guilty = await tell(service, 'jobs', 'spin', 'block');
  const behind = await tell(service, 'jobs', 'ok');
  const answers = await meanwhile(untilOutcome(service, guilty, 'dead', 60_000));
  for (const id of [...innocents, behind]) await untilOutcome(service, id, 'done');

  // Each time it is known to be guilty, even among others.
  expect(tries(service, guilty).map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
    [1, 'retry'],
    [2, 'retry'],
    [3, 'dead'],
  ]);
  expect(tries(service, guilty).at(-1)?.error).toContain('kept its thread busy for longer than 1000 ms');
  expect(workOf(service, guilty)).toEqual([{ handler: 'jobs/work', state: 'dead', attempts: 3 }]);
  for (const id of innocents) expect(outcomes(service, id).sort()).toEqual(['done', 'later']);
  expect(outcomes(service, behind).filter((outcome) => outcome !== 'later')).toEqual(['done']);
  expect(answers.length).toBeGreaterThan(50);
  // Beyond the deadline of the inbox they would be 503.
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  const stored = new Set(service.events().map(({ number }) => number));
  expect(answers.every(({ id }) => stored.has(Number.parseInt(id.slice(4), 16)))).toBe(true);
});

test('a handler that devours memory takes its own thread with it, not the service', async () => {
  const innocent = await tell(service, 'jobs', 'nap', 'ok');
  const guilty = await tell(service, 'jobs', 'devour', 'ok');
  for (const id of [guilty, innocent]) await untilOutcome(service, id, 'done', 60_000);
  expect(outcomes(service, guilty)).toHaveLength(2);
  await waitFor(
    () => service.sql('SELECT * FROM work').length <= 1,
    20_000,
    () => JSON.stringify(service.sql('SELECT * FROM work')),
  );
  expect((await deliver(service, 'quiet', told())).status).toBe(200);
});
