#!/usr/bin/env node
// Runs a TypeScript file of the project that is not part of the product (benchmarks, long tests): node scripts/run-ts.mjs FILE [ARGS…]
// Node 20 reads no TypeScript, so the file and what it imports are bundled to a temporary module; packages stay outside.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/run-ts.mjs FILE [ARGS…]');
  process.exit(2);
}
// inside node_modules, so that the bundle finds the packages
const cache = path.join(root, 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(path.join(cache, 'run-ts-'));
const out = path.join(folder, 'main.mjs');
const bundle = await rolldown({
  input: path.resolve(file),
  platform: 'node',
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
  // files that stand beside a source (Lua) are found through import.meta.url: keep the source's own
  plugins: [
    {
      name: 'own-url',
      transform(code, id) {
        if (!code.includes('import.meta.url') || !id.startsWith(root)) return null;
        return code.replaceAll('import.meta.url', JSON.stringify(`file://${id}`));
      },
    },
  ],
});
await bundle.write({ file: out, format: 'esm', sourcemap: 'inline' });
await bundle.close();

const child = spawn(process.execPath, ['--enable-source-maps', '--expose-gc', ...(process.env.NODE_FLAGS?.split(' ') ?? []), out, ...args], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
