/**
 * The public port: webhooks and health, nothing else. Express stops here; rooms behind it see plain data.
 *
 *   POST /webhooks/<source>   receive.ts          GET /healthz   200 while the process lives
 *   any other method there    405, or handshakes  GET /readyz    200 when events can be kept, else 503
 *   anything else             404, and everything on a source that is off
 */
import express, { type NextFunction, type Request, type Response } from 'express';
import { networkOf } from '../../base/address.ts';
import { cameByTls, type resolveClient } from '../../verify/client-address.ts';
import { Rejection } from '../../verify/verifier.ts';
import { NO_SOURCE } from '../meter.ts';
import { handshakeSteps, refuseOtherMethods } from './handshakes.ts';
import { type ReceiveOptions, type ReceivingSource, receive } from './receive.ts';
import type { Reception } from './request.ts';
import { SECURITY_HEADERS, sendHead } from './sending.ts';
import type { App } from './server.ts';

interface AppOptions extends ReceiveOptions {
  readonly sources: readonly ReceivingSource[];
  readonly ready: () => boolean;
  /** The client behind the socket's peer and X-Forwarded-For, and whether the peer is a trusted proxy. */
  readonly clientOf: ReturnType<typeof resolveClient>;
}

export function createApp(options: AppOptions): App {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.set('query parser', false);

  app.use(meet(options.clientOf));
  app.get('/healthz', (_request, response) => answerHealth(response, 200, 'ok'));
  app.get('/readyz', (_request, response) => {
    if (options.ready()) answerHealth(response, 200, 'ready');
    else answerHealth(response, 503, 'not ready');
  });
  for (const source of options.sources) {
    const handshakes = source.rules().handshake && handshakeSteps(source, options);
    app
      .route(source.path)
      .all(refuseIfOff(source), refuseOtherMethods(source), ...receive(source, options, handshakes));
    app.use(source.path, refuseAs(source.name, options));
  }
  app.use(refuseUnknown);
  app.use(refuseAs(NO_SOURCE, options));
  // Left alone, Express answers a target that is no URL by itself: in HTML, and without a line in the log.
  return (given, answered) => {
    const [request, response] = [given as Request, answered as Response];
    const refuse = () => options.responder.refuse(request, response, NO_SOURCE, new Rejection('not_found'));
    app(request, response, refuse);
  };
}

/** Notes who is there, before anything is judged. */
function meet(clientOf: AppOptions['clientOf']) {
  return function meetClient(request: Request, response: Response, next: NextFunction) {
    // Node makes one text of several such headers.
    const headers = request.headers as Readonly<Record<string, string | undefined>>;
    const peer = request.socket.remoteAddress ?? '';
    const { address, viaProxy, hops, isProxy } = clientOf(peer, headers['x-forwarded-for']);
    const isForwardedTls = viaProxy && cameByTls(headers['x-forwarded-proto'] ?? '', hops);
    const target = request.url;
    const at = target.indexOf('?');
    const query = at < 0 ? '' : target.slice(at + 1);
    const reception: Reception = {
      head: { receivedAt: Date.now(), address, query, rawHeaders: request.rawHeaders },
      startedAt: performance.now(),
      network: address === undefined || isProxy ? undefined : networkOf(address),
      secure: 'encrypted' in request.socket || isForwardedTls,
      bodyChecks: [],
      proofs: [],
      target,
      body: Buffer.alloc(0),
      bodyRead: false,
    };
    response.locals.reception = reception;
    // A fragment has no place in a request; Express would cut it off and match the rest.
    if (target.includes('#')) throw new Rejection('not_found');
    next();
  };
}

function refuseIfOff({ rules }: ReceivingSource) {
  return function checkSource(_request: Request, _response: Response, next: NextFunction) {
    const { verifiers, offReason } = rules();
    if (verifiers.length === 0) throw new Rejection('not_found', offReason);
    next();
  };
}

function refuseUnknown() {
  throw new Rejection('not_found');
}

function refuseAs(source: string, { responder }: ReceiveOptions) {
  // Express knows an error handler by its four parameters.
  return function refuseRequest(error: unknown, request: Request, response: Response, _next: NextFunction) {
    responder.refuse(request, response, source, error);
  };
}

const HEALTH_HEADERS = [...SECURITY_HEADERS, 'Content-Type', 'application/json', 'Cache-Control', 'no-store'];

function answerHealth(response: Response, status: number, state: string): void {
  const body = JSON.stringify({ status: state });
  sendHead(response, status, [...HEALTH_HEADERS, 'Content-Length', String(body.length)]);
  response.end(body);
}
