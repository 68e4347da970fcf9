/** A selection as people write it: read once, or refused with what is wrong and how to say it. */
import { expect, test } from 'vitest';
import { parseSelection, type SelectionOptions } from '../../src/inbox/selection.ts';
import { describeSelection } from '../../src/inbox/selection-words.ts';

const NOW = Date.parse('2026-11-25T16:40:59.123Z');
const at = (time: string) => Date.parse(time);

test.each<[SelectionOptions, object]>([
  [{}, {}],
  [
    { state: 'dead', handler: 'shippo/erp' },
    { state: 'dead', handler: 'shippo/erp' },
  ],
  [
    { source: 'shippo', type: 'track_*' },
    { source: 'shippo', type: 'track_*' },
  ],
  [{ since: '2h' }, { since: at('2026-11-25T14:40:59.123Z') }],
  [
    { since: '90m', until: '90s' },
    { since: NOW - 5_400_000, until: NOW - 90_000 },
  ],
  [{ since: '7d' }, { since: NOW - 7 * 86_400_000 }],
  [
    { since: 'yesterday', until: 'today' },
    { since: at('2026-11-24'), until: at('2026-11-25') },
  ],
  [{ since: '2026-11-24' }, { since: at('2026-11-24T00:00:00Z') }],
  [{ since: '2026-11-24T16:05' }, { since: at('2026-11-24T16:05:00Z') }],
  [{ since: '2026-11-24 16:05:07.5' }, { since: at('2026-11-24T16:05:07.500Z') }],
  [{ since: '2026-11-24T16:05+01:00' }, { since: at('2026-11-24T15:05:00Z') }],
  [
    { 'their-id': '581506319', key: '1Z 999' },
    { externalId: '581506319', key: '1Z 999' },
  ],
  [
    { where: ['data.tracking_number=1Z=9'] },
    { where: [{ path: ['data', 'tracking_number'], value: '1Z=9' }] },
  ],
  [
    { where: ['a=', 'b=c'] },
    {
      where: [
        { path: ['a'], value: '' },
        { path: ['b'], value: 'c' },
      ],
    },
  ],
  [{ search: 'PO "7"' }, { search: 'PO "7"' }],
  [
    { held: true, state: 'held' },
    { heldOnly: true, state: 'held' },
  ],
  [
    { cause: '0123456789abcdef', state: 'pending' },
    { cause: '0123456789abcdef', state: 'pending' },
  ],
  [{ id: ['evt_0c5f2a9b3d4e01'] }, { numbers: [0x0c5f2a9b3d4e01] }],
])('%o is understood', (given, selection) => {
  expect(parseSelection(given, NOW)).toEqual({ selection, problems: [] });
});

test.each<[SelectionOptions, string]>([
  [{ state: 'lost' }, '--state names no state: lost'],
  [{ handler: 'erp' }, '--handler names no handler: erp'],
  [{ since: 'tomorrow' }, '--since is no time: tomorrow'],
  [{ since: '2h30' }, '--since is no time: 2h30'],
  [{ until: '2026-13-40' }, '--until is no time: 2026-13-40'],
  [{ since: '1h', until: '2h' }, '--until is not later than --since'],
  [{ where: ['data.x'] }, '--where cannot be read: data.x'],
  [{ where: ['data..x=1'] }, '--where cannot be read: data..x=1'],
  [{ cause: 'abc' }, '--cause is no cause: abc'],
  [{ cause: '0123456789abcdef', state: 'done' }, '--cause is known only of what is dead or pending'],
  [{ held: true, state: 'dead' }, '--held contradicts --state dead'],
  [{ handler: 'shippo/erp', source: 'flexport' }, '--handler is not one of source flexport: shippo/erp'],
  [{ id: ['evt_1'] }, '--id is not an event id: evt_1'],
  [{ key: '' }, '--key has no value'],
  [{ search: 'a\0b' }, '--search has a character that cannot be searched for: NUL'],
])('%o is refused', (given, said) => {
  const { problems } = parseSelection(given, NOW);
  expect(problems.map(({ option, wrong }) => `--${option} ${wrong}`)).toEqual([said]);
  expect(problems[0]?.fix).toMatch(/^[A-Z].*\.$/);
});

test('it is said in words', () => {
  const { selection } = parseSelection({ state: 'dead', handler: 'shippo/erp', since: 'yesterday' }, NOW);
  expect(describeSelection(selection)).toBe('dead, of shippo/erp, received since 2026-11-24T00:00:00.000Z');
  expect(describeSelection({})).toBe('everything');
});
