/** The four providers, with a handler that does what the file `mode` in the service's folder says, or that forwards. */
import { appendFileSync, readFileSync } from 'node:fs';
import {
  flatfile,
  flexport,
  flintn,
  forward,
  type Handle,
  type HandlerOptions,
  type SourceWiring,
  shippo,
} from 'consignee';

function modeNow(): string {
  try {
    return readFileSync('mode', 'utf8').trim();
  } catch {
    return '';
  }
}

const work: Handle = (event) => {
  // As somebody's own handler fails: after an update, at every event.
  const order: { customer?: { name: string } } = modeNow() === 'throw' ? {} : { customer: { name: 'x' } };
  const { name } = order.customer as { name: string };
  appendFileSync('handled', `${event.id} ${name}\n`);
};

const url = process.env.TARGET_URL;
const handler: Handle | HandlerOptions =
  url === undefined
    ? work
    : forward({ url, unsigned: true, allow: ['127.0.0.1'], timeoutMs: 2_000, concurrency: 8 });
const handlers = { work: handler };

export default [
  { preset: flexport, handlers },
  { preset: shippo, handlers },
  { preset: flintn, handlers },
  { preset: flatfile, handlers },
] satisfies SourceWiring[];
