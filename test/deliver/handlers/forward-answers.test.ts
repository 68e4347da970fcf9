/** What follows from a target's answer, as the inbox tells it afterwards. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pauseAskedFor } from '../../../src/deliver/handlers/retry-after.ts';
import { recorded, untilRecorded } from '../../fixtures/command/run.ts';
import { startForwarding, tell } from '../../fixtures/forward/run.ts';
import { workOf } from '../../harness/deliver.ts';
import type { Service } from '../../harness/service.ts';
import { startTarget, type Target, type Told } from './target.ts';

let target: Target;
let service: Service;
beforeAll(async () => {
  target = await startTarget();
  service = await startForwarding(target);
});
afterAll(async () => {
  await service.stop();
  await target.down();
});

/** Outcomes of the attempts on an event for which the target has these answers, once the last one is there. */
async function outcomes(last: string, ...answers: readonly Told[]) {
  const id = await tell(service, 'plain', ...answers);
  await untilRecorded(service, id, last);
  const attempts = recorded(service, id);
  return { id, attempts, outcomes: attempts.map(({ outcome }) => outcome) };
}

const host = () => `127.0.0.1:${target.port}`;

test.each([200, 201, 202, 204, 299])('%i is done', async (status) => {
  const { id, attempts } = await outcomes('done', { status });
  expect(attempts).toEqual([
    { attempt: 1, outcome: 'done', error: null, status: String(status), output: null },
  ]);
  expect(workOf(service, id)).toEqual([]);
});

test('410 is discarded, never to be sent again', async () => {
  const { id, attempts } = await outcomes('discarded', { status: 410, text: 'no more of this' });
  expect(attempts).toEqual([
    {
      attempt: 1,
      outcome: 'discarded',
      error: `Discard: ${host()} answered 410`,
      status: '410',
      output: 'no more of this',
    },
  ]);
  expect(workOf(service, id)).toEqual([]);
});

test.each([400, 401, 403, 404, 405, 413, 422, 451])('%i is dead after four attempts', async (status) => {
  const { id, attempts, outcomes: all } = await outcomes('dead', { status });
  expect(all).toEqual(['retry', 'retry', 'retry', 'dead']);
  expect(attempts.at(-1)?.error).toBe(`Declined: ${host()} answered ${status}`);
  expect(workOf(service, id)).toMatchObject([{ state: 'dead', attempts: 4 }]);
  expect(target.callsOf(id)).toHaveLength(4);
});

test('400 does not keep other events from the target', async () => {
  const [dead, done] = await Promise.all([
    outcomes('dead', { status: 400 }),
    outcomes('done', { status: 200 }),
  ]);
  expect(dead.outcomes).toHaveLength(4);
  expect(done.outcomes).toEqual(['done']);
});

test.each([408, 425, 429, 503, 500, 502, 504, 599])('%i is tried again, and counted', async (status) => {
  const { attempts } = await outcomes('done', { status }, { status }, { status: 200 });
  expect(attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
    [1, 'retry'],
    [2, 'retry'],
    [3, 'done'],
  ]);
  expect(attempts[0]?.error).toMatch(new RegExp(`^(Error|Unavailable): ${host()} answered ${status}$`));
});

test('500 is dead once every attempt is used up', async () => {
  const { outcomes: all } = await outcomes('dead', { status: 500 });
  expect(all).toEqual(['retry', 'retry', 'retry', 'retry', 'retry', 'dead']);
});

describe('Retry-After', () => {
  test.each([408, 425, 429, 503])(
    'in seconds is kept after %i, and the attempt is not counted',
    async (status) => {
      const answer = { status, headers: { 'Retry-After': '1' } };
      const { id, attempts } = await outcomes('done', answer, { status: 200 });
      expect(attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
        [1, 'later'],
        [1, 'done'],
      ]);
      const [first, second] = target.callsOf(id);
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(980);
    },
  );

  test('as a date is kept', async () => {
    // A date has whole seconds.
    const at = Math.ceil(Date.now() / 1_000 + 1) * 1_000;
    const answer = { status: 503, headers: { 'Retry-After': new Date(at).toUTCString() } };
    const { id, outcomes: all } = await outcomes('done', answer, { status: 200 });
    expect(all).toEqual(['later', 'done']);
    expect(target.callsOf(id)[1]?.at).toBeGreaterThanOrEqual(at - 20);
  });

  test.each(['0', '-5', 'Sun, 06 Nov 1994 08:49:37 GMT', 'soon', ''])(
    '%j asks for no pause: the attempt is counted',
    async (value) => {
      for (const status of [408, 503]) {
        const answer = { status, headers: { 'Retry-After': value } };
        expect((await outcomes('done', answer, { status: 200 })).outcomes).toEqual(['retry', 'done']);
      }
    },
  );

  const now = Date.UTC(1994, 10, 6, 8, 49, 27);
  test.each([
    ['120', 120_000],
    [' 7 ', 7_000],
    ['0', undefined],
    ['-1', undefined],
    ['3601', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 10_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 10_000],
    ['Sun Nov  6 08:49:37 1994', 10_000],
    ['Sun, 06 Nov 1994 08:49:17 GMT', undefined],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 3_600_000],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['+5', undefined],
    ['12 34', undefined],
    ['1994-11-06T08:49:37Z', undefined],
    ['tomorrow', undefined],
    ['Sun, ', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is read as %s ms', (value, ms) => {
    expect(pauseAskedFor(value, now)).toBe(ms);
  });
});

test.each([301, 302, 303, 307, 308])('%i is not followed', async (status) => {
  const headers = { Location: `/elsewhere/${status}?token=canary` };
  const { attempts } = await outcomes('done', { status, headers }, { status: 200 });
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['retry', 'done']);
  expect(attempts[0]?.error).toBe(
    `Unavailable: ${host()} answered ${status} with http://${host()}/elsewhere/${status}, and redirects are not followed`,
  );
  expect(target.calls.filter(({ path }) => path.startsWith('/elsewhere'))).toEqual([]);
  expect(service.output()).not.toContain('canary');
});

test.each([{}, { Location: 'http://[' }, { Location: `https://a.example/${'x'.repeat(9_000)}` }])(
  'a redirect is not followed wherever it leads',
  async (headers) => {
    const { attempts } = await outcomes('done', { status: 302, headers }, { status: 200 });
    expect(attempts[0]?.error).toMatch(/answered 302.{0,220}, and redirects are not followed$/);
  },
);

describe('of the answer', () => {
  test('the beginning is kept if it is text', async () => {
    const { attempts } = await outcomes('done', { text: 'ü'.repeat(30_000) });
    expect(attempts[0]?.output).toMatch(/^ü{1000}…$/);
  });

  test.each<Told>([{ does: 'answer bytes' }, { text: 'a\0b' }, { text: '\u001b[31mred' }])(
    'nothing is kept if it is not: %j',
    async (told) => {
      const { attempts } = await outcomes('done', told);
      expect(attempts).toMatchObject([{ outcome: 'done', status: '200', output: null }]);
    },
  );
});
