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
import { arrivedKeeper } from '../../src/serve/arrived.ts';
import { handshakeRulesOf } from '../../src/serve/config/handshakes.ts';
import { readKnobs } from '../../src/serve/config/knobs.ts';
import type { SourceConfig } from '../../src/serve/config/source.ts';
import { createApp } from '../../src/serve/http/app.ts';
import { hostBodyCheck } from '../../src/serve/http/host-body.ts';
import { BodyMemory } from '../../src/serve/http/memory.ts';
import { responder } from '../../src/serve/http/respond.ts';
import { closeServer, createHttpServer, listen } from '../../src/serve/http/server.ts';
import { meterFor } from '../../src/serve/meter.ts';
import { presetAnswersOf } from '../../src/serve/work.ts';
import { verifiersOf } from '../../src/verify/checks.ts';
import { resolveClient } from '../../src/verify/client-address.ts';
import type { PublishedKeys } from '../../src/verify/form/published.ts';
import type { Scheme } from '../../src/verify/schemes.ts';

export interface AppSource {
  readonly name: string;
  readonly preset: Preset;
  readonly scheme: Scheme;
  readonly secrets: readonly string[];
  readonly publicUrl?: string | undefined;
  readonly values?: Readonly<Record<string, string>>;
  readonly allowSha1?: boolean;
  /** Finds keys where the provider's would be fetched. */
  readonly published?: PublishedKeys;
  /** Checks of it that are only observed. */
  readonly observed?: readonly Scheme[];
  /** Of the settings that its handshakes name. */
  readonly handshakeTexts?: SourceConfig['handshakeTexts'];
  readonly takesSecrets?: boolean;
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
  const written: object[] = [];
  const meter = meterFor([]);
  const app = createApp({
    sources: sources.map(receivingSource),
    requireHttps: false,
    memory: new BodyMemory({ maxBytes: 64 * MIB, bodyBytesMax: MIB, sources: sources.length }),
    isKnown: () => true,
    ready: () => true,
    stoppedTaking: () => false,
    keep: (arrival) => inbox.keep(arrival),
    keepArrived: arrivedKeeper(folder),
    clientOf: resolveClient([]),
    checkHostBody: hostBodyCheck(log),
    responder: responder({
      production: false,
      retryAfterSeconds: 1,
      log: { ...log, info: (line: object) => written.push(line), warn: (line: object) => written.push(line) },
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
  /** What the inbox has of a source. */
  function rowsOf(source: string) {
    const database = new DatabaseSync(path, { readOnly: true });
    const rows = database.prepare('SELECT * FROM inbox WHERE source = ? ORDER BY number').all(source);
    database.close();
    return rows;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    folder,
    port,
    /** The lines of the log so far. */
    lines: written as readonly Readonly<Record<string, unknown>>[],
    rowsOf,
    /** The bodies that the inbox has of a source. */
    bodiesOf: (source: string) => rowsOf(source).map(({ body }) => Buffer.from(body as Uint8Array)),
    async stop() {
      await closeServer(server, 0);
      await inbox.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function receivingSource({
  name,
  preset,
  scheme,
  secrets,
  published,
  allowSha1 = false,
  ...about
}: AppSource) {
  const checks = {
    preset,
    schemes: [scheme],
    observed: [],
    secrets: { [scheme]: secrets },
    allowFrom: [],
    allowSha1,
    ...about,
  };
  const verifiers = verifiersOf(checks, 300, { follow: () => () => false }, 0, published);
  const source = { handshakeTexts: {}, takesSecrets: false, prefix: 'A', ...about };
  const handshake = handshakeRulesOf({ ...source, ...checks }, verifiers, (plain) => plain);
  const rules = {
    bodyLimitBytes: MIB,
    verifiers,
    ...(handshake && { handshake }),
    proving: [],
    enforced: [scheme],
    offReason: '',
  };
  const answers = presetAnswersOf({ preset }, { inboxDeadlineMs: 10_000 });
  const keepHeaders = [...(preset.keepHeaders ?? []), ...headersIn([...preset.id, ...preset.type])];
  return { name, path: `/webhooks/${name}`, ...answers, keepHeaders, rules: () => rules };
}
