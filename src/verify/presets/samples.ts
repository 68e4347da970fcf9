/**
 * Samples of the bodies that providers send: <preset>/samples/<name>.json beside this file. "$uuid", "$integer", "$hex",
 * "$batch", "$now", "$nowMs", "$nowSeconds" and "$tracking" in them, alone or within a text, stand for values that are made anew
 * each time, so that a second send is a second event, about another parcel. Members can be set; one that is not there is refused.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { NamePlace, Preset } from '../preset.ts';

const FOLDER = import.meta.dirname;

/** Names of the samples of a preset: first the one that is sent by itself, then the others by the alphabet. */
export function sampleNames({ name, sample }: Preset): string[] {
  if (sample === undefined) return [];
  const files = readdirSync(join(FOLDER, name, 'samples'));
  const names = files.map((file) => basename(file, '.json')).sort((one, other) => one.localeCompare(other));
  return [sample, ...names.filter((other) => other !== sample)];
}

/** What a member of a sample is to be: its path, as in `data.tracking_number` or `data.containers.0.id`, and its value. */
export interface MemberChange {
  readonly path: string;
  readonly value: string;
}

/** A sample has no such member, or none that can be this; the message says what would do. */
export class MemberError extends Error {}

export function makeSample(preset: Preset, sample: string, changes: readonly MemberChange[] = []): Buffer {
  const text = readFileSync(join(FOLDER, preset.name, 'samples', `${sample}.json`), 'utf8');
  const fresh: Readonly<Record<string, () => unknown>> = {
    $uuid: randomUUID,
    $integer: () => randomInt(1_000_000, 999_999_999),
    $hex: () => randomBytes(16).toString('hex'),
    $batch: () => `batch ${randomBytes(16).toString('hex')} created`,
    $now: () => new Date().toISOString(),
    $nowMs: Date.now,
    $nowSeconds: () => Math.floor(Date.now() / 1_000),
  };
  const filled = (member: string) =>
    fresh[member]?.() ?? member.replace(/\$[a-zA-Z]+/g, (name) => String(fresh[name]?.() ?? name));
  const numbered = text.replaceAll('$tracking', trackingNumber());
  const value = JSON.parse(numbered, (_name, member) =>
    typeof member === 'string' ? filled(member) : member,
  );
  for (const change of changes) setMember(value, change, `${preset.name}'s ${sample}`);
  return Buffer.from(JSON.stringify(value));
}

/** What a provider says of a sample in headers: a fresh id, and the type. Empty where both are in the body. */
export function sampleHeaders(
  { id, type, sample, sampleType }: Preset,
  name: string,
): Record<string, string> {
  const headerOf = ([first]: readonly NamePlace[]) => (first && 'header' in first ? [first.header] : []);
  const types = sampleType === undefined || name !== sample ? [] : headerOf(type);
  return Object.fromEntries([
    ...headerOf(id).map((header) => [header, randomUUID()]),
    ...types.map((header) => [header, sampleType]),
  ]);
}

/** As USPS writes them. */
function trackingNumber(): string {
  return `92055901649173${String(randomInt(100_000_000)).padStart(8, '0')}`;
}

function setMember(body: object, { path, value }: MemberChange, whose: string): void {
  const names = path.split('.');
  let holder = body as Record<string, unknown>;
  for (const [at, name] of names.entries()) {
    if (!Object.hasOwn(holder, name)) {
      const place = at === 0 ? 'at its top' : `in ${names.slice(0, at).join('.')}`;
      const known = Object.keys(holder).join(', ') || 'nothing';
      throw new MemberError(`${whose} has no ${path}: ${place} there is ${known}`);
    }
    const member = holder[name];
    if (at === names.length - 1) holder[name] = valueLike(member, value, path, whose);
    else if (typeof member === 'object' && member !== null) holder = member as Record<string, unknown>;
    else
      throw new MemberError(
        `${whose} has no ${path}: ${names.slice(0, at + 1).join('.')} is ${jsonKindOf(member)}`,
      );
  }
}

/** Where a text stands comes a text; all else is JSON of the same kind. Where nothing stands, anything may come. */
function valueLike(member: unknown, value: string, path: string, whose: string): unknown {
  if (typeof member === 'string') return value;
  const given = jsonOr(value);
  if (member === null) return given === undefined ? value : given;
  if (given !== undefined && jsonKindOf(given) === jsonKindOf(member)) return given;
  throw new MemberError(`${path} of ${whose} is ${jsonKindOf(member)}, and ${value} is not`);
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function jsonKindOf(value: unknown): string {
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
}
