/** What all tests know of the project. Imports nothing, so that it costs nothing. */
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
export const SECRET = 'a-secret-of-the-tests-that-is-long-enough';
