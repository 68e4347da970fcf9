// @ts-check
/** What makes the pages handier, which work without it: live regions, keys, copying, local times, the theme. */
const root = document.documentElement;
root.classList.add('js');

/** @type {(selector: string, within?: ParentNode) => any[]} */
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
/** @type {(selector: string) => any} */
const one = (selector) => document.querySelector(selector);
const store = {
  get: (/** @type {string} */ name) => {
    try {
      return localStorage.getItem(`consignee-${name}`);
    } catch {
      return null;
    }
  },
  set: (/** @type {string} */ name, /** @type {string} */ value) => {
    try {
      localStorage.setItem(`consignee-${name}`, value);
    } catch {}
  },
};

const THEMES = ['', 'light', 'dark'];
/** @param {string} theme */
function setTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  one('#theme').textContent = `Theme: ${theme || 'system'}`;
}
setTheme(store.get('theme') ?? '');
one('#theme').onclick = () => {
  const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? '') + 1) % 3] ?? '';
  store.set('theme', next);
  setTheme(next);
};

/** Times as they are here; the title has UTC. @param {ParentNode} within */
function localize(within) {
  for (const tag of all('time', within)) {
    const at = new Date(tag.dateTime);
    const local = new Date(+at - at.getTimezoneOffset() * 60_000).toISOString();
    const [day = '', clock = ''] = local.slice(0, 19).split('T');
    tag.title = `${day} ${clock} here, ${at.toISOString().replace('T', ' ')} in UTC`;
    const { short, ago } = tag.dataset;
    if (short) tag.textContent = short === 'day' ? day.slice(5) : clock.slice(0, 5);
    else if (ago === undefined) tag.textContent = `${day} ${clock}`;
  }
}
localize(document);

const choice = one('#live');
const regions = () => all('[data-live][id]');
let lookedAt = Date.now();
let isLooking = false;
const kept = store.get('live');
choice.value = kept === '0' ? kept : (one('[data-every]')?.dataset.every ?? kept ?? '5');
choice.onchange = () => store.set('live', choice.value);
choice.parentElement.hidden = regions().length === 0;

/** Nobody sees it, or somebody is about to do something with what is there. */
const isBusy = () =>
  document.hidden ||
  one('dialog[open], tr.picked') ||
  getSelection()?.isCollapsed === false ||
  document.activeElement?.matches('[data-live] :is(input, select, textarea)');

async function look() {
  isLooking = true;
  try {
    const response = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (response.status === 401) location.reload();
    if (!response.ok || isBusy()) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
    for (const region of regions()) {
      const next = fresh.getElementById(region.id);
      if (!next) continue;
      localize(next);
      for (const [index, { open }] of all('details', region).entries()) {
        const same = all('details', next)[index];
        if (same && open) same.open = true;
      }
      if (next.innerHTML === region.innerHTML) continue;
      const held = region.contains(document.activeElement) && document.activeElement?.getAttribute('href');
      region.innerHTML = next.innerHTML;
      if (held)
        all('a', region)
          .find((link) => link.getAttribute('href') === held)
          ?.focus();
      mark();
    }
  } catch {
    // The service may be starting anew: the next look tells.
  } finally {
    lookedAt = Date.now();
    isLooking = false;
  }
}
setInterval(() => {
  const every = choice.value * 1_000;
  if (every && regions().length && !isLooking && !isBusy() && Date.now() - lookedAt >= every) look();
}, 500);

/** The row that the keys are at. */
let at = -1;
const rows = () => all('table.list tbody tr');
const boxes = () => all('input[name="id"]');
function mark() {
  for (const [index, row] of rows().entries()) {
    row.classList.toggle('at', index === at);
    row.classList.toggle('picked', row.querySelector('input[name="id"]:checked') !== null);
  }
  const count = boxes().filter(({ checked }) => checked).length;
  for (const text of all('[data-picked]')) text.textContent = count ? `${count} selected` : '';
}
document.addEventListener('change', ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  if (target.dataset.all !== undefined) for (const box of boxes()) box.checked = target.checked;
  mark();
});
mark();

// There is no clipboard on plain HTTP: the text is selected at least.
document.addEventListener('click', async ({ target }) => {
  const button = target instanceof Element && target.closest('[data-copy]');
  const text = button && document.getElementById(button.getAttribute('data-copy') ?? '');
  if (!button || !text) return;
  getSelection()?.selectAllChildren(text);
  await navigator.clipboard?.writeText(text.textContent ?? '');
  button.textContent = navigator.clipboard ? 'Copied' : 'Selected: press Ctrl+C';
});

/** @param {number} by */
function move(by) {
  at = Math.max(0, Math.min(rows().length - 1, at + by));
  mark();
  rows()[at]?.scrollIntoView({ block: 'nearest' });
}
/** @type {Record<string, () => void>} */
const KEYS = {
  '/': () => one('input[type="search"]')?.focus(),
  j: () => move(1),
  k: () => move(-1),
  x: () => rows()[at]?.querySelector('input[name="id"]')?.click(),
  Enter: () => rows()[at]?.querySelector('a')?.click(),
  '?': () => one('#keys').showModal(),
};
document.addEventListener('keydown', (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element)) return;
  if (target.closest('input:not([type="checkbox"]), select, textarea, dialog')) return;
  if (key === 'Enter' && (at < 0 || target.closest('a, button, summary'))) return;
  if (!KEYS[key]) return;
  event.preventDefault();
  KEYS[key]();
});
