/**
 * A built console behind the fake API, and a browser to look at it. The console is built into a folder of its own, so that the
 * test needs no earlier build and disturbs none. The browser is Debian's, or any Chromium on the PATH, or CHROMIUM_PATH.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { FAKE_TOKEN, type FakeApi, startFakeApi } from '../helpers/fake-api.ts';
import { chromiumProgram } from '../helpers/servers/browser-program.ts';

export interface BuiltConsole {
  readonly dir: string;
  remove(): void;
}

/** Vitest says NODE_ENV=test, with which React would be built in its development form. */
async function asProduction<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    return await work();
  } finally {
    process.env.NODE_ENV = before;
  }
}

export async function buildConsole(): Promise<BuiltConsole> {
  const dir = mkdtempSync(path.join(tmpdir(), 'vigil-console-'));
  const configFile = path.resolve(import.meta.dirname, '../../src/console/vite.config.ts');
  await asProduction(() => build({ configFile, logLevel: 'error', build: { outDir: dir, emptyOutDir: true } }));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export const launchChromium = async (): Promise<Browser> =>
  chromium.launch({
    executablePath: await chromiumProgram(),
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-gpu',
    ],
  });

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly api: FakeApi;
  /** errors and refusals that the browser reported, with those of the network that the test caused left out */
  readonly complaints: string[];
  close(): Promise<void>;
}

export interface VisitOptions {
  readonly alerts?: number;
  readonly language?: 'en' | 'zh-CN';
  readonly theme?: 'light' | 'dark';
  readonly size?: readonly [width: number, height: number];
  /** the address after the sign-in by the link that Vigil prints; '' = no sign-in */
  readonly hash?: string;
}

/** A visit of its own: own server, own data, own browser profile. */
export async function visit(browser: Browser, consoleDir: string, options: VisitOptions = {}): Promise<Visit> {
  const api = await startFakeApi({ alerts: options.alerts ?? 40, consoleDir });
  const [width, height] = options.size ?? [1440, 900];
  const context = await browser.newContext({
    viewport: { width, height },
    locale: options.language ?? 'en',
    colorScheme: options.theme ?? 'light',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    // the browser itself reports every answer of 400 and more
    if (text.startsWith('Failed to load resource')) return;
    complaints.push(text);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  const hash = options.hash ?? `#token=${FAKE_TOKEN}`;
  await page.goto(`${api.url}/${hash}`);
  return {
    page,
    context,
    api,
    complaints,
    async close() {
      await context.close();
      await api.close();
    },
  };
}
