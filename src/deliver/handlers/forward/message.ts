/**
 * Makes the request that a forward sends for an event. For handlers/forward.ts.
 *
 *   the headers of config/sources.ts
 *   Content-Type                         by the format, and `ce-…` with it
 *   Content-Length, User-Agent: Consignee
 *   Idempotency-Key: <event id>          the same over retries and replays
 *   consignee-source, -type, -attempt    the type percent-encoded where a header could not carry it
 *   webhook-id, -timestamp, -signature   Standard Webhooks; none of them if unsigned
 *
 * The content type is all that goes out of the provider's headers; none that authenticates does. There are three formats:
 *
 *   plain                   Content-Type as it came, application/json if none did; the body's exact bytes
 *   cloudevents-binary      the same, and each attribute of CloudEvents 1.0 in a header `ce-<attribute>`, percent-encoded
 *   cloudevents-structured  application/cloudevents+json: {<attributes>,"data":<body>}, or "data_base64"
 *
 * `data` is the body's text as it stands, never parsed and written anew: 9007199254740993 stays what it is. A body that is
 * not JSON, or not called so by its content type, goes as `data_base64`.
 */
import { isUtf8 } from 'node:buffer';
import type { KeyObject } from 'node:crypto';
import { jsonStartOf } from '../../../base/json-text.ts';
import type { WebhookEvent } from '../../../verify/event.ts';
import { signStandard } from '../../../verify/standard-webhooks.ts';

export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export const FORMATS = {
  plain,
  'cloudevents-binary': binary,
  'cloudevents-structured': structured,
} as const satisfies Record<string, (event: WebhookEvent) => Message>;

export type Format = keyof typeof FORMATS;

const JSON_TYPE = 'application/json';
/** The sender chooses both. Longer ones would exceed a target's limit for headers. */
const CONTENT_TYPE = /^[\x21-\x7e][\t\x20-\x7e]{0,199}$/;
const TYPE_MAX = 200;
/** What CloudEvents forbids in attributes: control characters, half surrogates, noncharacters. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu;
/** Headers that forward writes itself, or that belong to one connection. In lower case. */
export const RESERVED =
  /^(content-(type|length|encoding)|host|user-agent|idempotency-key|expect|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|(webhook|ce|consignee)-.*)$/;

export interface MessageSettings {
  readonly format: Format;
  readonly headers: Readonly<Record<string, string>>;
  /** Each key makes one signature. Without a key the request is unsigned. */
  readonly keys: readonly KeyObject[];
}

export function messageOf(event: WebhookEvent, settings: MessageSettings, nowMs: number): Message {
  const { headers, body } = FORMATS[settings.format](event);
  const type = typeOf(event);
  const seconds = Math.floor(nowMs / 1_000);
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
      ...(settings.keys.length > 0 && {
        'webhook-id': event.id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signStandard(settings.keys, event.id, seconds, body),
      }),
    },
    body,
  };
}

function plain(event: WebhookEvent): Message {
  return { headers: { 'Content-Type': contentTypeOf(event) }, body: event.body };
}

function binary(event: WebhookEvent): Message {
  const contentType = contentTypeOf(event);
  const attributes = Object.entries(attributesOf(event));
  return {
    headers: {
      // A receiver would take this content type for the structured mode.
      'Content-Type': /^application\/cloudevents/i.test(contentType) ? JSON_TYPE : contentType,
      ...Object.fromEntries(attributes.map(([name, value]) => [`ce-${name}`, headerText(value)])),
    },
    body: event.body,
  };
}

function structured(event: WebhookEvent): Message {
  const datacontenttype = contentTypeOf(event);
  const attributes = JSON.stringify({ ...attributesOf(event), datacontenttype }).slice(0, -1);
  const json = event.body.subarray(jsonStartOf(event.body));
  const isJson = isJsonType(datacontenttype) && isUtf8(event.body) && event.data !== undefined;
  const body = isJson
    ? Buffer.concat([Buffer.from(`${attributes},"data":`), json, Buffer.from('}')])
    : Buffer.from(`${attributes},"data_base64":"${event.body.toString('base64')}"}`);
  return { headers: { 'Content-Type': 'application/cloudevents+json; charset=utf-8' }, body };
}

/** In structured mode there is `datacontenttype` beside them; in binary mode Content-Type itself says it. */
function attributesOf(event: WebhookEvent) {
  return {
    specversion: '1.0',
    id: event.id,
    source: `/webhooks/${event.source}`,
    type: typeOf(event)?.replace(FORBIDDEN, '\uFFFD') ?? 'unknown',
    time: event.receivedAt.toISOString(),
  };
}

/** The type, if there is one that a header can carry. */
function typeOf({ type }: WebhookEvent): string | undefined {
  return type && type.length <= TYPE_MAX ? type : undefined;
}

/** Writes a text as CloudEvents wants it in a header: percent-encoded but for printable ASCII without space, `"` and `%`. */
export function headerText(text: string): string {
  return text.toWellFormed().replace(/[^\x21\x23\x24\x26-\x7e]+/g, encodeURIComponent);
}

function contentTypeOf({ headers }: WebhookEvent): string {
  const given = headers['content-type'];
  return given !== undefined && CONTENT_TYPE.test(given) ? given : JSON_TYPE;
}

function isJsonType(contentType: string): boolean {
  return /^[^/]+\/(?:.+\+)?json$/i.test((contentType.split(';')[0] as string).trim());
}
