/**
 * Every way in which a request can be refused or fail, as a table: the answer, what it means, and what to do about it. The
 * rows of a scheme stand with the scheme. Alarms, `events refused`, `check` and docs/refusals.md say what stands here.
 */
import { JWT } from './jwt.ts';
import { BEARER, sayJwt } from './jwt-form.ts';
import { type CheckSettings, type RefusalRow, SCHEMES, type SchemeRefusalCode } from './schemes.ts';
import { settingFor } from './switches.ts';
import type { Rejection } from './verifier.ts';

const GENERAL = {
  not_found: {
    status: 404,
    says: 'there is nothing at this path',
    asks: 'is the URL at the provider right, letter for letter, and is the source on?',
    fix: 'The log says what switches a source on.',
  },
  method_not_allowed: {
    status: 405,
    says: 'webhooks are delivered by POST',
    asks: 'is this a person with a browser?',
    fix: 'Only POST delivers webhooks; `npm run send -- <source>` tries it.',
  },
  handshake_mismatch: {
    status: 403,
    says: 'the handshake tells another secret than the one that is set',
    asks: 'is the verify token at the provider the one of the settings?',
    fix: 'Write the same one in both places; docs/providers.md names the setting.',
  },
  handshake_often: {
    status: 429,
    says: 'there were too many handshakes of this kind',
    asks: 'is somebody trying something?',
    fix: 'What has arrived is kept: `consignee secret take <source>` shows it and makes room. Then start the handshake at the provider again.',
  },
  shutting_down: {
    status: 503,
    says: 'the service is stopping',
    asks: 'is it being restarted?',
    fix: 'The provider tries again; see the shutdown delay in docs/deploying.md.',
  },
  overloaded: {
    status: 503,
    says: 'too many bytes are in flight',
    asks: 'is the inbox slow, or does a flood come in?',
    fix: 'Look at the disk or the database; the limit is `bytesInFlightMax` in `config/service.ts`.',
  },
  https_required: {
    status: 403,
    says: 'the request did not arrive over TLS',
    asks: 'does the proxy say how requests came in?',
    fix: 'Send to `https://`; the proxy that ends TLS must set `X-Forwarded-Proto`, and its address must be in `TRUST_PROXY`.',
  },
  encoding_unsupported: {
    status: 415,
    says: 'the body is compressed; only identity is accepted',
    asks: 'does a proxy in between compress bodies?',
    fix: 'Switch that off there: no provider of the presets compresses.',
  },
  body_too_large: {
    status: 413,
    says: 'the body is over the source’s limit',
    asks: 'does the provider send more than it did?',
    fix: 'Raise `…_BODY_LIMIT`.',
  },
  body_consumed: {
    status: 503,
    says: 'the application around it has read the body, or has had it made a text, before it came here',
    asks: 'does a body parser run before Consignee is mounted?',
    fix: 'Mount it before any body parser (`app.use(mount(consignee))` above `app.use(express.json())`), or have the parser keep the bytes as a Buffer in `request.rawBody`: docs/embedding.md.',
  },
  body_aborted: {
    status: 400,
    says: 'the sender went away before the body was complete',
    asks: 'does it repeat?',
    fix: 'Nothing was stored. If it repeats, look for the time limit of a proxy.',
  },
  request_malformed: {
    status: 400,
    says: 'the request is not HTTP/1.1 as the parser knows it',
    asks: 'is somebody trying something?',
    fix: 'The HTTP parser has answered, without a body; there is nothing to do unless a proxy of yours sent it.',
  },
  request_timeout: {
    status: 408,
    says: 'the request did not arrive in time',
    asks: 'is this a slow sender, or a slow attack?',
    fix: 'The limits are `headersTimeoutMs` (10 s) and `requestTimeoutMs` (15 s) in `config/service.ts`.',
  },
  headers_too_large: {
    status: 431,
    says: 'the headers are over the limit',
    asks: 'does a JWT carry all the records?',
    fix: 'Put ids into it rather than records, or raise `headerBytesMax` (64 KiB) in `config/service.ts`.',
  },
  keys_unavailable: {
    status: 503,
    says: 'the public key of the provider cannot be fetched',
    asks: 'may this machine open connections to the provider over https?',
    fix: 'The log names the host and the reason. A key is asked for once a minute at most. Where nothing may be fetched, put the key, the JWK Set or the certificate into `…_WEBHOOK_SECRET` or its file.',
  },
  inbox_slow: {
    status: 503,
    says: 'the inbox did not take the event in time',
    asks: 'is the disk or the database slow?',
    fix: 'Look at it: an event must be stored within `inboxDeadlineMs` (2.5 s). If it was stored after all, the next try is a duplicate.',
  },
  inbox_failed: {
    status: 503,
    says: 'the inbox could not take the event',
    asks: 'is the disk full or failing, or the inbox locked?',
    fix: 'The reason in the log says which; it recovers by itself once that is mended.',
  },
  internal: {
    status: 503,
    says: 'an error of our own',
    asks: 'does it repeat?',
    fix: 'Please report it, with the line of the log.',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>;

export type RefusalCode = keyof typeof GENERAL | SchemeRefusalCode;

export const REFUSALS: Readonly<Record<RefusalCode, RefusalRow>> = Object.assign(
  {},
  GENERAL,
  ...SCHEMES.map(({ refusals }) => refusals),
);

/** The row of a code that was stored, perhaps by another version, which may have had other codes. */
export function refusalOf(code: string): RefusalRow {
  const rows: Readonly<Record<string, RefusalRow>> = REFUSALS;
  const row = Object.hasOwn(rows, code) ? rows[code] : undefined;
  return row ?? { status: 401, says: code, asks: 'was it another version?', fix: 'See docs/refusals.md.' };
}

interface RefusingSource {
  readonly name: string;
  readonly prefix: string;
  /** Undefined if the source is wired no longer. */
  readonly preset: CheckSettings['preset'] | undefined;
}

/** The fix of a refusal, with the names of one source filled in. What only its preset tells stays as in docs/refusals.md without one. */
export function fixFor(code: string, { name, prefix, preset }: RefusingSource): string {
  const { fix } = refusalOf(code);
  const told = preset
    ? fix
        .replaceAll('`<token>`', sayJwt(preset.jwt ?? BEARER))
        .replaceAll('<setting>', `…_${settingFor(JWT, preset)}`)
    : fix;
  return told.replaceAll('…_', `${prefix}_`).replaceAll('<source>', name);
}

/** The reason in words: the one that was given, or that of the row. */
export function rejectionReason({ code, reason }: Rejection): string {
  return reason ?? REFUSALS[code].says;
}
