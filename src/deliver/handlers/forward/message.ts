/**
 * Makes the request that a forward sends for an event. For handlers/forward.ts.
 *
 *   the headers of config/sources.ts
 *   Content-Type                         by formats.ts, and `ce-…` with it
 *   Content-Length, User-Agent: Consignee
 *   Idempotency-Key: <event id>          the same over retries and replays
 *   consignee-source, -type, -attempt    the type percent-encoded where a header could not carry it
 *   webhook-id, -timestamp, -signature   Standard Webhooks; none of them if unsigned
 *
 * The content type is all that goes out of the provider's headers; none that authenticates does.
 */
import type { KeyObject } from 'node:crypto';
import type { WebhookEvent } from '../../../verify/event.ts';
import { signStandard } from '../../../verify/standard-webhooks.ts';
import { FORMATS, type Format, headerText, type Message, typeOf } from './formats.ts';

export interface MessageSettings {
  readonly format: Format;
  readonly headers: Readonly<Record<string, string>>;
  /** Each key makes one signature. Without a key the request is unsigned. */
  readonly keys: readonly KeyObject[];
}

/** Headers that forward writes itself, or that belong to one connection. In lower case. */
export const RESERVED =
  /^(content-(type|length|encoding)|host|user-agent|idempotency-key|expect|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|(webhook|ce|consignee)-.*)$/;

export function messageOf(event: WebhookEvent, settings: MessageSettings, nowMs: number): Message {
  const { headers, body } = FORMATS[settings.format](event);
  const type = typeOf(event);
  return {
    headers: {
      ...settings.headers,
      ...headers,
      'Content-Length': String(body.length),
      'User-Agent': 'Consignee',
      'Idempotency-Key': event.id,
      'consignee-source': event.source,
      ...(type !== undefined && { 'consignee-type': headerText(type) }),
      'consignee-attempt': String(event.attempt),
      ...signatureHeaders(event.id, body, settings.keys, nowMs),
    },
    body,
  };
}

function signatureHeaders(id: string, body: Buffer, keys: readonly KeyObject[], nowMs: number) {
  if (keys.length === 0) return {};
  const seconds = Math.floor(nowMs / 1_000);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signStandard(keys, id, seconds, body),
  };
}
