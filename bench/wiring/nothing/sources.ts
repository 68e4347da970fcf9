/**
 * For bench/backlog.ts: a handler that does nothing. Writes how often into the file HANDLED_FILE, a few times a second, so
 * that whoever wants to know need not ask the database.
 */
import { writeFileSync } from 'node:fs';
import { flexport, type SourceWiring } from 'consignee';

const TELL_MS = 100;
const { HANDLED_FILE } = process.env;
let handled = 0;

function nothing(): void {
  if (handled++ === 0 && HANDLED_FILE !== undefined) {
    setInterval(() => writeFileSync(HANDLED_FILE, String(handled)), TELL_MS).unref();
  }
}

export default [{ preset: flexport, handlers: { nothing } }] satisfies SourceWiring[];
