/** A history file as lines of transaction messages: NDJSON as it is, CSV and XML through a mapping file. */
import { readFile } from 'node:fs/promises';
import type { ConfigFault } from '../domain/config-fault.ts';
import { VigilError } from '../domain/errors.ts';
import { MAX_MESSAGE_BYTES } from '../domain/parse-transaction.ts';
import { ok, type Result } from '../domain/result.ts';
import { openMappedHistory } from './mapping/open-mapped-history.ts';
import { readMapping } from './mapping/read-mapping.ts';
import { readLines } from './read-lines.ts';
import type { HistoryLine } from './run-history.ts';

/** The faults are those of the mapping file; faults of lines come with the lines. */
export async function openHistory(
  file: string,
  mapFile: string | undefined,
): Promise<Result<AsyncIterable<HistoryLine>, readonly ConfigFault[]>> {
  if (mapFile === undefined) return ok(readLines(file, MAX_MESSAGE_BYTES));
  const mapping = readMapping({ file: mapFile, text: await readText(mapFile) });
  return mapping.ok ? ok(openMappedHistory(file, mapping.value)) : mapping;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new VigilError('USAGE', `${file} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}
