/**
 * Samples of what providers send, from <preset>/samples/<name>.json beside this file.
 *
 * "$uuid", "$integer", "$hex", "$batch" and "$now" stand for values made anew each time, so that a second send is a second event.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const FOLDER = import.meta.dirname;
const DEFAULTS: Readonly<Record<string, string>> = {
  flexport: 'shipment-leg-arrived',
  shippo: 'track-updated',
  flintn: 'transaction-settled',
  flatfile: 'forwarded-records-updated',
};

/** Names of the samples of a preset, the one that is sent by default first. */
export function sampleNames(preset: string): string[] {
  const names = readdirSync(join(FOLDER, preset, 'samples')).map((file) => basename(file, '.json'));
  return names.sort(
    (a, b) => Number(b === DEFAULTS[preset]) - Number(a === DEFAULTS[preset]) || a.localeCompare(b),
  );
}

export function makeSample(preset: string, name: string): Buffer {
  const text = readFileSync(join(FOLDER, preset, 'samples', `${name}.json`), 'utf8');
  const fresh: Readonly<Record<string, () => unknown>> = {
    $uuid: randomUUID,
    $integer: () => randomInt(1_000_000, 999_999_999),
    $hex: () => randomBytes(16).toString('hex'),
    $batch: () => `batch ${randomBytes(16).toString('hex')} created`,
    $now: () => new Date().toISOString(),
  };
  const value = JSON.parse(
    text,
    (_name, member) => (typeof member === 'string' && fresh[member]?.()) || member,
  );
  return Buffer.from(JSON.stringify(value));
}
