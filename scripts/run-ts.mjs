#!/usr/bin/env node
// Runs a TypeScript file of the tests or benchmarks as a program: node scripts/run-ts.mjs FILE [ARGUMENTS]
// Node 20 cannot, and a compiled copy would not find config/ and the Lua files beside the sources.
import path from 'node:path';
import { runnerImport } from 'vite';

const [file, ...rest] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/run-ts.mjs FILE [ARGUMENTS]');
  process.exit(2);
}
const entry = path.resolve(file);
process.argv = [process.argv[0], entry, ...rest];
await runnerImport(entry, { configFile: false, logLevel: 'error', root: process.cwd() });
