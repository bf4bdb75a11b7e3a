/**
 * Reads the YAML of a change in a thread of its own, before the running service builds from it: a file of 50 rules takes
 * 10 to 30 ms of one piece, and a decision that waits for it misses its deadline. Each file comes over by itself, so that no
 * message is large. A thread that fails changes nothing but the pause: the files are then read here.
 */
import { Worker } from 'node:worker_threads';
import type { ConfigSources } from '../config/read-sources.ts';
import type { SourceFile } from '../domain/config-fault.ts';

/** The same sources, with what the thread has read beside the texts of those files that have changed. */
export type ReadAhead = (sources: ConfigSources, before: ConfigSources) => Promise<ConfigSources>;

/** what the thread answers for the file of this number; refused files get none, and their faults are found where they are used */
export interface FileRead {
  readonly index: number;
  readonly value: unknown;
}

const PARTS = ['rules', 'limits', 'lists'] as const;
const isYaml = ({ file }: SourceFile): boolean => /\.ya?ml$/.test(file);

/** `entry`: read-ahead-worker of this folder; it exists as JavaScript in what was built only. */
export function readInThread(entry: URL = new URL('./read-ahead-worker.js', import.meta.url)): ReadAhead {
  return async (sources, before) => {
    const known = new Set(PARTS.flatMap((part) => before[part].map(({ text }) => text)));
    const files = PARTS.flatMap((part) => sources[part]).filter((source) => isYaml(source) && !known.has(source.text));
    if (files.length === 0) return sources;
    const read = await valuesOf(files, entry);
    const withValue = (source: SourceFile): SourceFile => {
      const parsed = read.get(source);
      return parsed === undefined ? source : { ...source, parsed };
    };
    return {
      ...sources,
      rules: sources.rules.map(withValue),
      limits: sources.limits.map(withValue),
      lists: sources.lists.map(withValue),
    };
  };
}

function valuesOf(
  files: readonly SourceFile[],
  entry: URL,
): Promise<ReadonlyMap<SourceFile, { readonly value: unknown }>> {
  return new Promise((resolve) => {
    const values = new Map<SourceFile, { readonly value: unknown }>();
    const worker = new Worker(entry, { workerData: files });
    worker.on('message', ({ index, value }: FileRead) => {
      const file = files[index];
      if (file !== undefined) values.set(file, { value });
    });
    // what it did not answer is read here
    worker.once('error', () => resolve(values));
    worker.once('exit', () => resolve(values));
  });
}

/** Node 20 starts no thread from a TypeScript file: from the sources the files are read where they are used. */
export const readAhead: ReadAhead = import.meta.url.endsWith('.js') ? readInThread() : async (sources) => sources;
