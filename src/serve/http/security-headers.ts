/** helmet's headers, as they stand on every answer of the public port. Read by respond.ts and app.ts. */
import { Socket } from 'node:net';
import helmet from 'helmet';
import { http } from '../../base/node-http.ts';

function securityHeaders(): string[] {
  const request = new http.IncomingMessage(new Socket());
  const recorder = new HeaderRecorder(request);
  helmet()(request, recorder, () => {});
  return recorder.written;
}

/** Keeps the names as they are written; Node gives them back in lower case. */
class HeaderRecorder extends http.ServerResponse {
  readonly written: string[] = [];

  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.written.push(name, String(value));
    return this;
  }
}

/**
 * helmet's headers, asked for once: they are the same on every answer, and setting a dozen one by one on each costs half as
 * much as checking its HMAC. Names and values by turns, as `writeHead` takes them.
 */
export const SECURITY_HEADERS = securityHeaders();
