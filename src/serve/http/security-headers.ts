/** helmet's headers, as they stand on every answer of the public port, and how headers are sent. For respond.ts, app.ts and mounted.ts. */
import type { ServerResponse } from 'node:http';
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

const { writeHead } = http.ServerResponse.prototype;

/** `headers`: names and values by turns. */
export function sendHead(response: ServerResponse, status: number, headers: readonly string[]): void {
  if (response.writeHead === writeHead) return void response.writeHead(status, headers as string[]);
  // Something of the application around us has put its own in the place: most know one header at a time only.
  for (let at = 0; at + 1 < headers.length; at += 2)
    response.setHeader(headers[at] as string, headers[at + 1] as string);
  response.writeHead(status);
}
