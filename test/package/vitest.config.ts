/** `npm run test:package`: what a user installs. Needs npm's registry, and so is not part of `npm test`. */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['test/package/*.packed.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    // Both files are about the same two tarballs.
    isolate: false,
  },
});
