/** A history file as lines of transaction messages: NDJSON as it is, or CSV through a mapping file. */
import { MAX_MESSAGE_BYTES } from '../domain/parse-transaction.ts';
import { readLines } from './read-lines.ts';
import type { HistoryLine } from './run-history.ts';

export async function* openHistory(file: string): AsyncGenerator<HistoryLine> {
  for await (const { number, bytes } of readLines(file, MAX_MESSAGE_BYTES)) yield { number, bytes };
}
