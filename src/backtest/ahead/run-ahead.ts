/**
 * What can be done with history before anything is decided: reading and parsing it, recording it in the feature stores,
 * scoring it with the models, for one or two configurations. The decisions of a backtest depend on each other (what is
 * blocked gives its limits back), the readings and scores depend on the history and its labels alone.
 */
import { VigilError } from '../../domain/errors.ts';
import type { FeatureReading } from '../../domain/feature.ts';
import { createTransactionParser } from '../../domain/parse-transaction.ts';
import type { FeatureStore, FraudModel, ModelScore } from '../../domain/ports.ts';
import type { ParsedTransaction } from '../../domain/transaction.ts';
import type { LabelFeed } from '../label-feed.ts';
import { type HistoryLine, parsedFor, runHistory } from '../run-history.ts';
import { type AheadChunk, packChunk, type SideWork } from './ahead-chunk.ts';

export interface AheadSide {
  readonly isChannel: (code: string) => boolean;
  readonly featureNames: readonly string[];
  readonly store: FeatureStore;
  readonly model: FraudModel | null;
}

export interface AheadRun {
  readonly lines: AsyncIterable<HistoryLine>;
  readonly sides: readonly AheadSide[];
  readonly labels: LabelFeed | null;
  readonly chunkSize: number;
  readonly maxSpanMs: number;
  /** the receiving clock */
  readonly nowMs: number;
  /** resolves when the next chunk may be made: how far ahead is the receiver's business */
  readonly emit: (chunk: AheadChunk) => Promise<void>;
}

export async function runAhead(run: AheadRun): Promise<void> {
  const { sides, nowMs } = run;
  const parsers = sides.map(({ isChannel }) => createTransactionParser({ isChannel }));
  const isForAll = (channel: string): boolean => sides.every((side) => side.isChannel(channel));
  await runHistory({
    ...run,
    parse: createTransactionParser({ isChannel: (code) => sides.some((side) => side.isChannel(code)) }),
    async handle(items) {
      const work: SideWork[] = [];
      for (const [index, side] of sides.entries()) {
        const parse = parsers[index] as (typeof parsers)[number];
        const accepted = items.flatMap((item) => {
          const parsed = parsedFor(item, side.isChannel, parse, nowMs);
          return parsed.ok ? [parsed.value] : [];
        });
        work.push(await workOf(side, accepted));
      }
      await run.emit(packChunk(items, (channel) => !isForAll(channel), work));
    },
    async applyLabels(due) {
      for (const { store } of sides) await store.applyLabels(due);
    },
  });
}

async function workOf(side: AheadSide, accepted: readonly ParsedTransaction[]): Promise<SideWork> {
  const startMs = performance.now();
  const readings = accepted.length === 0 ? [] : await side.store.recordAndRead(accepted);
  const scored = await scoreAll(side, accepted, readings);
  return { readings, ...scored, workMs: performance.now() - startMs };
}

async function scoreAll(
  { model, featureNames }: AheadSide,
  accepted: readonly ParsedTransaction[],
  readings: readonly FeatureReading[],
): Promise<{ readonly scores: readonly ModelScore[]; readonly modelFault?: string }> {
  if (model === null || accepted.length === 0) return { scores: [] };
  const inputs = readings.map(({ values, profile }, row) => {
    const { transaction } = accepted[row] as ParsedTransaction;
    return { transaction, names: featureNames, values, profile };
  });
  try {
    return { scores: await model.score(inputs) };
  } catch (error) {
    if (!(error instanceof VigilError && error.code === 'MODEL_UNAVAILABLE')) throw error;
    return { scores: [], modelFault: error.message };
  }
}
