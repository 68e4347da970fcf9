/**
 * A real browser for tests: the one that comes by npm, on Linux x64; elsewhere the one that CHROMIUM names. It is unpacked into a folder
 * of its own, which goes when it is closed. Without one there is nothing to test with, and that is said.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** How a page may be looked at. */
export const VIEWS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  'without JavaScript': { javaScriptEnabled: false },
  'on 360 pixels': { viewport: { width: 360, height: 740 } },
} as const satisfies Record<string, BrowserContextOptions>;
export type ViewName = keyof typeof VIEWS;

export const hasBrowser =
  process.env.CHROMIUM !== undefined || (process.platform === 'linux' && process.arch === 'x64');
if (!hasBrowser)
  console.warn(
    'No browser comes by npm for this system: set CHROMIUM=/path/to/chromium to test the pages in one.',
  );

export interface TestBrowser {
  /** A page of its own, and all that was said against what it shows. */
  open(options?: BrowserContextOptions): Promise<{ page: Page; complaints: string[] }>;
  close(): Promise<void>;
}

export async function startBrowser(): Promise<TestBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-browser-'));
  const browser = await launch(folder);
  return {
    async open(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      return { page, complaints };
    },
    async close() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Not those that it brings along for the cloud: they switch off what is to be tested. */
const ARGS = [
  ...['--no-sandbox', '--disable-gpu', '--force-prefers-reduced-motion'],
  // A name that is not this machine's, over plain HTTP: browsers send less there.
  '--host-resolver-rules=MAP console.test 127.0.0.1',
];

async function launch(folder: string): Promise<Browser> {
  if (process.env.CHROMIUM)
    return await chromium.launch({ executablePath: process.env.CHROMIUM, args: ARGS });
  // It unpacks itself where this points.
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    const { default: packed } = await import('@sparticuz/chromium');
    return await chromium.launch({
      executablePath: await packed.executablePath(),
      args: ARGS,
      env: { ...process.env, TMPDIR: folder },
    });
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What stands in the way of somebody, by the rules of axe. */
export async function violationsOn(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`),
    );
  });
}

/** So many pixels more than the window is wide. */
export async function overflowOf(page: Page): Promise<number> {
  return await page.evaluate(() => {
    const { document } = globalThis as unknown as {
      document: { documentElement: { scrollWidth: number; clientWidth: number } };
    };
    return document.documentElement.scrollWidth - document.documentElement.clientWidth;
  });
}
