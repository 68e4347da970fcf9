/**
 * How a browser comes in: whoever gives a live token gets a session (session.ts), and may leave their name, which stands with what they
 * do. Guessing is slow: an address gets so many wrong tokens a minute, and then waits.
 */
import express, { type Express, type Request, type Response } from 'express';
import { MINUTE_MS } from '../../base/times.ts';
import { digestOf } from '../../verify/fingerprint.ts';
import { type ConsoleTokens, isSameOrigin, levelOfToken } from './access.ts';
import { html, type Markup } from './html.ts';
import { type Link, linksFrom, ownPath } from './links.ts';
import { endedSessionCookie, isOverTls, sessionCookie } from './session.ts';
import { sayTitle } from './titles.ts';

const TRIES = 10;
const TRIES_MS = MINUTE_MS;
/** Of so many addresses the wrong tokens are counted; beyond that, of all together. */
const ADDRESSES_MOST = 1_000;
const NAME_MOST = 40;

export class LoginLimit {
  readonly #wrong = new Map<string, number[]>();

  /** Seconds until an address may try again; 0 if it may now. */
  waitOf(address: string, now: number): number {
    const tries = (this.#wrong.get(this.#nameOf(address)) ?? []).filter((at) => now - at < TRIES_MS);
    const [first = now] = tries;
    return tries.length < TRIES ? 0 : Math.ceil((first + TRIES_MS - now) / 1_000);
  }

  noteWrong(address: string, now: number): void {
    for (const [name, tries] of this.#wrong)
      if (now - (tries.at(-1) ?? 0) >= TRIES_MS) this.#wrong.delete(name);
    const name = this.#nameOf(address);
    this.#wrong.set(name, [...(this.#wrong.get(name) ?? []), now].slice(-TRIES));
  }

  #nameOf(address: string): string {
    return this.#wrong.has(address) || this.#wrong.size < ADDRESSES_MOST ? address : 'all others';
  }
}

export function addLogin(
  app: Express,
  tokens: () => ConsoleTokens,
  show: (request: Request, response: Response, status: number, says?: string) => void,
): void {
  const limit = new LoginLimit();
  app.get('/login', (request, response) => show(request, response, 200));
  app.post('/login', express.urlencoded({ extended: false, limit: '4kb' }), (request, response) => {
    if (!isSameOrigin(request)) return sayTitle(response, 403, 'a login comes from the page for it');
    const now = Date.now();
    const address = request.socket.remoteAddress ?? '';
    const wait = limit.waitOf(address, now);
    if (wait > 0) {
      response.set('Retry-After', String(wait));
      return show(request, response, 429, `That was wrong too often. Try again in ${wait} seconds.`);
    }
    const { given: token = '', who = '', to = '' } = (request.body ?? {}) as Record<string, unknown>;
    const given = String(token).trim();
    if (levelOfToken(given, tokens()) === 'none') {
      limit.noteWrong(address, now);
      return show(request, response, 401, 'That is no token of this console.');
    }
    const name = String(who).trim().slice(0, NAME_MOST);
    const isSecure = isOverTls(request);
    response.append('Set-Cookie', sessionCookie(digestOf(given), name, isSecure, now));
    response.redirect(303, linksFrom(request.path)(ownPath(to, '/')));
  });
  app.post('/logout', (request, response) => {
    if (!isSameOrigin(request)) return sayTitle(response, 403, 'to log out takes the button on a page');
    response.append('Set-Cookie', endedSessionCookie(isOverTls(request)));
    response.redirect(303, './login');
  });
}

/** `to`: where the person wanted to go. */
export function showLogin(link: Link, to: string, says: string | undefined): Markup {
  return html`<form class="login" method="post" action="${link('/login')}">
${says && html`<p class="error" role="alert">${says}</p>`}
<input type="hidden" name="to" value="${to}">
<label>Token <input type="password" name="given" required autofocus autocomplete="current-password"></label>
<p class="hint">The text in CONSOLE_TOKEN, or in CONSOLE_READ_TOKEN to look only.</p>
<label>Your name <input name="who" maxlength="${NAME_MOST}" autocomplete="nickname"></label>
<p class="hint">It is noted with what you do. You may leave it empty.</p>
<button class="main">Log in</button>
</form>`;
}
