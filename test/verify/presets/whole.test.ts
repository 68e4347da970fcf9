/** A preset is one datum: what people read about it elsewhere agrees with it, and nothing of it is missing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isSha1 } from '../../../src/verify/form/vocabulary.ts';
import { sayForm } from '../../../src/verify/form/words.ts';
import { type MemberPath, type NamePlace, type Preset, presetFlaws } from '../../../src/verify/preset.ts';
import { makeSample, sampleNames } from '../../../src/verify/presets/samples.ts';
import * as shipped from '../../../src/verify/presets.ts';
import { SCHEMES } from '../../../src/verify/schemes.ts';
import { ROOT } from '../../harness/project.ts';

const all: readonly Preset[] = Object.values(shipped);
/** Those that config/sources.ts wires: README and .env.example speak of them, and their events have types. */
const presets = all.filter(({ name }) => existsSync(join(ROOT, `src/verify/presets/${name}/events.ts`)));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const example = read('.env.example');

test('every folder has its line in presets.ts, and its name is the name that users import', () => {
  const folders = readdirSync(join(ROOT, 'src/verify/presets'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(all.map(({ name }) => name).sort()).toEqual(folders.sort());
  expect(presets.map(({ name }) => name)).toEqual(['flatfile', 'flexport', 'flintn', 'shippo']);
  for (const [key, { name }] of Object.entries(shipped)) {
    expect(key).toBe(name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()));
  }
});

test.each(all)('$title has no flaw, says where it is known from, and has the samples it names', (preset) => {
  expect(presetFlaws(preset)).toEqual([]);
  expect(preset.setUp.length).toBeGreaterThan(0);
  for (const sentence of preset.setUp) expect(sentence).toMatch(/^[A-Z].*\.$/);
  if (!presets.includes(preset))
    expect([preset.known?.asOf, preset.shownBy]).toEqual([expect.any(String), expect.any(String)]);
  for (const sample of sampleNames(preset))
    expect(JSON.parse(makeSample(preset, sample).toString())).toBeTruthy();
});

test.each(presets)('$title has its samples, its event types and its test', (preset) => {
  for (const sample of sampleNames(preset))
    expect(JSON.parse(makeSample(preset, sample).toString())).toBeTruthy();
  expect(existsSync(join(ROOT, `src/verify/presets/${preset.name}/events.ts`))).toBe(true);
  expect(existsSync(join(ROOT, `test/verify/presets/${preset.name}.test.ts`))).toBe(true);
});

test.each(presets)('$title says in sentences how it is set up, and how its secret is changed', (preset) => {
  const { setUp, rotation, forms } = preset;
  expect(setUp.length).toBeGreaterThan(0);
  expect(forms.length === 0 || rotation.hmac !== undefined).toBe(true);
  const steps = Object.values(rotation).flatMap(({ before = [], after, old }) => [...before, ...after, old]);
  for (const sentence of [...setUp, ...steps]) expect(sentence).toMatch(/^[A-Z].*\.$/);
});

const pathOf = (path: MemberPath) => `\`${path.join('.')}\``;
const placeOf = (place: NamePlace): string => {
  if ('all' in place) return place.all.map(placeOf).join(' and ');
  return 'header' in place ? `\`${place.header}\`` : pathOf(place);
};
const pathsOf = (places: readonly NamePlace[], none: string) => places.map(placeOf).join(', else ') || none;

test.each(presets)('$title has its row in the README', ({ title, name, forms, id, type }) => {
  const cells = [
    title,
    `\`/webhooks/${name}\``,
    forms.map(sayForm).join(', else '),
    pathsOf(id, 'digest of the body'),
    pathsOf(type, 'none'),
  ];
  expect(read('README.md')).toContain(`\n| ${cells.join(' | ')} |\n`);
});

test.each(presets)(
  '$title has its section in .env.example, with every setting and the way to it',
  (preset) => {
    const prefix = preset.name.toUpperCase().replaceAll('-', '_');
    const heading = `\n# --- ${preset.title}: POST /webhooks/${preset.name} ---`;
    expect(example).toContain(heading);
    const [section = ''] = (example.split(heading)[1] ?? '').split('\n# --- ');
    const forms = { secrets: ['', '_FILE', '_PREVIOUS', '_SINCE'], addresses: ['', '_FILE'] };
    const settings = SCHEMES.flatMap(({ setting, holds }) => forms[holds].map((form) => `${setting}${form}`));
    for (const setting of [...settings, 'VERIFY', 'OBSERVE', 'BODY_LIMIT']) {
      expect(section).toContain(`\n# ${prefix}_${setting}=`);
    }
    expect(section).toContain(`\n# ${prefix}_BODY_LIMIT=${preset.bodyLimitBytes / 1_048_576}mb\n`);
    const hasSha1 = preset.forms.some(isSha1);
    expect(section.includes(`# ${prefix}_ALLOW_SHA1=`)).toBe(hasSha1);
    expect(section.replaceAll('\n# ', ' ')).toContain(preset.setUp.join(' '));
  },
);

test('the settings that every source has are explained once in .env.example, scheme by scheme', () => {
  for (const { setting } of SCHEMES) expect(example).toMatch(new RegExp(`^#   …_${setting} `, 'm'));
  expect(example).toContain(`of ${SCHEMES.map(({ name }) => name).join(', ')}: boot fails`);
});

test.each(all.filter(({ state }) => state))(
  '$title has its row among those that `latest` knows',
  (preset) => {
    const { of = [], at = [] } = preset.state ?? {};
    const names = of.map(({ by }) => by.map(pathOf).join(' and '));
    const times = new Set(at.map(({ path }) => pathOf(path)));
    const cells = [preset.title, names.join(', else '), [...times].join(', else ')];
    expect(read('docs/handlers.md')).toContain(`\n| ${cells.join(' | ')} |\n`);
  },
);
