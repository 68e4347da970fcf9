/**
 * An event as an object of Cloud Storage:
 *
 *   <prefix><source>/<yyyy>/<mm>/<dd>/<id>.json     the day in UTC, of the arrival
 *   Content-Type                                    as received, else application/json
 *   metadata                                        id, source, type, external-id, received-at
 *
 * Google takes 8 KiB of metadata in all, and it travels in headers: the sender's texts are cut, and characters that are not
 * plain in a URL are percent-encoded.
 */
import type { WebhookEvent } from '../../../verify/event.ts';

export const PREFIX_BYTES_MAX = 800;
const METADATA_CHARACTERS_MAX = 200;
const CONTENT_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+( ?;[\x20-\x7e]*)?$/;

export function objectNameOf({ id, source, receivedAt }: WebhookEvent, prefix: string): string {
  const day = receivedAt.toISOString().slice(0, 10).replaceAll('-', '/');
  return `${prefix}${source}/${day}/${id}.json`;
}

export function objectTypeOf({ headers }: WebhookEvent): string {
  const received = headers['content-type'] ?? '';
  return received.length <= METADATA_CHARACTERS_MAX && CONTENT_TYPE.test(received)
    ? received
    : 'application/json';
}

export function objectMetadataOf(event: WebhookEvent): Record<string, string> {
  const { id, source, type, externalId, receivedAt } = event;
  return {
    id,
    source,
    'received-at': receivedAt.toISOString(),
    ...(type !== null && { type: headerSafe(type) }),
    ...(externalId !== null && { 'external-id': headerSafe(externalId) }),
  };
}

/** The library puts the project's id in the place of `{{projectId}}`, so it is well that braces are encoded too. */
export function headerSafe(value: string): string {
  return encodeURI(value.slice(0, METADATA_CHARACTERS_MAX).toWellFormed());
}

export function isPrefix(prefix: string): boolean {
  if (prefix.includes('{{') || /[\p{Cc}\p{Cs}]/u.test(prefix)) return false;
  return Buffer.byteLength(prefix) <= PREFIX_BYTES_MAX;
}
