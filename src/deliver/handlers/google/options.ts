/** The options that the handlers for Google's services have in common. */
import { integer, type RulesFor, text } from '../../../base/settings/rules.ts';

export interface GoogleOptions {
  /** Path of a key file; without it the library looks for Application Default Credentials. */
  readonly keyFile?: string | undefined;
  readonly projectId?: string | undefined;
  /** An emulator, which is not shown any credentials, or a private endpoint under googleapis.com, which is. */
  readonly apiEndpoint?: string | undefined;
  /** For all that an attempt asks of Google. */
  readonly timeoutMs?: number | undefined;
}

const PROJECT = /^([a-z0-9.-]+:)?[a-z][a-z0-9-]*$/;

/** A key may have been pasted where its path belongs, and a URL may have a password in it: neither is repeated. */
export const GOOGLE_RULES = {
  keyFile: text((path) => path !== '', "Write the path of a key file: keyFile: '/run/secrets/google.json'.", {
    wrong: 'is not a path',
  }),
  projectId: text((id) => PROJECT.test(id), "Write the project's id, not its name or number."),
  apiEndpoint: text(isPlainUrl, "Write its URL: apiEndpoint: 'http://localhost:9050'.", {
    wrong: 'is not an http:// or https:// URL without user, query and fragment',
  }),
  timeoutMs: integer(1, 600_000),
} satisfies RulesFor<GoogleOptions>;

function isPlainUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}
