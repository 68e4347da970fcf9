/**
 * `consignee status`: whether all is well. Asks the running service, and prints what it says.
 *
 * Exit 0 if all is well, 1 if it is not, 69 if no service answers: then what is counted in the inbox is printed, and the rest is
 * not known.
 */
import { parseArgs } from 'node:util';
import { findStatus } from './service-status.ts';
import { readSettings, sound } from './settings.ts';
import { statusLines } from './status-lines.ts';
import { EXIT_UNAVAILABLE, FLAG, say, sayJson, TEXT } from './terminal.ts';

export const usage = `Usage: npm run status -- [--json]

  Whether all is well, in six lines; each alarm that is raised follows, with
  what to do. The service is asked at CONSOLE_HOST and CONSOLE_PORT.

  --json   one JSON object, as GET /status on the console's port

Exit 0 if all is well, 1 if not, 69 if no service answers.
`;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: FLAG, config: TEXT } });
  const { config } = sound(await readSettings(values.config));
  const status = await findStatus(config);
  if (values.json) sayJson(status);
  else for (const line of statusLines(status, Date.now())) say(line);
  if (status.isWell === null) return EXIT_UNAVAILABLE;
  return status.isWell ? 0 : 1;
}
