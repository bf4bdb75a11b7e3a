/** The browser of the console's tests: CHROMIUM_PATH, a Chromium on the PATH, playwright's own, or Debian's package as root. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { canInstallDebianPackages, installDebianPackages } from './programs.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== '') return named;
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const onPath = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name))).find(existsSync);
  if (onPath !== undefined) return onPath;
  const bundled = chromium.executablePath();
  return existsSync(bundled) ? bundled : undefined;
}

/** Throws one sentence that says how to get one. */
export async function chromiumProgram(): Promise<string> {
  const found = findChromium();
  if (found !== undefined) return found;
  if (canInstallDebianPackages()) await installDebianPackages(['chromium']);
  const installed = findChromium();
  if (installed !== undefined) return installed;
  throw new Error(
    'The tests of the console need Chromium: "apt-get install chromium", or "npx playwright-core install chromium", or CHROMIUM_PATH.',
  );
}
