/** Part of contract.ts: arrivals. */
import { expect, test } from 'vitest';
import { arrival, fresh, type MakeDriver, numberOf, openForEach, SOURCES } from './driver.ts';

export function receiptContract(makeDriver: MakeDriver): void {
  const opened = openForEach(makeDriver);

  test('an arrival is accepted and stored byte for byte', async () => {
    const body = ' {"id" : 12345678901234567890,\r\n"n":1.0,"s":"\\u0000ü"}\n';
    const kept = await opened.inbox.keep(arrival('one', body));
    expect(kept).toEqual({ outcome: 'accepted', id: expect.stringMatching(/^evt_[0-9a-f]{14}$/) });
    expect(opened.driver.rows().events).toEqual([{ id: kept.id, source: 'one', held: null, body }]);
    expect(opened.inbox.takesWrites()).toBe(true);
  });

  test('the same event again is a duplicate of the first one', async () => {
    const body = fresh();
    const first = await opened.inbox.keep(arrival('one', body));
    expect(await opened.inbox.keep(arrival('one', body))).toEqual({ outcome: 'duplicate', id: first.id });
    expect(opened.driver.rows().events.map(({ id }) => id)).toEqual([first.id]);
  });

  test('another body under a known id is held, and that body again is a duplicate of the held one', async () => {
    const first = await opened.inbox.keep(arrival('one', '{"id":"x","n":1}'));
    const second = await opened.inbox.keep(arrival('one', '{"id":"x","n":2}'));
    expect(second).toEqual({
      outcome: 'held',
      id: expect.stringMatching(/^evt_/),
      reason: expect.stringContaining(first.id),
    });
    expect(second.id).not.toBe(first.id);
    expect(await opened.inbox.keep(arrival('one', '{"id":"x","n":2}'))).toEqual({
      outcome: 'duplicate',
      id: second.id,
    });
    const third = await opened.inbox.keep(arrival('one', '{"id":"x","n":3}'));
    expect(third.outcome).toBe('held');
    expect(await opened.inbox.keep(arrival('one', '{"id":"x","n":1}'))).toEqual({
      outcome: 'duplicate',
      id: first.id,
    });
    expect(opened.driver.rows().events.map(({ id, body }) => [id, body])).toEqual([
      [first.id, '{"id":"x","n":1}'],
      [second.id, '{"id":"x","n":2}'],
      [third.id, '{"id":"x","n":3}'],
    ]);
    expect(opened.driver.rows().work.map(({ state }) => state)).toEqual(['pending', 'held', 'held']);
  });

  test('a body that is not JSON is held with its bytes, and again is a duplicate', async () => {
    const first = await opened.inbox.keep(arrival('one', 'not {json'));
    expect(first).toMatchObject({ outcome: 'held', reason: 'the body is not JSON' });
    expect(await opened.inbox.keep(arrival('one', 'not {json'))).toEqual({
      outcome: 'duplicate',
      id: first.id,
    });
    const { events, work } = opened.driver.rows();
    expect(events).toEqual([
      { id: first.id, source: 'one', held: 'the body is not JSON', body: 'not {json' },
    ]);
    expect(work).toEqual([{ id: first.id, handler: 'one/a', state: 'held', attempts: 0 }]);
  });

  test('an empty body is held as well', async () => {
    const kept = await opened.inbox.keep(arrival('one', ''));
    expect(kept.outcome).toBe('held');
    expect(opened.driver.rows().events).toMatchObject([{ id: kept.id, body: '' }]);
  });

  test('two sources may use the same id', async () => {
    const kept = await Promise.all(
      ['one', 'two'].map((source) => opened.inbox.keep(arrival(source, '{"id":1}'))),
    );
    expect(kept.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted']);
    expect(opened.driver.rows().events.map(({ source }) => source)).toEqual(['one', 'two']);
  });

  test('without an id of the provider’s the bytes decide', async () => {
    const [first, again, other] = await Promise.all(
      ['{"event":"a"}', '{"event":"a"}', '{"event": "a"}'].map((body) =>
        opened.inbox.keep(arrival('plain', body)),
      ),
    );
    expect(first?.outcome).toBe('accepted');
    expect(again).toEqual({ outcome: 'duplicate', id: first?.id });
    expect(other?.outcome).toBe('accepted');
    expect(opened.driver.rows().events).toHaveLength(2);
  });

  test('a form is handed over where the source sends forms', async () => {
    const form = await opened.inbox.keep(arrival('forms', 'a=1&b=%C3%BC'));
    expect(form.outcome).toBe('accepted');
    const json = await opened.inbox.keep(arrival('forms', '{"a":1}'));
    expect(json.outcome).toBe('accepted');
    const { events, work } = opened.driver.rows();
    expect(events.map(({ body }) => body)).toEqual(['a=1&b=%C3%BC', '{"a":1}']);
    expect(work.map(({ state }) => state)).toEqual(['pending', 'pending']);
  });

  const named = (body: string, headers: object) =>
    opened.inbox.keep({ ...arrival('named', body), headers: JSON.stringify(headers) });

  test('one body under other names that nobody signs is handed over with a warning, and held from the ninth on', async () => {
    const first = await named('{"n":1}', { 'x-id': 'a1', 'x-type': 'orders/updated' });
    expect(first).toEqual({ outcome: 'accepted', id: expect.stringMatching(/^evt_/) });
    const paid = await named('{"n":1}', { 'x-id': 'a1', 'x-type': 'orders/paid' });
    expect(paid).toMatchObject({ outcome: 'accepted', warning: expect.stringContaining(first.id) });
    for (let at = 2; at < 8; at++) {
      const other = await named('{"n":1}', { 'x-id': `a${at}`, 'x-type': 'orders/updated' });
      expect(other).toMatchObject({ outcome: 'accepted', warning: expect.stringContaining(first.id) });
    }
    const ninth = await named('{"n":1}', { 'x-id': 'a9', 'x-type': 'orders/updated' });
    expect(ninth).toMatchObject({ outcome: 'held', reason: expect.stringContaining(first.id) });
    const tenth = await named('{"n":1}', { 'x-id': 'a9', 'x-type': 'orders/paid' });
    expect(tenth.outcome).toBe('held');
    const again = [
      await named('{"n":1}', { 'x-id': 'a1', 'x-type': 'orders/updated' }),
      await named('{"n":1}', { 'x-id': 'a1', 'x-type': 'orders/paid' }),
      await named('{"n":1}', { 'x-id': 'a9', 'x-type': 'orders/updated' }),
    ];
    expect(again).toEqual([first, paid, ninth].map(({ id }) => ({ outcome: 'duplicate', id })));
    expect(opened.driver.rows().events).toHaveLength(10);
    const states = opened.driver.rows().work.map(({ state }) => state);
    expect(states).toEqual([...Array(8).fill('pending'), 'held', 'held']);
  });

  test('another body under an id that nobody signs is an event of its own', async () => {
    const kept = await Promise.all(
      ['{"n":1}', '{"n":2}', '{"n":2}'].map((body) => named(body, { 'x-id': 'a1', 'x-type': 't' })),
    );
    expect(kept.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'duplicate']);
    expect(kept[2]?.id).toBe(kept[1]?.id);
    expect(kept.every(({ warning }) => warning === undefined)).toBe(true);
    expect(opened.driver.rows().events).toHaveLength(2);
  });

  test('names that come at the same moment are told apart, each once', async () => {
    const ids = ['a', 'b', 'a', 'c', 'b', 'a'];
    const kept = await Promise.all(ids.map((id) => named('{"n":1}', { 'x-id': id })));
    expect(kept.map(({ outcome }) => outcome).filter((outcome) => outcome === 'accepted')).toHaveLength(3);
    for (const [at, id] of ids.entries()) expect(kept[at]?.id).toBe(kept[ids.indexOf(id)]?.id);
    expect(opened.driver.rows().events).toHaveLength(3);
  });

  test('what its claims have proven is known by them, in whatever bytes it comes', async () => {
    const said = (body: string, claims: string) =>
      opened.inbox.keep({
        ...arrival('plain', body),
        evidence: JSON.stringify([{ scheme: 'jwt', claims }]),
        claims,
      });
    const first = await said('{"event":"a"}', 'a1');
    expect(first.outcome).toBe('accepted');
    const again = [said('{ "event": "a" }', 'a1'), said('{"event":"a","iat":1}', 'a1')];
    for (const kept of await Promise.all(again)) expect(kept).toEqual({ outcome: 'duplicate', id: first.id });
    const other = await said('{"event":"b"}', 'b1');
    expect(other.outcome).toBe('accepted');
    expect(opened.driver.rows().events.map(({ body }) => body)).toEqual(['{"event":"a"}', '{"event":"b"}']);
  });

  test('under a known id, claims decide what another body is', async () => {
    const said = (body: string, claims?: string) =>
      opened.inbox.keep({
        ...arrival('one', body),
        evidence: JSON.stringify([{ scheme: 'hmac' }, { scheme: 'jwt', ...(claims && { claims }) }]),
        ...(claims && { claims }),
      });
    const first = await said('{"id":"x","n":1}', 'n1');
    expect(await said('{ "id": "x", "n": 1 }', 'n1')).toEqual({ outcome: 'duplicate', id: first.id });
    const second = await said('{"id":"x","n":2}', 'n2');
    expect(second).toMatchObject({ outcome: 'held', reason: expect.stringContaining(first.id) });
    expect(await said('{"n":2,"id":"x"}', 'n2')).toEqual({ outcome: 'duplicate', id: second.id });
    // The same bytes are the same, also where the first came without claims.
    const bare = await said('{"id":"y","n":1}');
    expect(await said('{"id":"y","n":1}', 'y1')).toEqual({ outcome: 'duplicate', id: bare.id });
    expect((await said('{"id":"y", "n":1}', 'y1')).outcome).toBe('held');
    const bodies = opened.driver.rows().events.map(({ body }) => body);
    expect(bodies).toEqual(['{"id":"x","n":1}', '{"id":"x","n":2}', '{"id":"y","n":1}', '{"id":"y", "n":1}']);
  });

  test('of a hundred copies at once one is accepted, and all hear its id', async () => {
    const body = fresh();
    const kept = await Promise.all(
      Array.from({ length: 100 }, () => opened.inbox.keep(arrival('two', body))),
    );
    expect(kept.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
    expect(kept.filter(({ outcome }) => outcome === 'duplicate')).toHaveLength(99);
    expect(new Set(kept.map(({ id }) => id)).size).toBe(1);
    expect(opened.driver.rows().events).toHaveLength(1);
    expect(opened.driver.rows().work).toHaveLength(2);
  });

  test('ids grow in the order of arrival, even if the clock goes back', async () => {
    const now = Date.now();
    const ids: string[] = [];
    for (const shift of [0, 1, -3_600_000, 5, -86_400_000, 5]) {
      ids.push((await opened.inbox.keep(arrival('one', fresh(), now + shift))).id);
    }
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(ids.length);
    expect(opened.driver.rows().events.map(({ id }) => id)).toEqual(ids);
  });

  test('after closing and opening again everything is there, and a copy is still known', async () => {
    const [body, odd] = [fresh(), 'odd'];
    const kept = [
      await opened.inbox.keep(arrival('one', body)),
      await opened.inbox.keep(arrival('one', odd)),
    ];
    await opened.inbox.close();
    opened.inbox = await opened.driver.open(SOURCES);
    expect(await opened.inbox.keep(arrival('one', body))).toEqual({ outcome: 'duplicate', id: kept[0]?.id });
    expect(await opened.inbox.keep(arrival('one', odd))).toEqual({ outcome: 'duplicate', id: kept[1]?.id });
    const next = await opened.inbox.keep(arrival('one', fresh(), 0));
    expect(numberOf(next.id)).toBeGreaterThan(numberOf(kept[1]?.id ?? ''));
    expect(opened.driver.rows().events.map(({ id }) => id)).toEqual([kept[0]?.id, kept[1]?.id, next.id]);
  });

  test('what is on its way when the inbox closes is kept before it has closed', async () => {
    const bodies = Array.from({ length: 50 }, fresh);
    const keeping = Promise.all(bodies.map((body) => opened.inbox.keep(arrival('still', body))));
    await new Promise((resolve) => setImmediate(resolve));
    await opened.inbox.close();
    expect((await keeping).map(({ outcome }) => outcome)).toEqual(bodies.map(() => 'accepted'));
    expect(opened.driver.rows().events.map(({ body }) => body)).toEqual(bodies);
    opened.inbox = await opened.driver.open(SOURCES);
  });

  test('the status names the inbox, what waits, and since when', async () => {
    const before = await opened.inbox.status();
    expect(before).toEqual({
      inbox: expect.any(String),
      backlog: [],
      oldestPendingAt: null,
      resting: [],
      paused: [],
    });
    const receivedAt = Date.now() - 5_000;
    await opened.inbox.keep(arrival('two', fresh(), receivedAt));
    await opened.inbox.keep(arrival('one', 'not json'));
    const { inbox: name, backlog, oldestPendingAt } = await opened.inbox.status();
    expect(name).toBe(before.inbox);
    expect(oldestPendingAt).toBe(receivedAt);
    expect([...backlog].sort((a, b) => a.handler.localeCompare(b.handler))).toEqual([
      { handler: 'one/a', state: 'held', count: 1 },
      { handler: 'two/a', state: 'pending', count: 1 },
      { handler: 'two/b', state: 'pending', count: 1 },
    ]);
  });
}
