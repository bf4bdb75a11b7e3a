#!/usr/bin/env node
// Runs a TypeScript benchmark as one plain bundle: node scripts/run-bundled.mjs FILE [ARGUMENTS]
// run-ts.mjs evaluates module by module, which costs the hot loops half of their speed; here they run as they would in
// the build. import.meta.url stays that of the source, so that files beside it (Lua) are found. NODE_FLAGS go to node.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [file, ...rest] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/run-bundled.mjs FILE [ARGUMENTS]');
  process.exit(2);
}
// inside node_modules, so that the bundle finds the packages
const cache = path.join(root, 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(path.join(cache, 'bundled-'));
const out = path.join(folder, 'main.mjs');
const ownUrl = {
  name: 'own-url',
  transform: (code, id) =>
    code.includes('import.meta.') && id.startsWith(root)
      ? {
          code: code
            .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
            .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(id))),
          map: null,
        }
      : null,
};
const bundle = await rolldown({
  input: path.resolve(file),
  platform: 'node',
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
  plugins: [ownUrl],
});
await bundle.write({ file: out, format: 'esm' });
await bundle.close();

const flags = (process.env.NODE_FLAGS ?? '').split(' ').filter((flag) => flag !== '');
const child = spawn(process.execPath, [...flags, out, ...rest], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});
