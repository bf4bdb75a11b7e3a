/**
 * Drives a handler over history in order of arrival, in chunks, and gives the labels in between as they became known: a
 * chunk ends before a transaction that a label must precede.
 */
import type { Label } from '../domain/label.ts';
import type { ParseTransaction } from '../domain/parse-transaction.ts';
import type { Result } from '../domain/result.ts';
import type { ParsedTransaction, Rejection, RejectionCode } from '../domain/transaction.ts';
import type { LabelFeed } from './label-feed.ts';

/** A line as the reader or the mapping gives it: bytes of a transaction message, or why there are none. */
export interface HistoryLine {
  /** 1-based line of the input file */
  readonly number: number;
  readonly bytes: Buffer;
  /** a line that the mapping could not turn into a message */
  readonly fault?: { readonly code: RejectionCode; readonly message: string };
}

export interface HistoryItem extends HistoryLine {
  readonly parsed: Result<ParsedTransaction, Rejection>;
}

export interface HistoryRun {
  readonly lines: AsyncIterable<HistoryLine>;
  readonly parse: ParseTransaction;
  /** the receiving clock: what lies more than a day after it is refused */
  readonly nowMs: number;
  readonly labels: LabelFeed | null;
  readonly chunkSize: number;
  /**
   * A chunk also ends before the newest event time has moved further than this. A store forgets the decision of a
   * transaction so long after it: a longer chunk would settle what is already forgotten, and how a history is cut would show.
   */
  readonly maxSpanMs?: number;
  /** handles every line once, in order */
  readonly handle: (items: readonly HistoryItem[]) => Promise<void>;
  readonly applyLabels: (labels: readonly Label[]) => Promise<void>;
}

export async function runHistory(run: HistoryRun): Promise<void> {
  const { labels, chunkSize, handle, applyLabels } = run;
  const maxSpanMs = run.maxSpanMs ?? Number.POSITIVE_INFINITY;
  let chunk: HistoryItem[] = [];
  let newestMs = Number.NEGATIVE_INFINITY;
  let chunkFromMs = newestMs;
  const flush = async (): Promise<void> => {
    const items = chunk;
    chunk = [];
    if (items.length > 0) await handle(items);
  };
  const applyAfterFlush = async (due: readonly Label[]): Promise<void> => {
    if (due.length === 0) return;
    await flush();
    await applyLabels(due);
  };
  for await (const line of run.lines) {
    const parsed = parseLine(line, run);
    const transaction = parsed.ok ? parsed.value.transaction : undefined;
    if (labels !== null && transaction !== undefined) await applyAfterFlush(labels.dueBefore(transaction.occurredAtMs));
    if (transaction !== undefined) {
      newestMs = Math.max(newestMs, transaction.occurredAtMs);
      if (newestMs - chunkFromMs > maxSpanMs) await flush();
      if (chunk.length === 0) chunkFromMs = newestMs;
    }
    chunk.push({ ...line, parsed });
    if (labels !== null && transaction !== undefined) await applyAfterFlush(labels.arrived(transaction));
    if (chunk.length >= chunkSize) await flush();
  }
  await flush();
}

function parseLine({ bytes, fault }: HistoryLine, { parse, nowMs }: HistoryRun): Result<ParsedTransaction, Rejection> {
  if (fault === undefined) return parse(bytes, nowMs);
  return { ok: false, error: { code: fault.code, path: '', message: fault.message } };
}

/** The common parser knows the channels of both configurations; each refuses those that are not its own. */
export function parsedFor(
  { bytes, parsed }: HistoryItem,
  isChannel: (code: string) => boolean,
  parse: ParseTransaction,
  nowMs: number,
): Result<ParsedTransaction, Rejection> {
  return !parsed.ok || isChannel(parsed.value.transaction.channel) ? parsed : parse(bytes, nowMs);
}
