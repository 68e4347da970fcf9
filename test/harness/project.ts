/** What all tests know of the project. Imports nothing, so that it costs nothing. */
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
/** A wiring of the four providers, for whoever names none. */
export const FOUR = join(ROOT, 'test/fixtures/four');
export const SECRET = 'a-secret-of-the-tests-that-is-long-enough';
