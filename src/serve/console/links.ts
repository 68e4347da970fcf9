/**
 * Links between pages, relative to the page that they stand on: so the console works under any path, of a proxy that strips it as
 * well as of an application, and needs no setting for it.
 */
import type { Request, Response } from 'express';

export type LinkParameters = Readonly<
  Record<string, string | number | boolean | readonly string[] | null | undefined>
>;

/** `path` is one of the console, from its root: `/events`. */
export type Link = (path: string, parameters?: LinkParameters) => string;

/** For the page at this path of the console. */
export function linksFrom(path: string): Link {
  const up = '../'.repeat(Math.max(0, path.split('/').length - 2)) || './';
  return (to, parameters) => `${up}${to.slice(1)}${queryText(parameters)}`;
}

/** With the `?`, or nothing. What is undefined, null, false or empty is left out. */
function queryText(parameters: LinkParameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'object' && value !== null) for (const one of value) query.append(name, one);
    else if (value !== undefined && value !== null && value !== false && value !== '')
      query.append(name, String(value));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** Where the console is mounted without a slash at the end, links would go beside it. True if the browser was sent on. */
export function addSlash(request: Request, response: Response): boolean {
  const [path = ''] = request.originalUrl.split('?');
  if (request.path !== '/' || path.endsWith('/')) return false;
  const query = request.originalUrl.slice(path.length);
  response.redirect(308, `${path.slice(path.lastIndexOf('/') + 1)}/${query}`);
  return true;
}

/** A path of the console, with a query perhaps, that a form or a URL names; `otherwise` if it names anything else. */
export function ownPath(text: unknown, otherwise: string): string {
  const isOwn = typeof text === 'string' && /^\/(?!\/)[\w.~!$&'()*+,;=:@%/?-]*$/.test(text);
  return isOwn && !text.includes('..') ? text : otherwise;
}
