/**
 * A program of its own process, from TypeScript sources: Node 20 cannot run them, so vite bundles them first. Used where a
 * test kills the process that holds a server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'vite';

const ROOT = path.resolve(import.meta.dirname, '../../..');

export interface ChildProgram {
  readonly child: ChildProcess;
  /** the next line that it prints; rejects when it ends without one */
  line(): Promise<string>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface CompiledProgram {
  run(...programArguments: readonly string[]): ChildProgram;
  remove(): void;
}

/** `source` may import from "src/…" by paths relative to the project's root ("./src/…"). */
export async function compileProgram(source: string): Promise<CompiledProgram> {
  // inside the project, so that packages are found from the bundle as they are from the sources
  const cache = path.join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, 'vigil-test-'));
  const entry = path.join(folder, 'program.ts');
  writeFileSync(entry, source.replaceAll("'./src/", `'${ROOT}/src/`));
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: entry,
      outDir: path.join(folder, 'out'),
      rollupOptions: { output: { entryFileNames: 'program.mjs' } },
    },
  });
  return {
    run: (...programArguments) => run(path.join(folder, 'out', 'program.mjs'), programArguments),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function run(file: string, programArguments: readonly string[]): ChildProgram {
  const child = spawn(process.execPath, [file, ...programArguments], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    line: async () => {
      const next = await lines.next();
      if (next.done) throw new Error('the program ended without a further line');
      return next.value;
    },
    kill: async (signal) => {
      if (child.exitCode !== null) throw new Error(`the program had already ended with ${child.exitCode}`);
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}
