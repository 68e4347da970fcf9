/** The applications under docs/examples run as they stand, in a project of their own, and take what Shippo would send. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { shippo } from 'consignee';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSample } from '../../src/verify/presets/samples.ts';
import { NODE } from '../harness/command.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import { shippoHeaders } from '../harness/signing.ts';
import { waitFor } from '../harness/waiting.ts';

const PACKAGES = { consignee: '.', express: 'node_modules/express', fastify: 'node_modules/fastify' };
let folder: string;
let inboxes = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  mkdirSync(join(folder, 'node_modules'));
  for (const [name, path] of Object.entries(PACKAGES))
    symlinkSync(join(ROOT, path), join(folder, 'node_modules', name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the file as somebody types it. */
function startApp(file: string, inbox = join(folder, `inbox-${++inboxes}.db`)) {
  const app = spawn(process.execPath, [file], {
    cwd: folder,
    env: {
      ...NODE,
      ...{ NODE_ENV: 'test', PORT: '0', SHIPPO_WEBHOOK_SECRET: SECRET, DATABASE_URL: `sqlite:${inbox}` },
    },
  });
  let output = '';
  for (const stream of [app.stdout, app.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = once(app, 'exit') as Promise<[number | null]>;
  return {
    inbox,
    ended,
    output: () => output,
    async url() {
      const told = () => /^listening on .*"port":(\d+)/m.exec(output)?.[1];
      return `http://127.0.0.1:${await waitFor(told, 60_000, () => output)}`;
    },
    async stop() {
      app.kill('SIGTERM');
      return (await ended)[0];
    },
  };
}

function post(url: string, body: string, secret = SECRET) {
  const headers = { 'Content-Type': 'application/json', ...shippoHeaders(secret, body) };
  return fetch(url, { method: 'POST', headers, body });
}

function bodiesIn(inbox: string): string[] {
  const database = new DatabaseSync(inbox, { readOnly: true });
  const rows = database.prepare('SELECT body FROM inbox ORDER BY number').all();
  database.close();
  return rows.map(({ body }) => Buffer.from(body as Uint8Array).toString());
}

test.each([
  ['express', '/hooks/webhooks/shippo'],
  ['fastify', '/webhooks/shippo'],
])(
  '%s: an event is kept, its handler runs in the application, and a stop ends in peace',
  async (name, path) => {
    copyFileSync(join(ROOT, `docs/examples/${name}/app.ts`), join(folder, `${name}.ts`));
    const app = startApp(`${name}.ts`);
    const url = await app.url();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const body = makeSample(shippo, 'track-updated').toString();
    const { data } = JSON.parse(body) as {
      data: { tracking_number: string; tracking_status: { status: string } };
    };

    const answer = await post(`${url}${path}`, body);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      expect.objectContaining({ status: 'accepted' }),
    ]);
    expect((await post(`${url}${path}`, body, 'another-secret-that-is-long-enough')).status).toBe(401);
    expect(bodiesIn(app.inbox)).toEqual([body]);
    await expect
      .poll(async () => (await fetch(`${url}/parcels/${data.tracking_number}`)).json())
      .toEqual({ status: data.tracking_status.status });

    expect(await app.stop(), app.output()).toBe(0);
    expect(bodiesIn(app.inbox)).toEqual([body]);
  },
);

test('with the parser first, Express answers 503, and the log says what to change; a second process is refused', async () => {
  const text = readFileSync(join(ROOT, 'docs/examples/express/app.ts'), 'utf8');
  const parser = 'app.use(express.json());\n';
  const mounted = "app.use('/hooks', mount(consignee));\n";
  expect(text).toContain(`${mounted}${parser}`);
  writeFileSync(join(folder, 'wrong.ts'), text.replace(`${mounted}${parser}`, `${parser}${mounted}`));
  const app = startApp('wrong.ts');
  const url = await app.url();
  const answer = await post(`${url}/hooks/webhooks/shippo`, makeSample(shippo, 'track-updated').toString());
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  await waitFor(() => app.output().includes('Mount it before any body parser'), 20_000, app.output);
  expect(bodiesIn(app.inbox)).toEqual([]);

  // As a cluster, or PM2 with two of them, would.
  const second = startApp('wrong.ts', app.inbox);
  expect((await second.ended)[0]).toBe(1);
  expect(second.output()).toMatch(/which a running Consignee already owns.*share one on PostgreSQL/);
  expect(await app.stop(), app.output()).toBe(0);
});
