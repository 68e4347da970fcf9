/**
 * `consignee/express`: a service inside an Express 5 application. Before any body parser, since a signature is over the bytes:
 *
 *   app.use(mount(consignee));            // or app.use('/hooks', mount(consignee));
 *   app.use(express.json());
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Consignee } from './consignee.ts';

/** What Express calls with a request; Connect and others do as well. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Answers what begins with `/webhooks/` below the path that it is used at, and passes everything else on. */
export function mount(consignee: Consignee): Middleware {
  return function receiveWebhook(request, response, next) {
    consignee.handle(request, response, next);
  };
}
