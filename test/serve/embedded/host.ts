/**
 * An application with Consignee in it, in this process: its server on a free port of loopback, a wiring whose handlers are closures,
 * and an inbox in a folder of its own.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type Consignee,
  type ConsigneeOptions,
  createConsignee,
  custom,
  flexport,
  type WebhookEvent,
} from 'consignee';
import { SECRET } from '../../harness/project.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string | undefined;
  readonly [field: string]: unknown;
}

export type Environment = Readonly<Record<string, string>>;

export interface Host {
  readonly consignee: Consignee;
  readonly lines: readonly LogLine[];
  /** What came to the handler `flexport/orders`. */
  readonly handled: readonly WebhookEvent[];
  /** Opens the application's own server. Answers with its port. */
  serve(app: RequestListener): Promise<number>;
  /** What the inbox holds, oldest first. */
  bodies(): string[];
  remove(): Promise<void>;
}

/** Signs the URL as it is registered. */
export const signsUrl = custom({
  name: 'urls',
  forms: [{ in: { header: 'X-Sign' }, encoding: 'hex', algorithm: 'hmac-sha256', signed: '{url}{body}' }],
});

export function makeHost(options: ConsigneeOptions = {}, env: Environment = {}, folder = newFolder()): Host {
  const inboxPath = join(folder, 'inbox.db');
  const lines: LogLine[] = [];
  const handled: WebhookEvent[] = [];
  const servers: Server[] = [];
  const note = (level: string) => (fields: object, message?: string) =>
    void lines.push({ ...fields, level, message });
  const orders = (event: WebhookEvent) => void handled.push(event);
  const consignee = createConsignee({
    ...(options.config === undefined && {
      sources: [
        { preset: flexport, handlers: { orders } },
        { preset: signsUrl, handlers: {} },
      ],
    }),
    env: {
      NODE_ENV: 'test',
      DATABASE_URL: `sqlite:${inboxPath}`,
      FLEXPORT_WEBHOOK_SECRET: SECRET,
      ...env,
    },
    log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    ...options,
  });
  return {
    consignee,
    lines,
    handled,
    async serve(app) {
      const server = createServer(app);
      servers.push(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    bodies() {
      const database = new DatabaseSync(inboxPath, { readOnly: true, timeout: 5_000 });
      const rows = database.prepare('SELECT body FROM inbox ORDER BY number').all();
      database.close();
      return rows.map(({ body }) => Buffer.from(body as Uint8Array).toString());
    },
    async remove() {
      await consignee.stop({ delayMs: 0, graceMs: 1_000 });
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'consignee-'));
}
