#!/usr/bin/env node
// Builds everything that runs: TypeScript → dist, the files that stand beside it (Lua, SQL), the console → dist/console.
//   node scripts/build.mjs              always
//   node scripts/build.mjs --if-stale   only when a source is newer than the last build
// The new dist is built beside the old one and put in its place whole, so that a running process never sees half of it.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
const stampFile = path.join(dist, '.built');
const tool = (name) => path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);

const newest = (entry) =>
  statSync(entry).isDirectory()
    ? Math.max(0, ...readdirSync(entry).map((name) => newest(path.join(entry, name))))
    : statSync(entry).mtimeMs;

/** Every source's path and the newest change: a removed file counts as a change. */
function stamp() {
  const inputs = ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'];
  const names = readdirSync(path.join(root, 'src'), { recursive: true }).length;
  return `${names} ${Math.max(...inputs.map((name) => newest(path.join(root, name))))}\n`;
}

const current = stamp();
const isBuilt = existsSync(stampFile);
if (process.argv.includes('--if-stale') && isBuilt && readFileSync(stampFile, 'utf8') === current) process.exit(0);
if (!existsSync(tool('tsc'))) {
  if (isBuilt) process.exit(0); // an installation without the development packages, of something already built
  console.error('The development packages are missing: run "npm ci" (without --omit=dev) to build.');
  process.exit(1);
}

const next = mkdtempSync(path.join(root, '.dist-'));
try {
  run('tsc', ['-p', 'tsconfig.build.json', '--outDir', next]);
  cpSync(path.join(root, 'src'), next, {
    recursive: true,
    filter: (source) =>
      statSync(source).isDirectory() ? source !== path.join(root, 'src', 'console') : /\.(lua|sql)$/.test(source),
  });
  if (existsSync(path.join(root, 'src/console/vite.config.ts'))) {
    run('vite', [
      'build',
      '--config',
      'src/console/vite.config.ts',
      '--outDir',
      path.join(next, 'console'),
      '--logLevel',
      'warn',
    ]);
  }
  // npm sets it when it installs, and only then
  chmodSync(path.join(next, 'cli', 'vigil.js'), 0o755);
  writeFileSync(path.join(next, '.built'), current);
  rmSync(dist, { recursive: true, force: true });
  renameSync(next, dist);
} finally {
  rmSync(next, { recursive: true, force: true });
}

function run(name, args) {
  try {
    // vitest and others set NODE_ENV; with anything but "production" React would be built in its development form
    const env = { ...process.env, NODE_ENV: 'production' };
    execFileSync(tool(name), args, { cwd: root, env, stdio: 'inherit', shell: process.platform === 'win32' });
  } catch {
    rmSync(next, { recursive: true, force: true });
    console.error(`The build failed in ${name}; what it printed stands above.`);
    process.exit(1);
  }
}
