/**
 * The files that pages need beside themselves, read once. Each is served under a path with a digest of its content, so that a browser
 * may keep it for good, and gets the new one with the next version.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Express } from 'express';

const ASSET_TYPES = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
} as const;
const DIGITS = 12;

type AssetName = keyof typeof ASSET_TYPES;

export interface Assets {
  /** From the root of the console. */
  path(name: AssetName): string;
}

/** Anybody may have them: there is nothing in them but how pages look. */
export function addAssets(app: Express): Assets {
  const paths = new Map<AssetName, string>();
  for (const [file, type] of Object.entries(ASSET_TYPES)) {
    const content = readFileSync(new URL(`./assets/${file}`, import.meta.url));
    const path = `/assets/${hash('sha256', content).slice(0, DIGITS)}/${file}`;
    paths.set(file as AssetName, path);
    app.get(path, (_request, response) => {
      response.set('Cache-Control', 'public, max-age=31536000, immutable').type(type).end(content);
    });
  }
  return { path: (name) => paths.get(name) as string };
}
