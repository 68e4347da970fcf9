/** One delivery with headers of the test’s own: the answer, its code in the log, and what the inbox holds of it afterwards. */
import { type OutgoingHttpHeaders, request } from 'node:http';
import type { RunningService, StoredEvent } from './service.ts';

export interface Delivered {
  readonly status: number;
  /** `accepted`, `duplicate`, or the code of the refusal. */
  readonly said: string;
  /** Ours for the event, or the one of the refusal. */
  readonly id: string;
  /** What came into the inbox with it. */
  readonly stored: readonly StoredEvent[];
}

export async function deliverWith(
  service: RunningService,
  target: string,
  headers: OutgoingHttpHeaders,
  body: Buffer | string,
): Promise<Delivered> {
  const before = service.events().length;
  const { status, text } = await post(service.port, `/webhooks/${target}`, headers, body);
  const answer = JSON.parse(text) as { status: unknown; id: string };
  const stored = service.events().slice(before);
  if (status === 200) return { status, said: String(answer.status), id: answer.id, stored };
  const { code } = await service.line((line) => line.id === answer.id);
  return { status, said: String(code), id: answer.id, stored };
}

/** The body is stored as it came, by this delivery and nothing else with it. */
export function kept(body: Buffer | string) {
  return [{ body: Buffer.from(body) }];
}

/** Node's client sends a list of values as lines of their own, which fetch would join. */
function post(port: number, path: string, headers: OutgoingHttpHeaders, body: Buffer | string) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method: 'POST', headers };
    const sending = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    sending.on('error', reject);
    sending.end(body);
  });
}
