#!/usr/bin/env node
// `npm create consignee FOLDER` is `consignee init FOLDER`, with the package of the same version.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const consignee = dirname(fileURLToPath(import.meta.resolve('consignee/package.json')));
const [folder = 'my-hooks', ...rest] = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [join(consignee, 'bin/consignee.js'), 'init', folder, ...rest],
  {
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
