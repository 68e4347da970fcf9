/** The version of this Consignee, as package.json has it: for `--version`, the log, the metrics and the status. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  readonly version: string;
};

export const VERSION = version;
