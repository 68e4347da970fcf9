/** How a client of Google's libraries is made: once, when the first event comes. */
import type { GoogleOptions } from './options.ts';

const GOOGLES_OWN = /^(https?:\/\/)?([^/]+\.)?googleapis\.com(:\d+)?(\/|$)/i;

/** Opens when it is first asked to, and again after a failure only. */
export function opener<Connection>(open: () => Promise<Connection>): () => Promise<Connection> {
  let opened: Promise<Connection> | undefined;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}

export function clientOptions({ keyFile, projectId, apiEndpoint }: GoogleOptions) {
  return {
    // Retries are the inbox's, where `events show` tells of each.
    retryOptions: { autoRetry: false },
    ...(keyFile !== undefined && { keyFilename: keyFile }),
    ...(projectId !== undefined && { projectId }),
    ...(apiEndpoint !== undefined && { apiEndpoint }),
  };
}

/** Emulators know no accounts, and must not be shown any. `emulator`: what the library's own variable says. */
export function usesAccounts({ keyFile, apiEndpoint }: GoogleOptions, emulator: string | undefined): boolean {
  const endpoint = apiEndpoint ?? emulator;
  return endpoint === undefined || keyFile !== undefined || GOOGLES_OWN.test(endpoint);
}
