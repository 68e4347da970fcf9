/** Starts that cannot be, each told in a sentence. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runToEnd } from '../../harness/command.ts';
import { openService } from '../../harness/open-service.ts';
import { SECRET } from '../../harness/project.ts';
import { type RunningService, startService } from '../../harness/service.ts';
import { ask, bodyOf, expectHealthy, signed } from '../../harness/wire.ts';

const ENV = { FLEXPORT_WEBHOOK_SECRET: SECRET, HOST: '127.0.0.1' };

let service: RunningService;
beforeAll(async () => {
  service = await openService({ env: ENV });
});
afterAll(() => service.stop());

test.each(['PORT', 'CONSOLE_PORT'])(
  'a %s that is taken is named, in one sentence and no stack',
  async (setting) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const taken = typeof address === 'object' ? String(address?.port) : '';
    const env = { ...ENV, PORT: '0', CONSOLE_PORT: '0', DATABASE_URL: 'sqlite:taken.db', [setting]: taken };
    const { code, output } = await runToEnd(['serve'], { env, cwd: service.folder });
    other.close();
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`^consignee: port ${taken} is taken.*\\.\\n$`));
  },
);

test('a second service on the same inbox is told so and ends with 78; the first goes on', async () => {
  const env = { ...ENV, PORT: '0', CONSOLE_PORT: '0', DATABASE_URL: `sqlite:${service.inboxPath}` };
  const { code, output } = await runToEnd(['serve'], { env, cwd: service.folder });
  expect(code).toBe(78);
  expect(output).toContain('DATABASE_URL');
  expect(output).not.toMatch(/\bat .*:\d+:\d+/);
  await expectHealthy(service, SECRET, 'still here');
});

test.each(['', 'development', 'test'])(
  'without --dev it is production, with NODE_ENV=%s as well',
  async (mode) => {
    const strict = await startService({ env: { ...ENV, NODE_ENV: mode, REQUIRE_HTTPS: '' } });
    const answer = await ask(strict.port, signed(SECRET, bodyOf('in the open')));
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).not.toHaveProperty('detail');
    expect(strict.events()).toEqual([]);
    await strict.stop();
  },
);
