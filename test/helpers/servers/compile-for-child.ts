/**
 * Compiles a TypeScript file, with what it imports, into a temporary folder, for tests that need a process of their own
 * to kill: Node 20 runs no TypeScript, and `dist` may be older than the sources. Half a second; types are not checked here.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from './reaper.ts';
import { runCommand } from './run-command.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** Answers the path of the JavaScript file. */
export async function compileForChild(file: string): Promise<string> {
  const folder = temporaryFolder('compiled');
  const output = path.join(folder, 'out');
  mkdirSync(output);
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const configFile = path.join(folder, 'tsconfig.json');
  const compilerOptions = {
    rootDir: root,
    outDir: output,
    noEmit: false,
    noCheck: true,
    allowImportingTsExtensions: false,
    rewriteRelativeImportExtensions: true,
    types: [],
  };
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions,
    include: [],
    files: [path.resolve(file)],
  };
  writeFileSync(configFile, JSON.stringify(config));
  await runCommand(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', configFile]);
  return path.join(output, path.relative(root, path.resolve(file)).replace(/\.ts$/, '.js'));
}
