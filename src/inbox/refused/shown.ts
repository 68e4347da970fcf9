/**
 * The body of a refused request as it may be shown, on the console and by `events refused show`: without the credential that is in some
 * bodies, as an event would have it, and without the members and fields that a handshake hands over. The kept bytes stay as they came.
 */
import { broughtNames } from '../../verify/handshake.ts';
import type { Preset } from '../../verify/preset.ts';
import { withoutMember } from '../cut.ts';
import { parseBody } from '../identity.ts';

export function shownBody(body: Buffer, preset: Pick<Preset, 'cut' | 'handshakes' | 'forms'>): Buffer {
  const { members, fields } = broughtNames(preset);
  const isJson = parseBody(body) !== undefined;
  const cut = [...(preset.cut === undefined ? [] : [preset.cut]), ...members];
  const shown = cut.reduce((bytes, name) => withoutMember(name, bytes, isJson), body);
  return isJson || fields.length === 0 ? shown : withoutFields(fields, shown);
}

/** Of a body as HTML forms send it. */
function withoutFields(names: readonly string[], body: Buffer): Buffer {
  const kept = body
    .toString('latin1')
    .split('&')
    .filter((pair) => ![...new URLSearchParams(pair).keys()].some((name) => names.includes(name)));
  return Buffer.from(kept.join('&'), 'latin1');
}
