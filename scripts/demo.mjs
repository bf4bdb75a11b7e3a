#!/usr/bin/env node
// `npm run demo` on a fresh clone: installs what is missing, builds what is stale, then becomes `vigil demo`.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Vigil needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(2);
}

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const run = (command, args, what) => {
  try {
    execFileSync(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    });
  } catch {
    console.error(`${what} failed; what it printed stands above.`);
    process.exit(1);
  }
};
if (!existsSync(path.join(root, 'node_modules', '.package-lock.json'))) {
  console.error('Installing the packages (once, about half a minute) …');
  run(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm ci');
}
run(process.execPath, [path.join(root, 'scripts', 'build.mjs'), '--if-stale'], 'The build');

const cli = path.join(root, 'dist', 'cli', 'vigil.js');
process.argv.splice(1, process.argv.length - 1, cli, 'demo', ...process.argv.slice(2));
await import(pathToFileURL(cli).href);
