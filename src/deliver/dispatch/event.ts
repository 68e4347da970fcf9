/** A delivery as its handler sees it. Headers and body are parsed when they are first asked for, and only in its thread. */

import { type Delivery, sourceOf } from '../../inbox/contract.ts';
import type { WebhookEvent } from '../../verify/event.ts';

export function eventOf(delivery: Delivery): WebhookEvent {
  let headers: Record<string, string> | undefined;
  let parsed: unknown;
  let isParsed = false;
  return {
    id: delivery.id,
    source: sourceOf(delivery.handler),
    type: delivery.type,
    externalId: delivery.externalId,
    receivedAt: new Date(delivery.receivedAt),
    body: delivery.body,
    attempt: delivery.attempt,
    get headers() {
      headers ??= JSON.parse(delivery.headers) as Record<string, string>;
      return headers;
    },
    get data() {
      if (!isParsed) parsed = parsePayload(delivery.body);
      isParsed = true;
      return parsed;
    },
  };
}

function parsePayload(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
