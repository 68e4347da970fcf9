/** What becomes of an event when our answer is not a good one, as each preset says; docs/alarms.md has the same words. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { durationOf } from '../../src/serve/alarms/alarm.ts';
import { type Preset, presetFlaws } from '../../src/verify/preset.ts';
import { flatfile, flexport, flintn, shippo } from '../../src/verify/presets.ts';
import { isLost, providerFate } from '../../src/verify/retries.ts';
import { ROOT } from '../harness/project.ts';

const FATES: readonly [Preset, string, string][] = [
  [
    flexport,
    'Flexport tries again, for how long is not known',
    'Flexport tries again, for how long is not known',
  ],
  [shippo, 'Shippo takes 401 for a last word: lost', 'Shippo gives up after 20 seconds'],
  [
    flintn,
    'Flintn takes 401 for a last word: lost',
    'Flintn tries for 27 hours, then switches the webhook off, and what comes meanwhile is lost',
  ],
  [flatfile, 'Flatfile does not try again: lost', 'Flatfile does not try again: lost'],
];

test.each(FATES)('$title', (preset, after401, after503) => {
  expect(providerFate(preset, 401, durationOf)).toBe(after401);
  expect(providerFate(preset, 503, durationOf)).toBe(after503);
  expect([isLost(preset, 401), isLost(preset, 503)]).toEqual(
    [after401, after503].map((fate) => fate.endsWith('lost') && !fate.includes('meanwhile')),
  );
  const page = readFileSync(join(ROOT, 'docs/alarms.md'), 'utf8');
  const words = after503.replace(`${preset.title} `, '');
  if (preset !== flatfile) expect(page).toContain(words);
});

test('what no page says is not known, and a receiver that asks for patience is not refusing', () => {
  expect(providerFate({ title: 'Acme' }, 503, durationOf)).toBe('whether Acme tries again is not known');
  expect(isLost({}, 401)).toBe(false);
  expect([408, 429, 500].map((status) => isLost(shippo, status))).toEqual([false, false, false]);
});

test('a preset of somebody’s own says it in this form', () => {
  expect(presetFlaws({ ...shippo, retries: { after: 'trouble', forMs: 1_000 } })).toEqual([]);
  for (const retries of [{ after: 'never' }, { after: 'trouble', forMs: -1 }, 'often', { forMs: 5 }])
    expect(presetFlaws({ ...shippo, retries })).toHaveLength(1);
});
