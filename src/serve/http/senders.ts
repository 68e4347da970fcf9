/**
 * Says of a refused request who has probably sent it, and for which source: so that people hear of a genuine sender who is turned
 * away, and not of everybody who tries something. Asked by respond.ts once the answer is out: nobody waits for it, and its time tells
 * a sender nothing.
 *
 *   proven   it has the right token, or a JWT of ours: only the provider, or whoever has its secret, can send that
 *   shaped   it has a signature or a token of the provider's form, as anybody could write one
 *   strange  anything else
 */
import type { IncomingHttpHeaders } from 'node:http';
import { type Bearing, bearingOf } from '../../verify/form/words.ts';
import type { Preset } from '../../verify/preset.ts';
import { REFUSALS, type RefusalCode } from '../../verify/refusals.ts';
import { type Head, Rejection, type Verifier } from '../../verify/verifier.ts';
import type { SeenRequest } from '../meter.ts';
import { sourceMeant } from './missed.ts';

interface SendersOptions {
  readonly sources: readonly SendingSource[];
  /** The checks by secrets that are enforced. None: the source is off. */
  readonly provingOf: (source: string) => readonly Verifier[];
  /** Whether an event of the source was accepted from there before. */
  readonly isKnown: (source: string, address: string) => boolean;
}

interface SendingSource {
  readonly name: string;
  readonly path: string;
  readonly preset: Pick<Preset, 'forms'>;
}

/** What is known of a refused request. `source`: where it was sent to, or should have been. */
interface RefusedSender {
  readonly source: string;
  readonly seen: SeenRequest;
}

interface Refusal {
  /** NO_SOURCE if it reached none. */
  readonly source: string;
  readonly code: RefusalCode;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly head: Head;
}

export type ReadSender = (refusal: Refusal) => Promise<RefusedSender | undefined>;

export function senderReader({ sources, provingOf, isKnown }: SendersOptions): ReadSender {
  const paths = sources.map(({ path }) => path);
  const bearings = new Map(sources.map((source) => [source, bearingOf(source.preset.forms)]));

  return async function readSender({ source: reached, code, target, headers, head }) {
    const source = sources.find(({ name }) => name === reached) ?? sourceWanted(target, headers, head);
    if (!source) return undefined;
    const address = head.address ?? '';
    const looks =
      REFUSALS[code].status === 401
        ? looksAtProof(code)
        : await looksAtHead(head, provingOf(source.name), bearings.get(source));
    // Its MAC was right, or the code would be another.
    const signature = code.endsWith('_timestamp')
      ? bearings.get(source)?.valueIn(head.rawHeaders)
      : undefined;
    const seen = { code, address, isKnown: isKnown(source.name, address), looks };
    return { source: source.name, seen: { ...seen, ...(signature !== undefined && { signature }) } };
  };

  /** The one whose path was meant, or whose provider signs like that. */
  function sourceWanted(target: string, headers: IncomingHttpHeaders, head: Head): SendingSource | undefined {
    const path = sourceMeant(target, paths);
    if (path !== undefined) return sources.find((source) => source.path === path);
    for (const [source, bearing] of bearings) {
      const isNear = bearing.headers.some((name) => headers[name] !== undefined);
      if (isNear && bearing.valueIn(head.rawHeaders) !== undefined) return source;
    }
    return undefined;
  }
}

function looksAtProof(code: RefusalCode): SeenRequest['looks'] {
  return REFUSALS[code].mayBeGenuine ? 'shaped' : 'strange';
}

async function looksAtHead(
  head: Head,
  proving: readonly Verifier[],
  bearing: Bearing | undefined,
): Promise<SeenRequest['looks']> {
  try {
    let isProven = false;
    for (const verify of proving) {
      const result = await verify(head);
      if (typeof result !== 'function') isProven ||= result.secret !== undefined;
    }
    if (isProven) return 'proven';
    if (proving.length > 0) return 'shaped';
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
  }
  return bearing?.valueIn(head.rawHeaders) === undefined ? 'strange' : 'shaped';
}
