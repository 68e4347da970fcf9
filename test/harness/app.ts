/**
 * The app of the public port, with a real socket and a real inbox, in this process: so that a test may set the clock, and give
 * keys that no configuration would take.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Preset } from 'consignee';
import { openInbox } from '../../src/inbox/client.ts';
import { headersIn, shapeOf } from '../../src/inbox/shape.ts';
import { readKnobs } from '../../src/serve/config/knobs.ts';
import { createApp } from '../../src/serve/http/app.ts';
import { BodyMemory } from '../../src/serve/http/memory.ts';
import { responder } from '../../src/serve/http/respond.ts';
import { closeServer, createHttpServer, listen } from '../../src/serve/http/server.ts';
import { meterFor } from '../../src/serve/meter.ts';
import { verifiersOf } from '../../src/verify/checks.ts';
import { resolveClient } from '../../src/verify/client-address.ts';
import type { Scheme } from '../../src/verify/schemes.ts';

export interface AppSource {
  readonly name: string;
  readonly preset: Preset;
  readonly scheme: Scheme;
  readonly secrets: readonly string[];
  readonly publicUrl?: string | undefined;
}

const MIB = 1_048_576;
const log = { debug() {}, info() {}, warn() {}, error() {} };

export async function startApp(sources: readonly AppSource[]) {
  const knobs = readKnobs({}, []);
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const path = join(folder, 'inbox.db');
  const inbox = await openInbox({
    database: { kind: 'sqlite', path },
    knobs,
    dispatches: false,
    sources: new Map(sources.map(({ name, preset }) => [name, { shape: shapeOf(preset), routes: [] }])),
    deadlineMs: 10_000,
    log,
    onRestart() {},
  });
  const meter = meterFor([]);
  const app = createApp({
    sources: sources.map(receivingSource),
    requireHttps: false,
    memory: new BodyMemory({ maxBytes: 64 * MIB, bodyBytesMax: MIB, sources: sources.length }),
    isKnown: () => true,
    ready: () => true,
    stoppedTaking: () => false,
    keep: (arrival) => inbox.keep(arrival),
    clientOf: resolveClient([]),
    responder: responder({
      production: false,
      retryAfterSeconds: 1,
      log,
      meter,
      paths: [],
      closing: () => false,
      learn() {},
      keepRefusal: () => false,
      readSender: async () => undefined,
    }),
  });
  const server = createHttpServer(app, { knobs, log, meter });
  const port = await listen(server, '127.0.0.1', 0);
  return {
    url: `http://127.0.0.1:${port}`,
    /** The bodies that the inbox has of a source. */
    bodiesOf(source: string): Buffer[] {
      const database = new DatabaseSync(path, { readOnly: true });
      const rows = database.prepare('SELECT body FROM inbox WHERE source = ? ORDER BY number').all(source);
      database.close();
      return rows.map(({ body }) => Buffer.from(body as Uint8Array));
    },
    async stop() {
      await closeServer(server, 0);
      await inbox.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function receivingSource({ name, preset, scheme, secrets, publicUrl }: AppSource) {
  const checks = {
    preset,
    schemes: [scheme],
    observed: [],
    secrets: { [scheme]: secrets },
    allowFrom: [],
    allowSha1: false,
    publicUrl,
  };
  const rules = {
    bodyLimitBytes: MIB,
    verifiers: verifiersOf(checks, 300, { follow: () => () => false }),
    proving: [],
    enforced: [scheme],
    offReason: '',
  };
  const keepHeaders = [...(preset.keepHeaders ?? []), ...headersIn([...preset.id, ...preset.type])];
  return { name, path: `/webhooks/${name}`, keepHeaders, rules: () => rules };
}
