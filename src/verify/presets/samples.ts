/**
 * Samples of the bodies that providers send: <preset>/samples/<name>.json beside this file. "$uuid", "$integer", "$hex",
 * "$batch" and "$now" in them stand for values that are made anew each time, so that a second send is a second event.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Preset } from '../preset.ts';

const FOLDER = import.meta.dirname;

/** Names of the samples of a preset: first the one that is sent by itself, then the others by the alphabet. */
export function sampleNames({ name, sample }: Preset): string[] {
  if (sample === undefined) return [];
  const files = readdirSync(join(FOLDER, name, 'samples'));
  const names = files.map((file) => basename(file, '.json')).sort((one, other) => one.localeCompare(other));
  return [sample, ...names.filter((other) => other !== sample)];
}

export function makeSample(preset: Preset, sample: string): Buffer {
  const text = readFileSync(join(FOLDER, preset.name, 'samples', `${sample}.json`), 'utf8');
  const fresh: Readonly<Record<string, () => unknown>> = {
    $uuid: randomUUID,
    $integer: () => randomInt(1_000_000, 999_999_999),
    $hex: () => randomBytes(16).toString('hex'),
    $batch: () => `batch ${randomBytes(16).toString('hex')} created`,
    $now: () => new Date().toISOString(),
  };
  const value = JSON.parse(text, (_name, member) => fresh[member]?.() ?? member);
  return Buffer.from(JSON.stringify(value));
}
