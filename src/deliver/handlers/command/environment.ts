/**
 * Makes the environment of a program. The service's own holds secrets, so the program gets the basics, the variables that the
 * configuration names, and these facts about the event:
 *
 *   CONSIGNEE_EVENT_ID      the same over retries and replays
 *   CONSIGNEE_SOURCE        as in /webhooks/<source>
 *   CONSIGNEE_TYPE          the provider's name for what happened
 *   CONSIGNEE_EXTERNAL_ID   the provider's own id
 *   CONSIGNEE_RECEIVED_AT   ISO 8601, UTC
 *   CONSIGNEE_ATTEMPT       1 for the first
 *
 * The sender chooses type and external id, so a shell must quote them. Either is not set if the event has none, or if an
 * environment cannot hold it: with a NUL, with half a surrogate pair, or over 32 KiB. It is not cut to fit: a changed id would
 * be another event's.
 */
import { isSensitive } from '../../../base/log/redact.ts';
import type { WebhookEvent } from '../../../verify/event.ts';

type ProgramEnvironment = Readonly<Record<string, string>>;

const BASICS = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
export const OWN_PREFIX = 'CONSIGNEE_';
/** Linux takes 128 KiB for one string, and hardly more for all strings together where the stack is small. */
const VALUE_BYTES_MAX = 32 * 1_024;
/** Shorter values are words that may stand in any output. */
const SECRET_MIN = 6;

/** The basics and the variables that `entries` name, without those that are not set. */
export function givenEnvironment(entries: readonly string[] = []): ProgramEnvironment {
  const basics = BASICS.map((name) => [name, process.env[name]] as const);
  return keepSet([...basics, ...entries.map(readVariable)]);
}

/** `NAME` is passed on from the service's environment, `NAME=value` is fixed. */
export function readVariable(entry: string): readonly [string, string | undefined] {
  const at = entry.indexOf('=');
  return at === -1 ? [entry, process.env[entry]] : [entry.slice(0, at), entry.slice(at + 1)];
}

/** Values that must not be shown if the program prints them. */
export function secretsIn(entries: readonly string[] = []): string[] {
  return entries
    .map(readVariable)
    .filter(([name, value]) => value && (isSensitive(name) || value.includes('://')))
    .map(([, value]) => value as string)
    .filter((value) => value.length >= SECRET_MIN);
}

export function variablesOf(event: WebhookEvent): ProgramEnvironment {
  return keepSet([
    ['CONSIGNEE_EVENT_ID', event.id],
    ['CONSIGNEE_SOURCE', event.source],
    ['CONSIGNEE_TYPE', fitting(event.type)],
    ['CONSIGNEE_EXTERNAL_ID', fitting(event.externalId)],
    ['CONSIGNEE_RECEIVED_AT', event.receivedAt.toISOString()],
    ['CONSIGNEE_ATTEMPT', String(event.attempt)],
  ]);
}

function fitting(text: string | null): string | undefined {
  if (text === null || text.includes('\0') || !text.isWellFormed()) return undefined;
  return Buffer.byteLength(text) > VALUE_BYTES_MAX ? undefined : text;
}

function keepSet(variables: readonly (readonly [string, string | undefined])[]): ProgramEnvironment {
  return Object.fromEntries(variables.filter(([, value]) => value !== undefined)) as ProgramEnvironment;
}
