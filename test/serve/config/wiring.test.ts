/** What config/sources.ts may say: names, handlers and limits; every problem is told with the value and what may be. */
import { expect, test } from 'vitest';
import type { Problem } from '../../../src/base/errors.ts';
import { each } from '../../../src/deliver/handlers/each.ts';
import { latest } from '../../../src/deliver/handlers/latest.ts';
import { log } from '../../../src/deliver/handlers/log.ts';
import { readWirings } from '../../../src/serve/config/wiring.ts';
import { custom } from '../../../src/verify/custom.ts';
import { flintn } from '../../../src/verify/presets/flintn/preset.ts';
import { hubspot } from '../../../src/verify/presets/hubspot/preset.ts';
import { shippo } from '../../../src/verify/presets/shippo/preset.ts';
import { reading } from './reading.ts';

const handle = () => {};

function problemsOf(...wirings: unknown[]): string[] {
  const problems: Problem[] = [];
  readWirings(wirings, problems);
  return problems.map(({ setting, wrong, fix }) => `${setting}: ${wrong}. ${fix}`);
}

/** With the options of one handler, orders/a. */
const withOptions = (options: object) =>
  problemsOf({ preset: flintn, name: 'orders', handlers: { a: { handle, ...options } } });

test('all that may be there has no problem', () => {
  const full = {
    handle,
    types: ['a', 'b_*'],
    sources: ['orders', 'shippo'],
    timeLimitMs: 86_400_000,
    concurrency: 10_000,
    maxAttempts: 1,
    ratePerSecond: 0.001,
    target: 'yonder',
    settings: ['ORDERS_URL'],
    setUp: async () => 'ready',
    latest: undefined,
    each: undefined,
  };
  const orders = {
    preset: flintn,
    name: 'orders',
    handlers: { a: full, b: handle },
    keepHeaders: ['X-Region'],
    keys: { po: ['data.po_number', 'data.lines.*.po'], order: ['order'] },
    reply: () => ({}),
  };
  expect(problemsOf(orders, { preset: shippo, handlers: { c: latest(handle) } })).toEqual([]);
  expect(problemsOf({ preset: shippo, handlers: {} })).toEqual([]);
});

test('a preset of one’s own takes five lines, and what is misspelt in it is told with what may be', () => {
  const form = {
    in: { header: 'X-Acme' },
    encoding: 'hex',
    algorithm: 'hmac-sha256',
    signed: '{body}',
  } as const;
  const acme = custom({
    name: 'acme',
    forms: [form],
    id: [{ header: 'X-Acme-Id' }],
  });
  expect(problemsOf({ preset: acme, handlers: { a: handle } })).toEqual([]);
  const odd = custom({
    name: 'odd',
    forms: [
      { ...form, signed: '{bodi}' },
      { ...form, in: { header: '' } },
    ],
  });
  expect(problemsOf({ preset: odd, handlers: { a: handle } })).toEqual([
    expect.stringMatching(
      /forms\.0 of the preset odd has an unknown placeholder \{bodi\}; there are body, time, /,
    ),
    expect.stringContaining(
      'forms.1 of the preset odd has a header that is not a name. Write a list of forms',
    ),
  ]);
});

test('a preset of one’s own that is not sound is told of once, with all its flaws, and its sources are not read', () => {
  const own = {
    ...flintn,
    name: 'Own',
    forms: [{ ...flintn.forms[0], algorithm: 'md5' }],
    bodyLimitBytes: 0,
  };
  const sources = ['one', 'two'].map((name) => ({ preset: own, name, handlers: { a: handle } }));
  expect(problemsOf(...sources)).toEqual([
    expect.stringContaining('name of the preset Own is "Own". Use small letters, digits and hyphens.'),
    expect.stringContaining(
      'forms.0 of the preset Own has an algorithm that is none of hmac-sha256, hmac-sha1, hmac-sha512,',
    ),
    expect.stringContaining('bodyLimitBytes of the preset Own is 0. Use a whole number from 1'),
  ]);
  const { config, problems } = reading({}, { sources });
  expect(config.sources).toEqual([]);
  expect(problems).toHaveLength(3);
});

