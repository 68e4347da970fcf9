/**
 * The form of Standard Webhooks, under the names of headers that begin with `prefix`: for providers that sign by a library of
 * theirs. Svix, from which it comes, still has names of its own.
 * Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md; svix/svix-webhooks.
 */
import type { SignatureForm } from '../form/vocabulary.ts';

export function standardForm(prefix: 'webhook' | 'svix') {
  return {
    in: { header: `${prefix}-signature` },
    layout: { list: ' ', tag: 'v1', mark: ',' },
    encoding: 'base64',
    algorithm: 'hmac-sha256',
    key: { base64After: 'whsec_' },
    signed: `{header:${prefix}-id}.{time}.{body}`,
    time: { from: `header:${prefix}-timestamp`, unit: 's' },
  } as const satisfies SignatureForm;
}
