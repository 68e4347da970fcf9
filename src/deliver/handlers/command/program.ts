/**
 * Finds the program that a command names, as a shell would: a name with a slash is a path, any other is looked for on PATH.
 * Called when the handler is built and when its options are checked.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** The absolute path; undefined if there is no executable file by that name. */
export function programPath(program: string): string | undefined {
  if (program.includes('/')) return isExecutable(program) ? resolve(program) : undefined;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => resolve(join(folder, program))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
