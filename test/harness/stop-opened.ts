/** After each test file: a service that it has left open disturbs none of those that come after. Set up by vitest.config.ts. */
import { afterAll } from 'vitest';
import { opened } from './opened.ts';

afterAll(async () => {
  for (const stop of opened) await stop();
});
