/** What the first page weighs, read from the build's output. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltConsole, buildConsole } from './browser.ts';

/** kB of compressed script that the first load may cost */
const BUDGET_KB = 180;

let built: BuiltConsole;
beforeAll(async () => {
  built = await buildConsole();
});
afterAll(() => built.remove());

const read = (file: string): string => readFileSync(path.join(built.dir, file), 'utf8');
const scripts = (): readonly string[] =>
  readdirSync(path.join(built.dir, 'assets')).filter((name) => name.endsWith('.js'));
const named = (prefix: string): string => scripts().find((name) => name.startsWith(prefix)) ?? '';

/** A script and all that it imports at its start. */
function withImports(name: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (name === '' || seen.has(name)) return seen;
  seen.add(name);
  for (const [, target = ''] of read(`assets/${name}`).matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g))
    withImports(target, seen);
  return seen;
}

const kilobytes = (names: Iterable<string>): number =>
  [...names].reduce((sum, name) => sum + gzipSync(read(`assets/${name}`), { level: 9 }).length, 0) / 1000;

describe('the built console', () => {
  it('costs at most 180 kB of script until the queue and an alert beside it are there', () => {
    const entry = /src="\.\/assets\/([^"]+\.js)"/.exec(read('index.html'))?.[1] ?? '';
    const first = new Set(
      [entry, named('alerts-route'), named('alert-view')].flatMap((name) => [...withImports(name)]),
    );
    expect(first.size).toBeGreaterThan(3);
    expect(kilobytes(first)).toBeGreaterThan(50);
    expect(kilobytes(first)).toBeLessThanOrEqual(BUDGET_KB);
  });

  it('is split by page', () => {
    for (const page of ['alerts-route', 'alert-view', 'live-page', 'customer-page', 'transaction-page', 'sign-in-page'])
      expect(named(page), page).not.toBe('');
  });

  it('has no inline script or style and nothing from elsewhere', () => {
    const html = read('index.html');
    expect(html).not.toMatch(/<style|style="|<script(?![^>]*\bsrc=)|\son\w+=/);
    expect(html).not.toMatch(/https?:\/\//);
    for (const name of readdirSync(path.join(built.dir, 'assets')).filter((file) => file.endsWith('.css')))
      expect(read(`assets/${name}`), name).not.toMatch(/url\(|@import|@font-face/);
  });
});
