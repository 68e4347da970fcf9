/** `consignee detect` as somebody pipes a request into it: no project, no settings and no service are needed. */
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NODE } from '../harness/command.ts';
import { ROOT } from '../harness/project.ts';

test('a request on standard input is read, in an empty folder, and nothing is written there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-detect-'));
  const secret = 'a-secret-on-its-own-line-0123456789';
  writeFileSync(join(folder, 'secret'), `${secret}\n`);
  const body = '{"id":"evt_1","type":"a.b"}';
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const input = `POST /in HTTP/1.1\r\nHost: a\r\nX-Hub-Signature-256: sha256=${signature}\r\nX-GitHub-Event: push\r\n\r\n${body}`;
  const args = [join(ROOT, 'bin/consignee.js'), 'detect', '--secret-file', 'secret', '--request', '-'];
  const ended = spawnSync(process.execPath, args, { cwd: folder, env: NODE, input, encoding: 'utf8' });
  expect([ended.status, ended.stderr]).toEqual([0, '']);
  expect(ended.stdout).toContain('It is the preset github:\n\n  consignee add github\n');
  expect(ended.stdout).not.toContain(secret);
  expect(readdirSync(folder)).toEqual(['secret']);
  rmSync(folder, { recursive: true });
});
