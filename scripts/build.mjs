#!/usr/bin/env node
// Builds everything that runs: TypeScript → dist, the files that stand beside it (Lua, SQL), the console → dist/console.
//   node scripts/build.mjs              always
//   node scripts/build.mjs --if-stale   only when a source is newer than the last build
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
const stamp = path.join(dist, '.built');
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

const newest = (entry) =>
  statSync(entry).isDirectory()
    ? Math.max(statSync(entry).mtimeMs, ...readdirSync(entry).map((name) => newest(path.join(entry, name))))
    : statSync(entry).mtimeMs;

const sources = ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'].map((name) =>
  path.join(root, name),
);
if (
  process.argv.includes('--if-stale') &&
  existsSync(stamp) &&
  sources.every((entry) => newest(entry) <= statSync(stamp).mtimeMs)
) {
  process.exit(0);
}
const startedAt = new Date();

if (!existsSync(bin('tsc'))) {
  // `npm ci --omit=dev` of a built package: nothing to build with, and nothing to do when dist is there
  if (existsSync(stamp)) process.exit(0);
  console.error('The development packages are missing: run "npm ci" without --omit=dev to build.');
  process.exit(1);
}

rmSync(dist, { recursive: true, force: true });
execFileSync(bin('tsc'), ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
cpSync(path.join(root, 'src'), dist, {
  recursive: true,
  filter: (source) =>
    statSync(source).isDirectory()
      ? !source.startsWith(path.join(root, 'src', 'console'))
      : /\.(lua|sql)$/.test(source),
});
if (existsSync(path.join(root, 'src/console/vite.config.ts'))) {
  execFileSync(bin('vite'), ['build', '--config', 'src/console/vite.config.ts', '--logLevel', 'warn'], {
    cwd: root,
    stdio: 'inherit',
  });
}
writeFileSync(stamp, `${startedAt.toISOString()}\n`);
const { utimesSync } = await import('node:fs');
utimesSync(stamp, startedAt, startedAt);
