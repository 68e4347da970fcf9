/** Folders as they are mounted into the image: somebody's own wiring, secrets, and both as Kubernetes mounts them. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type Files = Readonly<Record<string, string>>;

/** Anybody may read it, as the user in the image must. */
export function makeFolder(files: Files, folder = mkdtempSync(join(tmpdir(), 'consignee-image-'))): string {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: 0o644 });
  }
  return folder;
}

/** For the inbox, of that user and group. */
export function makeVolume(user: number, group: number, mode: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-image-'));
  chownSync(folder, user, group);
  chmodSync(folder, mode);
  return folder;
}

/**
 * A ConfigMap or a Secret: each file is a link to `..data/<file>`, and `..data` one to a folder with a time in its name. An update
 * is a new folder, to which `..data` is turned at one stroke.
 */
export function makeKubernetesVolume(files: Files) {
  const folder = makeFolder({});
  let nth = 0;
  const update = (next: Files) => {
    const generation = `..2026_11_26_00_00_0${++nth}.1234`;
    makeFolder(next, join(folder, generation));
    symlinkSync(generation, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  update(files);
  for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(folder, name));
  return { folder, update };
}

/** A package of one's own, as `npm ci` leaves it, in which Node strips no types. */
export const OWN_PACKAGE: Files = {
  'package.json': '{ "name": "my-hooks", "private": true, "dependencies": { "parcels": "1.0.0" } }',
  'node_modules/parcels/package.json':
    '{ "name": "parcels", "version": "1.0.0", "type": "module", "exports": "./parcels.js" }',
  'node_modules/parcels/parcels.js': "export const greeting = 'a parcel of our own package';\n",
};

export const WIRING: Files = {
  'sources.ts': `import { defineSources, flexport } from 'consignee';
import { greet } from './greet.ts';

export default defineSources([{ preset: flexport, handlers: { greet } }]);
`,
  'greet.ts': `import type { Handle } from 'consignee';

export const greet: Handle = (event, { log }): void => log.info({ own: event.type }, 'greeted');
`,
  'service.ts': `import { defineService } from 'consignee';

export default defineService({ shutdownGraceMs: 1_000 });
`,
};

export const WITH_PACKAGE: Files = {
  ...WIRING,
  ...OWN_PACKAGE,
  'greet.ts': `import { Discard, type Handle } from 'consignee';
import { greeting } from 'parcels';

export const greet: Handle = (event, { log }): void => {
  if (event.type === null) throw new Discard('of no type');
  log.info({ own: greeting }, 'greeted');
};
`,
};