test.each([
  [{ ratePerSecond: 0 }, 'ratePerSecond of orders/a is 0. Use 0.001 to 10000.'],
  [{ ratePerSecond: 10_001 }, 'ratePerSecond of orders/a is 10001. Use 0.001 to 10000.'],
  [{ ratePerSecond: '5' }, 'ratePerSecond of orders/a is "5". Use 0.001 to 10000.'],
  [{ ratePerSecond: Number.NaN }, 'ratePerSecond of orders/a is NaN. Use 0.001 to 10000.'],
  [{ concurrency: 0 }, 'concurrency of orders/a is 0. Use a whole number from 1 to 10000.'],
  [{ concurrency: 1.5 }, 'concurrency of orders/a is 1.5. Use a whole number from 1 to 10000.'],
  [{ timeLimitMs: -1 }, 'timeLimitMs of orders/a is -1. Use a whole number from 1 to 86400000.'],
  [{ timeLimitMs: '10s' }, 'timeLimitMs of orders/a is "10s". Use a whole number from 1 to 86400000.'],
  [{ maxAttempts: 1_001 }, 'maxAttempts of orders/a is 1001. Use a whole number from 1 to 1000.'],
  [{ maxAttempts: null }, 'maxAttempts of orders/a is null. Use a whole number from 1 to 1000.'],
  [
    { types: 'track_*' },
    "types of orders/a is \"track_*\". Write types or patterns: types: ['track_updated', 'transaction_*'].",
  ],
  [{ types: [''] }, /^types of orders\/a is \[""\]\. Write types or patterns: /],
  [{ sources: [] }, 'sources of orders/a is []. The sources are orders.'],
  [{ sources: ['order'] }, 'sources of orders/a is ["order"]. The sources are orders.'],
  [{ target: '' }, /^target of orders\/a is ""\. Write a name; /],
  [{ target: {} }, /^target of orders\/a is an object\. /],
  [{ latest: true }, /^latest of orders\/a is true\. Write orders: latest\(/],
  [{ setUp: 'later' }, /^setUp of orders\/a is "later"\. Write a function /],
  [
    { maxAttemps: 3 },
    /^maxAttemps of orders\/a is not known\. Did you mean maxAttempts\? The names are handle, /,
  ],
  [{ rate: 3 }, /^rate of orders\/a is not known\. The names are handle, timeLimitMs, /],
])('an option of a handler: %j', (options, said) => {
  const expected = typeof said === 'string' ? `config/sources.ts: ${said}` : expect.stringMatching(said);
  expect(withOptions(options).map((line) => (typeof said === 'string' ? line : line.slice(19)))).toEqual([
    expected,
  ]);
});

test.each([
  [{ handlers: {} }, 'preset of source number 2 is missing.'],
  [undefined, 'preset of source number 2 is missing.'],
  [null, 'source number 2 is null.'],
  [handle, 'source number 2 is a function.'],
  [{ preset: undefined, handlers: {} }, 'preset of source number 2 is missing.'],
  [{ preset: 'shippo', handlers: {} }, 'preset of source number 2 is "shippo".'],
  [{ preset: shippo, name: 'Shippo EU', handlers: {} }, 'name of source number 2 is "Shippo EU".'],
  [{ preset: shippo, name: 7, handlers: {} }, 'name of source number 2 is 7.'],
  [{ preset: shippo, handlers: 'log' }, 'handlers of source number 2 is "log".'],
  [{ preset: shippo, handler: {} }, 'handler of source number 2 is not known. Did you mean handlers?'],
  [
    { preset: shippo, handlers: {}, keepHeaders: 'X-Region' },
    'keepHeaders of source number 2 is "X-Region".',
  ],
  [
    { preset: shippo, handlers: {}, keepHeaders: ['X Region'] },
    'keepHeaders of source number 2 is ["X Region"].',
  ],
  [{ preset: shippo, handlers: {}, keepHeaders: ['Cookie'] }, 'keepHeaders of shippo names Cookie, in which'],
  [
    { preset: shippo, handlers: {}, keepHeaders: ['X-Api-Key'] },
    'keepHeaders of shippo names X-Api-Key, in which',
  ],
  [
    {
      preset: { ...shippo, forms: [{ ...shippo.forms[0], in: { header: 'X-Mac' } }] },
      handlers: {},
      keepHeaders: ['x-mac'],
    },
    'keepHeaders of shippo names x-mac, in which',
  ],
  [
    { preset: shippo, handlers: {}, keys: ['data.po'] },
    'keys of source number 2 is ["data.po"]. Write a name and',
  ],
  [
    { preset: shippo, handlers: {}, keys: { po: 'data.po' } },
    'keys of source number 2 is an object. Write a name',
  ],
  [{ preset: shippo, handlers: {}, keys: { po: ['data..po'] } }, 'keys of source number 2 is an object.'],
  [{ preset: shippo, handlers: {}, keys: { po: [] } }, 'keys of source number 2 is an object.'],
  [{ preset: shippo, handlers: {}, keys: { 'p o': ['data.po'] } }, 'keys of source number 2 is an object.'],
  [
    { preset: shippo, handlers: { a: { handle: { handle } } } },
    'handle of shippo/a is no function but a handler with options',
  ],
  [{ preset: shippo, handlers: {}, reply: {} }, 'reply of source number 2 is an object.'],
  [{ preset: shippo, handlers: { '1st': handle } }, "handlers.1st of shippo is not a handler's name."],
  [{ preset: shippo, handlers: { a: null } }, 'handlers.a of shippo is not a handler.'],
  [{ preset: shippo, handlers: { a: { maxAttempts: 1 } } }, 'handlers.a of shippo is not a handler.'],
  [{ preset: flintn, handlers: {} }, 'mounts flintn twice.'],
])('an entry: %j', (entry, said) => {
  const problems = problemsOf({ preset: flintn, handlers: {} }, entry);
  expect(problems[0]).toContain(`config/sources.ts: ${said}`);
});

test('entries that cannot be read are left out, and the others are read nevertheless', () => {
  const { config, problems } = reading(
    {},
    { sources: [{ preset: shippo, handlers: {} }, null, { name: 'x' }, 7] },
  );
  expect(config.sources.map(({ name }) => name)).toEqual(['shippo']);
  expect(problems.length).toBeGreaterThanOrEqual(3);
  for (const nothing of [undefined, null, {}, 'sources']) {
    expect(reading({}, { sources: nothing }).problems).toContainEqual(
      expect.objectContaining({ wrong: 'has no list as its default export' }),
    );
  }
});

test('members for latest are paths, of the thing and of its time', () => {
  const paths = (options: object) =>
    problemsOf({ preset: flintn, handlers: { a: latest(handle, options as never) } }).map((line) =>
      line.slice(19),
    );
  expect(paths({ of: ['data.id'], at: ['at'] })).toEqual([]);
  expect(paths({ of: 'data.id', at: ['at'] })).toEqual([
    expect.stringMatching(/^of of latest is "data\.id"\. /),
  ]);
  expect(paths({ of: ['data.id'] })).toEqual([
    expect.stringMatching(/^at of latest is missing\. Write members /),
  ]);
  expect(paths({ of: ['a'], at: [], by: 1 })).toHaveLength(2);
});

test('each() knows where the events are, from the preset or by itself', () => {
  const said = (preset: object, a: object) => problemsOf({ preset, name: 'orders', handlers: { a } });
  expect(said(hubspot, each(handle))).toEqual([]);
  expect(said(flintn, each(handle, { items: ['data', 'list'], id: ['meta.id'], type: ['kind'] }))).toEqual(
    [],
  );
  expect(said(flintn, latest(each(handle, { items: [] }), { of: ['id'], at: ['at'] }))).toEqual([]);
  expect(said(flintn, each(handle))).toEqual([
    "config/sources.ts: orders/a is wrapped in each(), but its preset knows of no list of events. Say where its events are: each(handler, { items: ['data', 'events'] }), or [] if the body is the list; or take `each` away.",
  ]);
  expect(said(flintn, each(handle, { items: 'list' } as never))).toEqual([
    expect.stringMatching(/items of each is "list"\. Write the members that lead to the list/),
  ]);
  expect(said(flintn, each(handle, {} as never))).toEqual([
    expect.stringMatching(/items of each is missing/),
  ]);
  expect(withOptions({ each: true })).toEqual([
    expect.stringMatching(/each of orders\/a is true\. Write orders: each\(/),
  ]);
  expect(problemsOf({ preset: { ...flintn, items: { path: 'events' } }, handlers: {} })).toEqual([
    expect.stringMatching(/items of the preset flintn is .* Write \{ path: \['events'\]/),
  ]);
});

test('a handler that has options already, wrapped once more, is told apart from what is no handler', () => {
  const said = (a: unknown) => problemsOf({ preset: shippo, handlers: { a } });
  for (const wired of [
    { handle: log },
    { handle: log, types: ['track_*'] },
    latest({ handle: log } as never),
  ]) {
    expect(said(wired)).toEqual([
      'config/sources.ts: handle of shippo/a is no function but a handler with options, as `log` is. Write it by itself, or its options beside it: { ...log, concurrency: 4 }.',
    ]);
  }
  expect(said({ ...log, types: ['track_*'] })).toEqual([]);
  expect(said({ handle: { handle: 'log' } })).toEqual([expect.stringContaining('is not a handler')]);
});

test('handlers of one target agree on their limits, and the problem names both values', () => {
  const wired = (options: object) => ({ handle, target: 'yonder', ...options });
  const handlers = { a: wired({ concurrency: 2, ratePerSecond: 1 }), b: wired({ concurrency: 3 }) };
  expect(problemsOf({ preset: shippo, handlers })).toEqual([
    expect.stringContaining('concurrency of shippo/b is 3, and of shippo/a, which has the same target, 2.'),
    expect.stringContaining(
      'ratePerSecond of shippo/b is not set, and of shippo/a, which has the same target, 1.',
    ),
  ]);
});
