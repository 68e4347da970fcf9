/** docs/image.md, tried: whoever mounts what, and whoever it runs as. CONSIGNEE_IMAGE names an image that is built already. */
import { createHmac } from 'node:crypto';
import { chownSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliver, told } from '../harness/deliver.ts';
import { freePort } from '../harness/free-port.ts';
import { ROOT, SECRET } from '../harness/project.ts';
import { waitFor } from '../harness/waiting.ts';
import { type Engine, findEngine, type Start, type Started } from './engine.ts';
import { type Files, makeFolder, makeKubernetesVolume, makeVolume, WIRING, WITH_PACKAGE } from './places.ts';

const found = findEngine();
if (!found)
  console.warn('No image was tried: neither Docker answers nor is there buildah, which needs root.');
const engine = found as Engine;
const { CONSIGNEE_IMAGE: given } = process.env;
const image = given ?? 'consignee-contract';

const BASE = {
  HOST: '127.0.0.1',
  REQUIRE_HTTPS: 'false',
  SHUTDOWN_DELAY_MS: '0',
  FLEXPORT_WEBHOOK_SECRET_FILE: '/run/secrets/flexport',
};

interface Service extends Started {
  readonly url: string;
  readonly ports: Readonly<Record<string, string>>;
}

describe.skipIf(!found)('the image', () => {
  beforeAll(() => {
    if (!given) engine.build(ROOT, image);
  });
  afterAll(() => engine.remove());

  const secrets = makeKubernetesVolume({ flexport: SECRET });
  const mounted = (volumes: readonly string[]) => [`${secrets.folder}:/run/secrets:ro`, ...volumes];

  async function serve({ volumes = [], env, ...start }: Partial<Start>, name = image): Promise<Service> {
    const ports = { PORT: String(await freePort()), CONSOLE_PORT: String(await freePort()) };
    const started = engine.start(name, {
      args: ['serve'],
      volumes: mounted(volumes),
      env: { ...BASE, ...ports, ...env },
      ...start,
    });
    const isReady = () => started.output().includes('"msg":"ready"');
    const hasEnded = started.ended.then((code) => Promise.reject(new Error(`${code}: ${started.output()}`)));
    await Promise.race([waitFor(isReady, 60_000, started.output), hasEnded]);
    return { ...started, ports, url: `http://127.0.0.1:${ports.PORT}` };
  }

  /** A command to its end. */
  async function command(start: Start): Promise<{ code: number | null; output: string }> {
    const started = engine.start(image, {
      ...start,
      volumes: mounted(start.volumes ?? []),
      env: { ...BASE, ...start.env },
    });
    const code = await started.ended;
    return { code, output: started.output() };
  }

  async function expectServing(start: Partial<Start>, name = image): Promise<Service> {
    const service = await serve(start, name);
    expect(await deliver(service, 'flexport', told())).toMatchObject({ status: 200, outcome: 'accepted' });
    await waitFor(() => service.output().includes('"outcome":"done"'), 20_000, service.output);
    return service;
  }

  test('serves with what is in it, says so, and ends with 0', async () => {
    const service = await expectServing({ volumes: [`${makeVolume(1000, 1000, 0o700)}:/data`] });
    expect(service.output()).toContain('"wiring":"/config/sources.ts"');
    expect(await service.stop()).toBe(0);
    expect(service.output()).toContain('"msg":"stopped"');
  });

  test('runs as anybody: with a volume of its own making, or one that is that user’s', async () => {
    const users: [string, readonly string[]][] = [
      ['1234', []],
      ['1000700000:0', []],
      ['4321:4321', [`${makeVolume(4321, 4321, 0o700)}:/data`]],
    ];
    for (const [user, volumes] of users) {
      const service = await expectServing({ user, volumes });
      expect(await service.stop(), service.output()).toBe(0);
    }
  });

  test('a volume of group 0 goes from one user to the next, as OpenShift does it', async () => {
    const data = makeVolume(0, 0, 0o2770);
    for (const user of ['1000700000:0', '1000800000:0']) {
      const service = await expectServing({ user, volumes: [`${data}:/data`] });
      expect(await service.stop(), service.output()).toBe(0);
    }
    const { mode, gid } = statSync(join(data, 'inbox.db'));
    expect([mode & 0o777, gid]).toEqual([0o660, 0]);
    const listed = await command({
      args: ['events', 'list', '--json'],
      user: '1000800000:0',
      volumes: [`${data}:/data`],
    });
    expect(listed.output.match(/"id":"evt_/g), listed.output).toHaveLength(2);
  });

  const folders: [string, Files, string][] = [
    ['TypeScript as it is', WIRING, '"own":"told"'],
    ['a package.json and node_modules of its own', WITH_PACKAGE, '"own":"a parcel of our own package"'],
  ];

  test.each(folders)('/config may be read-only, with %s', async (_what, files, own) => {
    const service = await expectServing({ volumes: [`${makeFolder(files)}:/config:ro`] });
    expect(service.output()).toContain(own);
    expect(await service.stop()).toBe(0);
  });

  test('/config may be a ConfigMap; a Secret that is updated is read without a restart', async () => {
    const config = makeKubernetesVolume(WIRING);
    const service = await expectServing({ volumes: [`${config.folder}:/config:ro`], user: '1000700000:0' });
    expect(service.output()).toContain('"own":"told"');
    const next = SECRET.toUpperCase();
    secrets.update({ flexport: `${next}\n${SECRET}` });
    const body = told();
    const signed = `sha256=${createHmac('sha256', next).update(body).digest('hex')}`;
    await expect
      .poll(async () => {
        const headers = { 'X-Hub-Signature-256': signed };
        return (await fetch(`${service.url}/webhooks/flexport`, { method: 'POST', headers, body })).status;
      })
      .toBe(200);
    expect(await service.stop()).toBe(0);
  });

  test('`FROM consignee` and a COPY make an image with the wiring in it', async () => {
    const folder = makeFolder({ Dockerfile: `FROM ${image}\nCOPY config /config\n` });
    makeFolder(WITH_PACKAGE, join(folder, 'config'));
    engine.build(folder, `${image}-own`);
    const service = await expectServing({}, `${image}-own`);
    expect(service.output()).toContain('"own":"a parcel of our own package"');
    expect(await service.stop()).toBe(0);
  });

  test('every command runs beside the service, as the same user', async () => {
    const data = makeVolume(0, 0, 0o2770);
    const user = '1000700000:0';
    const volumes = [`${data}:/data`, `${makeFolder(WIRING)}:/config:ro`];
    const service = await expectServing({ user, volumes });
    const env = service.ports;
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const says: [string, number, RegExp | string][] = [
      ['--version', 0, `${version}\n`],
      ['status', 0, /takes events in/],
      ['check', 1, /fail +REQUIRE_HTTPS[\s\S]*pass +service/],
      ['alarms', 0, /./],
      ['events list --json', 0, /"id":"evt_/],
      ['events failures', 0, /./],
      ['events actions', 0, /./],
      ['events refused list', 0, /./],
      ['pause flexport/greet --reason trial', 0, /greet/],
      ['resume flexport/greet', 0, /greet/],
      ['secret generate', 0, /./],
      ['send flexport', 0, /200/],
      ['setup', 0, /./],
      ['events replay --state done --yes --count 2', 0, /./],
    ];
    for (const [words, code, said] of says) {
      const ran = await command({ args: words.split(' '), user, volumes, env });
      expect(ran, `${words}: ${ran.output}`).toEqual({ code, output: expect.stringMatching(said) });
    }
    expect(await service.stop()).toBe(0);
    const compacted = await command({ args: ['compact'], user, volumes, env });
    expect(compacted.code, compacted.output).toBe(0);
  });

  test('`init` writes a project into a folder that is mounted', async () => {
    const folder = makeFolder({});
    chownSync(folder, 4321, 4321);
    const ran = await command({
      args: ['init', 'my-hooks', '--sources', 'shippo'],
      user: '4321:4321',
      volumes: [`${folder}:/work`],
      workdir: '/work',
    });
    expect(ran.code, ran.output).toBe(0);
    expect(existsSync(join(folder, 'my-hooks/config/sources.ts'))).toBe(true);
  });

  test('nothing was written anywhere else', () => {
    expect(engine.written(image)).toEqual([]);
  });
});
