/**
 * Reads what an event is: its id, its type, whether it can be read, and the key by which a second copy is known.
 *
 * The key is taken from verified material; shape.ts has the rule for headers. The id is used by its text, exact beyond 2^53; of two
 * members of one name the last counts, as for whoever parses the body later. Without an id the digest of the bytes received stands in;
 * under an enforced JWT or a signature over texts, that of what was signed, which one can write in many bytes. Nothing here refuses:
 * an odd event is still an event.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { dataOfForm } from '../base/form-text.ts';
import { jsonStartOf } from '../base/json-text.ts';
import type { Proof } from '../verify/verifier.ts';
import { withoutMember } from './cut.ts';
import { type Names, namesOf } from './event-names.ts';
import { NAMES_MOST, type Shape } from './shape.ts';

export interface Content {
  readonly isJson: boolean;
  /** False for what cannot be given to a handler, and is held: a body that is neither JSON nor the form that the source sends. */
  readonly isReadable: boolean;
  /** The body received, parsed; undefined if it is not JSON. */
  readonly parsed: unknown;
  readonly externalId: string | null;
  readonly type: string | null;
  /** The bytes that are stored and handed on: those received, without the member that is a credential. */
  readonly stored: Buffer;
  /** SHA-256 of `stored`: tells another body under the same id. */
  readonly digest: Buffer;
  /** The digest of what it says, if it was proven by that. */
  readonly claims: string | undefined;
  readonly identity: Buffer;
  /** Of the names those that nobody signs; undefined if the source has none. */
  readonly unsigned: Names | undefined;
}

/** `claims` and `headers`: those of the arrival. */
export function readContent(
  source: string,
  shape: Shape,
  body: Buffer,
  { claims, headers = '{}' }: { readonly claims?: string; readonly headers?: string } = {},
): Content {
  const parsed = parseBody(body);
  const isJson = parsed !== undefined;
  const form = !isJson && shape.bodies === 'form' ? dataOfForm(body) : undefined;
  const { externalId, type, unsigned } = namesOf(
    shape,
    form ? form.data : parsed,
    form?.json ?? body,
    headers,
  );
  const stored = shape.cut === undefined ? body : withoutMember(shape.cut, body, isJson);
  const digest = hash('sha256', stored, 'buffer');
  const received = stored === body ? digest : hash('sha256', body, 'buffer');
  return {
    isJson,
    isReadable: isJson || shape.bodies === 'any' || (shape.bodies === 'form' && isUtf8(body)),
    parsed,
    externalId,
    type,
    stored,
    digest,
    claims,
    identity: identityOf(
      source,
      ...namedBy(unsigned?.externalId === undefined ? externalId : null, claims, received),
    ),
    unsigned,
  };
}

/** Whether an event that is known has these names, as far as nobody signs them. */
export function hasNames({ unsigned }: Content, known: Names | undefined): boolean {
  const names = Object.entries(unsigned ?? {}) as [keyof Names, string | null][];
  return known !== undefined && names.every(([name, value]) => known[name] === value);
}

/** The keys under which events of one signed material are known that differ in unsigned names: the first is the usual one. */
export function namedIdentities(source: string, { identity }: Content): Buffer[] {
  const more = Array.from({ length: NAMES_MOST - 1 }, (_, at) =>
    identityOf(source, `named ${at + 1}`, identity.toString('hex')),
  );
  return [identity, ...more];
}

/** The key of one of those that are held because there were too many names before. */
export function overNamedIdentity(source: string, content: Content): Buffer {
  return identityOf(source, 'over', `${content.identity.toString('hex')}${unsignedText(content)}`);
}

function namedBy(externalId: string | null, claims: string | undefined, received: Buffer): [string, string] {
  if (externalId !== null) return ['id', externalId];
  return claims === undefined ? ['digest', received.toString('hex')] : ['claims', claims];
}

/** Whether other bytes under a known identity say the same as the first ones, whose `evidence` is null once it is purged. */
export function saysTheSame({ claims, externalId }: Content, evidence: string | null): boolean {
  if (claims === undefined) return false;
  if (externalId === null) return true;
  const proofs = JSON.parse(evidence ?? '[]') as readonly Proof[];
  return proofs.some((proof) => proof.claims === claims);
}

/** The key of a second body under an id that is taken: the same body again is its duplicate. */
export function conflictIdentity(source: string, content: Content): Buffer {
  return identityOf(
    source,
    'conflict',
    `${content.claims ?? content.digest.toString('hex')} ${content.externalId}${unsignedText(content)}`,
  );
}

/** The key of the first event that came under this id of the provider. */
export function externalIdentityOf(source: string, externalId: string): Buffer {
  return identityOf(source, 'id', externalId);
}

function unsignedText({ unsigned }: Content): string {
  return unsigned === undefined ? '' : ` ${JSON.stringify(unsigned)}`;
}

/** 128 bits are enough against chance, and half the index of 256. */
function identityOf(source: string, kind: string, value: string): Buffer {
  return hash('sha256', `${source}\0${kind}\0${value}`, 'buffer').subarray(0, 16);
}

/** Returns undefined if the body is not JSON. A byte order mark before JSON is no part of it. */
export function parseBody(body: Buffer): unknown {
  if (!isUtf8(body)) return undefined;
  try {
    return JSON.parse(isAscii(body) ? body.toString('latin1') : body.toString('utf8', jsonStartOf(body)));
  } catch {
    return undefined;
  }
}
