/** The knobs of config/service.ts: what is no secret and rarely differs between environments. */
import type { DeliveryKnobs } from '../../deliver/handlers.ts';
import type { InboxKnobs } from '../../inbox/contract.ts';
import type { RefusedLimits } from '../../inbox/refused/request.ts';

/** The knobs of config/service.ts. */
export interface ServiceKnobs extends InboxKnobs, DeliveryKnobs {
  readonly bytesInFlightMax: number;
  readonly inboxDeadlineMs: number;
  readonly retryAfterSeconds: number;
  readonly timestampToleranceSeconds: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly shutdownGraceMs: number;
  /** What is kept of refused requests, for each source; oldest out first. */
  readonly refused: RefusedLimits;
  /** Keys for duplicate detection are kept so long, or RETENTION_DAYS if that is longer. */
  readonly identityDays: number;
  readonly alarms: AlarmKnobs;
}

/** When people are told that something is wrong. */
export interface AlarmKnobs {
  readonly lookMs: number;
  readonly repeatMs: number;
  /** An alarm is over when what it was about has stayed away for so long. */
  readonly calmMs: number;
  /** How far back refusals are looked at. */
  readonly windowMs: number;
  /** Of a source's requests, 0 to 1. */
  readonly refusalRatio: number;
  readonly refusalsLeast: number;
  readonly backlogAgeMs: number;
  readonly diskFreeMb: number;
  readonly clockSkewMs: number;
  /** How many times its worst silence a source may be silent. */
  readonly silenceFactor: number;
}

/** Where alarms go beside the log; any of the secrets proves them. */
export interface AlarmTarget {
  readonly url: string;
  /** The value of `webhook-signature` of Standard Webhooks, by every live secret. */
  readonly sign: (id: string, seconds: number, body: Buffer) => string;
}
