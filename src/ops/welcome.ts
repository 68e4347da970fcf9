/** What the screen says once a service on a developer's machine runs: where providers send to, and what to type next. Used by serve.ts. */
import { join, relative } from 'node:path';
import { driverOf } from '../inbox/driver.ts';
import type { Role } from '../serve/status.ts';
import { firstSetting } from '../verify/switches.ts';
import { ENV_FILE, type Settings } from './settings.ts';
import { columns } from './terminal.ts';

/** In a project of one's own it is below node_modules. */
const FIRST_WEBHOOK = relative('.', join(import.meta.dirname, '../../docs/first-webhook.md'));

/** Before `.env` is read: what a second terminal does not see. */
const GIVEN_PORT = process.env.PORT;

export function welcome(
  { config }: Settings,
  { port, consolePort }: { readonly port: number; readonly consolePort: number },
  role: Role,
  base: string,
): string {
  const on = config.sources.filter(({ schemes }) => schemes.length > 0);
  const sources = on.map(({ preset, path, schemes }) => {
    return [`  ${preset.title}`, `${base}${path}`, `verifies ${schemes.join(' + ')}`];
  });
  const isUsual = GIVEN_PORT === undefined && port === config.port;
  const send = `npm run send -- --all${isUsual ? '' : ` --to ${base}`}`;
  const [source] = config.sources;
  const next =
    on.length > 0 || !source
      ? `in a second terminal:\n\n  ${send}`
      : `switch a source on, in ${ENV_FILE}:\n\n  ${firstSetting(source).replace(/^[^=]+$/, '$&=…')}`;
  const receives = role !== 'dispatch';
  return [
    `\nConsignee is ready${ROLES[role]}.`,
    ...(receives ? [' Providers send to:\n\n', ...columns(sources).map((line) => `${line}\n`)] : ['\n']),
    `\nEvents are kept in ${driverOf(config.database).place}. Metrics: http://localhost:${consolePort}/metrics\n`,
    receives ? `Now, ${next}\n\n` : '\n',
    'After a change in config/, start it again.\n',
    receives ? `For the first webhook of a provider itself: ${FIRST_WEBHOOK}\n\n` : '\n',
  ].join('');
}

const ROLES: Readonly<Record<Role, string>> = {
  both: '',
  receive: ', and only receives: handlers run elsewhere',
  dispatch: ', and only runs handlers: it takes nothing in',
};
