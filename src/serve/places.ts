/** Looks whether a service may start where its settings say that things are kept. Called by instance.ts before anything is opened. */
import type { Problem } from '../base/errors.ts';
import { makePrivateFolder } from '../base/private-files.ts';
import { driverOf } from '../inbox/driver.ts';
import type { Config } from './config/config.ts';
import { isAboutDatabase } from './config/database.ts';
import type { Settings } from './config/settings.ts';
import type { Role } from './status.ts';

/** All that is wrong with the settings, and with the places they name. */
export async function examinePlaces({ problems, config }: Settings, role: Role) {
  if (problems.some(isAboutDatabase)) return { problems, remarks: [] };
  const driver = driverOf(config.database);
  if (role !== 'both' && !driver.isShared) return { problems: [...problems, ownerAlone(role)], remarks: [] };
  const { problem, remarks } = await driver.examine('start');
  const folder = driver.file === undefined ? folderProblem(config) : undefined;
  return { problems: [...problems, problem, folder].filter((one) => one !== undefined), remarks };
}

function ownerAlone(role: Role): Problem {
  const wrong = `names an SQLite file, which one process alone may own, and ${ROLE_SETTINGS[role]} leaves work to another`;
  const fix = `Use PostgreSQL, as in postgres://user:password@host:5432/database, or leave ${ROLE_SETTINGS[role]} out.`;
  return { setting: 'DATABASE_URL', wrong, fix };
}

/** How a person has said it. */
const ROLE_SETTINGS: Readonly<Record<Role, string>> = {
  both: 'nothing',
  receive: "--receive-only (embedded: handlers: 'elsewhere')",
  dispatch: '--dispatch-only',
};

function folderProblem({ dataDir }: Config): Problem | undefined {
  try {
    makePrivateFolder(dataDir);
    return undefined;
  } catch (error) {
    const wrong = `names a folder that cannot be made (${(error as NodeJS.ErrnoException).code})`;
    return { setting: 'DATA_DIR', wrong, fix: 'Check the path and who may write there.' };
  }
}
