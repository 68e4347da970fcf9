/** Judging again: what else there is to do goes on between two requests, and what a round does with handshakes. */
import { expect, test } from 'vitest';
import { judgeRequest } from '../../../src/inbox/refused/judgement.ts';
import { judgeInTurn } from '../../../src/inbox/refused/judging.ts';
import type { NumberedRequest } from '../../../src/inbox/refused/rows.ts';
import { lateHandshakes } from '../../../src/serve/late-handshakes.ts';
import { compileHandshakes } from '../../../src/verify/handshake-answers.ts';
import type { Preset } from '../../../src/verify/preset.ts';
import { presets } from '../../../src/verify/presets-by-name.ts';
import { Rejection, type Verifier } from '../../../src/verify/verifier.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const requests = (bodies: readonly string[], credentials = '[]') =>
  bodies.map((body, at): NumberedRequest => {
    const about = { source: 'one', code: 'hmac_mismatch', reason: '', address: '203.0.113.1', headers: '{}' };
    const clocks = { receivedAt: 1, clockStepMs: 0 };
    const number = at + 1;
    const id = `ref_${number}`;
    return { ...about, ...clocks, number, id, credentials, enforced: 'hmac', body: Buffer.from(body) };
  });
const storeOf = (all: readonly NumberedRequest[], removed: number[] = []) => ({
  next: async (_: string, after: number) => all.filter(({ number }) => number > after),
  newest: async () => all.length,
  async remove(number: number) {
    removed.push(number);
  },
});

test('what has come meanwhile has its turn after each request that was judged', async () => {
  const turns: string[] = [];
  let isJudging = true;
  const takeTurn = () => {
    turns.push('other');
    if (isJudging) setImmediate(takeTurn);
  };
  const judge = judgeInTurn(['one'], {
    refused: storeOf(requests(['1', '2', '3', '4'])),
    verifiersOf: () => [
      () => (body) => {
        turns.push(String(body));
        throw new Rejection('hmac_mismatch');
      },
    ],
    keep: async () => ({ outcome: 'accepted', id: 'evt_1' }),
    note() {},
    log,
  });
  setImmediate(takeTurn);
  await judge();
  isJudging = false;
  const judged = turns.filter((turn, at) => turn !== 'other' || turns[at - 1] !== 'other');
  expect(judged.filter((turn) => turn !== 'other')).toEqual(['1', '2', '3', '4']);
  for (const number of ['2', '3', '4']) expect(judged[judged.indexOf(number) - 1]).toBe('other');
});

const passes: Verifier = () => () => ({ scheme: 'hmac' });
const onlyObserved: Verifier = () => () => ({ scheme: 'hmac', wouldRefuse: 'hmac_mismatch' });

test.each([
  [
    'Notion’s, whose secret nobody waits for',
    'notion',
    undefined,
    passes,
    '{"verification_token":"secret_0123456789abcdef"}',
    0,
    true,
  ],
  [
    'Notion’s, for which there is room',
    'notion',
    true,
    passes,
    '{"verification_token":"secret_0123456789abcdef"}',
    1,
    true,
  ],
  [
    'Notion’s, for which there is none',
    'notion',
    false,
    passes,
    '{"verification_token":"secret_0123456789abcdef"}',
    1,
    false,
  ],
  ['Slack’s', 'slack', true, passes, '{"type":"url_verification","challenge":"abc"}', 0, true],
] as const)('%s: it is no event', async (_, name, room, verify, body, brought, goes) => {
  const preset = presets[name] as Preset;
  const arrived: object[] = [];
  const kept: object[] = [];
  const removed: number[] = [];
  const rules = {
    ...compileHandshakes({ preset, secrets: { hmac: ['a-secret-of-the-tests'] } }, {}, (plain) => plain),
    verifiers: [],
    takesSecretsIf: room === undefined ? 'ONE_VERIFY is hmac,handshake' : undefined,
  };
  const handshakeIn = lateHandshakes({
    rulesOf: () => rules,
    async keepArrived(_source, one) {
      arrived.push(one);
      return room === true;
    },
    log,
  });
  const [request] = requests([body]) as [NumberedRequest];
  // To look changes nothing.
  expect(await judgeRequest(request, [verify], handshakeIn)).toEqual({ passes: 'handshake' });
  expect(arrived).toEqual([]);
  const judge = judgeInTurn(['one'], {
    refused: storeOf([request], removed),
    verifiersOf: () => [verify],
    async keep(arrival) {
      kept.push(arrival);
      return { outcome: 'accepted', id: 'evt_1' };
    },
    handshakeIn,
    note() {},
    log,
  });
  const handshakes = goes ? 1 : 0;
  expect(await judge()).toEqual([{ source: 'one', looked: 1, accepted: 0, passNowOnly: 0, handshakes }]);
  expect([kept, removed, arrived.length]).toEqual([[], goes ? [1] : [], brought]);
});

test('an event is one, a signature that is only observed and wrong makes no signed handshake, and a wrong secret that is told no event', () => {
  const told = presets.slack as Preset;
  const preset: Preset = {
    ...told,
    handshakes: [{ when: { 'member:a': '{secret:verifyToken}' }, signed: true, answer: {} }],
  };
  const rulesOf = (of: Preset) => ({
    ...compileHandshakes(
      { preset: of, secrets: { hmac: ['s'] } },
      { verifyToken: ['right'] },
      (plain) => plain,
    ),
    verifiers: [],
    takesSecretsIf: undefined,
  });
  const meets = (of: Preset, body: string, verify: Verifier) => {
    const head = { receivedAt: 1, address: undefined, query: '', rawHeaders: [] };
    const proof = (verify(head) as (body: Buffer) => { scheme: 'hmac' })(Buffer.from(body));
    const handshakeIn = lateHandshakes({ rulesOf: () => rulesOf(of), keepArrived: async () => true, log });
    return handshakeIn('one', { head, body: Buffer.from(body), proofs: [proof] }) !== undefined;
  };
  const slack = '{"type":"url_verification","challenge":"abc"}';
  expect(meets(told, '{"type":"event_callback"}', passes)).toBe(false);
  expect(meets(told, slack, passes)).toBe(true);
  expect(meets(told, slack, onlyObserved)).toBe(false);
  expect(meets(preset, '{"a":"right"}', passes)).toBe(true);
  expect(meets(preset, '{"a":"wrong"}', passes)).toBe(true);
});
