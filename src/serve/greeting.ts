/** What the log says of a service at its start: which sources are on, and where it listens. Called by instance.ts. */
import { fileURLToPath } from 'node:url';
import { sentenceOf } from '../base/errors.ts';
import type { Log } from '../base/log/log.ts';
import { VERSION } from '../base/version.ts';
import { driverOf } from '../inbox/driver.ts';
import { formSecretsOf } from '../verify/checks.ts';
import { firstSetting } from '../verify/switches.ts';
import type { Settings } from './config/settings.ts';
import type { ConnectionLimits } from './http/connections.ts';
import type { Role } from './status.ts';

interface Manner {
  readonly role: Role;
  /** The screen says it in another way. */
  readonly pretty: boolean;
}

/** And what may be wrong with the settings. */
export function sayWhatIsOn({ config, warnings }: Settings, { role, pretty }: Manner, log: Log): void {
  for (const { fix, ...problem } of warnings)
    log.warn({ setting: problem.setting }, `${sentenceOf(problem)}. ${fix}`);
  for (const source of role === 'dispatch' ? [] : config.sources) {
    const { name, schemes, path } = source;
    if (schemes.length === 0)
      log.warn({ source: name, path }, `source is off: set ${firstSetting(source)} to switch it on`);
    else if (source.takesSecrets && formSecretsOf(source).length === 0)
      log.warn(
        { source: name, path },
        'source waits for the secret of a handshake, and takes no event before',
      );
    else if (!pretty) log.info({ source: name, path, verifies: schemes.join(',') }, 'source is on');
  }
}

interface Ports {
  readonly port: number;
  readonly console: number | undefined;
  readonly limits: ConnectionLimits;
}

export function sayReady(
  { config, wiring }: Settings,
  { role, pretty }: Manner,
  log: Log,
  { limits, ...ports }: Ports,
): void {
  if (pretty) return;
  const { place: inbox } = driverOf(config.database);
  const file = wiring && { wiring: fileURLToPath(wiring) };
  const most = { connections: limits.all, connectionsPerAddress: limits.address };
  log.info({ version: VERSION, ...ports, inbox, role, ...file, ...most }, 'ready');
}
