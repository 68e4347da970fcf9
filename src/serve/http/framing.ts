/**
 * Requests that are not HTTP as every program in the chain reads it. They never reach the app: 400, 408 and 431 are answered
 * here, logged and counted like any other refusal, since a JWT over the header limit would otherwise fail in silence.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../../base/log/log.ts';
import { http } from '../../base/node-http.ts';
import { REFUSALS, type RefusalCode } from '../../verify/refusals.ts';
import { headerLines } from '../../verify/verifier.ts';
import { type Meter, NO_SOURCE } from '../meter.ts';

/** How long a sender has to read the answer before its connection is cut. */
const CUT_MS = 1_000;

export interface FramingOptions {
  readonly log: Log;
  readonly meter: Meter;
}

/** False for what Node's parser lets pass and a proxy in front may read differently: the stuff of smuggling. */
export function isSound({ httpVersion, headers, rawHeaders }: IncomingMessage): boolean {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return false;
  const encoding = headers['transfer-encoding'];
  if (encoding !== undefined && (httpVersion === '1.0' || encoding.toLowerCase() !== 'chunked')) return false;
  const hosts = headerLines(rawHeaders, 'host').length;
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0');
}

export function refuseUnsound(request: IncomingMessage, response: ServerResponse, options: FramingOptions) {
  const { status } = reportUnparsed('request_malformed', request.socket, options);
  response.writeHead(status, { Connection: 'close', 'Content-Length': 0 }).end();
}

/** `response` is the last one begun on this socket, if any: what becomes of its request must be told once. */
export function refuseUnparsed(
  error: NodeJS.ErrnoException,
  socket: Socket,
  response: ServerResponse | undefined,
  options: FramingOptions,
): void {
  // A sender that hangs up between two requests is nothing to report.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = codeOf(error);
  const { status } = REFUSALS[code];
  if (response && !response.req.complete) {
    if (error.code !== 'HPE_INVALID_EOF_STATE') cutOff.set(response.req, code);
  } else {
    reportUnparsed(code, socket, options);
    // The event before the garbage is answered in peace.
    if (response && !response.writableFinished) {
      response.shouldKeepAlive = false;
      response.once('close', () => socket.destroySoon());
      return;
    }
  }
  // An answer that is out, or on its way, must not get another one mixed into it.
  const mixes = response && !response.req.complete && (response.headersSent || !response.socket);
  if (mixes) socket.destroySoon();
  else
    socket.end(
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
  setTimeout(() => socket.destroy(), CUT_MS).unref();
}

function reportUnparsed(code: RefusalCode, socket: Socket, { log, meter }: FramingOptions) {
  const { status, says } = REFUSALS[code];
  log.warn({ source: NO_SOURCE, outcome: 'refused', code, reason: says, status, ip: socket.remoteAddress });
  meter.request(NO_SOURCE, 'refused', code, 0);
  return { status };
}

/** Requests that ended here while the app was reading them, and why; the app reports them. */
const cutOff = new WeakMap<IncomingMessage, RefusalCode>();

export function reasonOfAbort(request: IncomingMessage): RefusalCode {
  return cutOff.get(request) ?? 'body_aborted';
}

function codeOf(error: NodeJS.ErrnoException): RefusalCode {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  return 'request_malformed';
}
