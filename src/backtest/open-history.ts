/** A history file as lines of transaction messages: NDJSON as it is, CSV and XML through a mapping file. */
import type { ConfigFault } from '../domain/config-fault.ts';
import { MAX_MESSAGE_BYTES } from '../domain/parse-transaction.ts';
import { ok, type Result } from '../domain/result.ts';
import { loadMapping } from './mapping/load-mapping.ts';
import { openMappedHistory } from './mapping/open-mapped-history.ts';
import { readLines } from './read-lines.ts';
import type { HistoryLine } from './run-history.ts';

/** `map`: a mapping file, or the name of a shipped one. The faults are the mapping's; faults of lines come with the lines. */
export async function openHistory(
  file: string,
  map: string | undefined,
): Promise<Result<AsyncIterable<HistoryLine>, readonly ConfigFault[]>> {
  if (map === undefined) return ok(readLines(file, MAX_MESSAGE_BYTES));
  const mapping = await loadMapping(map);
  return mapping.ok ? ok(openMappedHistory(file, mapping.value)) : mapping;
}
