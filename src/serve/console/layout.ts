/**
 * What stands around every page: the menu, the title, what came of the last act, and who looks. A page gives its content alone.
 * The pages work without console.js; what needs it is hidden in its absence by the mark that it sets on <html>.
 */
import { VERSION } from '../../base/version.ts';
import type { Assets } from './assets.ts';
import type { Flash } from './flash.ts';
import { type HtmlValue, html, type Markup } from './html.ts';
import type { Link } from './links.ts';

interface PageFrame {
  readonly assets: Assets;
  readonly link: Link;
  readonly title: string;
  /** Entries of the menu: a path, and its words. Empty for who is not let in. */
  readonly menu: readonly (readonly [path: string, words: string])[];
  /** The path of the entry that the page belongs to. */
  readonly current?: string | undefined;
  readonly person?:
    | { readonly name: string; readonly mayAct: boolean; readonly mayLeave: boolean }
    | undefined;
  readonly flash?: Flash | undefined;
}

export function showFrame(frame: PageFrame, content: HtmlValue): string {
  const { assets, link, title, flash } = frame;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Consignee</title>
<link rel="icon" href="${link(assets.path('favicon.svg'))}" type="image/svg+xml">
<link rel="stylesheet" href="${link(assets.path('console.css'))}">
<script src="${link(assets.path('console.js'))}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${showHeader(frame)}
<main id="main" tabindex="-1">
<h1>${title}</h1>
${flash && html`<p class="flash ${flash.isGood ? 'good' : 'bad'}" role="status">${flash.says}</p>`}
${content}
</main>
<footer><span>Consignee ${VERSION}</span> <span class="needs-js"><kbd>?</kbd> shows the keys</span></footer>
${KEYS_DIALOG}
</body>
</html>
`;
  return page.text;
}

const KEYS_DIALOG = html`<dialog id="keys" aria-label="Keys"><dl><dt><kbd>/</kbd></dt><dd>to the search</dd><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next row, previous row</dd><dt><kbd>x</kbd></dt><dd>select the row</dd><dt><kbd>Enter</kbd></dt><dd>open the row</dd></dl><form method="dialog"><button>Close</button></form></dialog>`;

function showHeader({ link, menu, current, person }: PageFrame): Markup {
  const entries = menu.map(
    ([path, words]) =>
      html`<a href="${link(path)}"${path === current && html` aria-current="page"`}>${words}</a>`,
  );
  return html`<header>
<a class="brand" href="${link('/')}">Consignee</a>
${entries.length > 0 && html`<nav aria-label="Pages">${entries}</nav>`}
<div class="tools">
<label class="needs-js live">Live <select id="live"><option value="0">off</option><option value="1">1 s</option><option value="2">2 s</option><option value="5" selected>5 s</option><option value="15">15 s</option><option value="60">60 s</option></select></label>
<button type="button" class="needs-js" id="theme" title="Light, dark, or as the system has it">Theme</button>
${person && showPerson(person, link)}
</div>
</header>`;
}

function showPerson({ name, mayAct, mayLeave }: NonNullable<PageFrame['person']>, link: Link): Markup {
  return html`<span class="person">${name}${!mayAct && ' (may look)'}</span>
${mayLeave && html`<form method="post" action="${link('/logout')}"><button>Log out</button></form>`}`;
}

/** A page that says why there is nothing to see. */
export function showError(status: number, says: string, link: Link): Markup {
  return html`<p class="error"><strong>${status}</strong> ${says}</p><p><a href="${link('/')}">To the overview</a></p>`;
}
