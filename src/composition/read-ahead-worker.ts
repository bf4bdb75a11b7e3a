/** The thread that reads YAML: files in, the value of each that is in order out. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SourceFile } from '../domain/config-fault.ts';
import { parseStrictYaml } from '../domain/strict-yaml.ts';
import type { FileRead } from './read-ahead.ts';

for (const [index, source] of (workerData as readonly SourceFile[]).entries()) {
  const parsed = parseStrictYaml(source);
  if (parsed.ok) parentPort?.postMessage({ index, value: parsed.value.value } satisfies FileRead);
}
