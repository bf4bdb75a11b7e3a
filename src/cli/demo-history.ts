/**
 * The demo's history: the simulated bank through the whole pipeline, in lock-step. A batch is published only when the one
 * before is decided, and labels are given between batches as they became known, so that two runs of one seed see every
 * transaction in the same order.
 */

import type { Scorecard } from '../backtest/scorecard.ts';
import type { Truth } from '../backtest/truth.ts';
import type { EmbeddedStack } from '../composition/embedded-stack.ts';
import type { TopicNames } from '../consumers/topics.ts';
import type { Label } from '../domain/label.ts';
import { transactionKey } from '../domain/transaction.ts';
import type { ScoredInput } from '../pipeline/score-transactions.ts';
import type { SimulatedBank, SimulatedTransaction } from '../simulation/bank.ts';
import { labelMessage, transactionMessage } from './bank-messages.ts';
import type { Progress } from './progress.ts';

/** Knows what each transaction of the run truly was, and counts the decisions against it. */
export interface TruthCounter {
  expect(item: SimulatedTransaction): void;
  count(results: readonly ScoredInput[], durationMs: number): void;
}

const GENUINE: Truth = { isFraud: false };

export function createTruthCounter(scorecard: Scorecard): TruthCounter {
  const truth = new Map<string, Truth>();
  return {
    expect({ message, label, scenario }) {
      if (label?.label === 'FRAUD') {
        truth.set(transactionKey(message.channel, message.transactionId), { isFraud: true, scenario });
      }
    },
    count(results, durationMs) {
      scorecard.latency(durationMs, results.length);
      for (const result of results) {
        if (result.kind === 'rejected') scorecard.rejected(result.rejection.code);
        else if (result.decision === undefined) scorecard.repeated(result.isConflict);
        else {
          const { channel, transactionId } = result.decision;
          const key = transactionKey(channel, transactionId);
          scorecard.decided(result.decision, truth.get(key) ?? GENUINE);
          truth.delete(key);
        }
      }
    },
  };
}

/** about one chunk for each of the four partitions, so that a transaction is decided when it comes */
const BATCH = 128;

export interface HistoryOptions {
  readonly bank: SimulatedBank;
  readonly transactions: number;
  readonly stack: EmbeddedStack;
  readonly topics: TopicNames;
  readonly truth: TruthCounter;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export async function runDemoHistory(options: HistoryOptions): Promise<void> {
  const { bank, stack, topics, truth, progress, signal } = options;
  const labels = createLabelQueue();
  let batch: SimulatedTransaction[] = [];
  let done = 0;
  const flush = async (): Promise<void> => {
    const due = labels.dueBefore(batch);
    if (due.length > 0) await stack.bus.publish(topics.feedback, due.map(labelMessage));
    await stack.untilIdle();
    await stack.bus.publish(topics.transactions, batch.map(transactionMessage));
    await stack.untilIdle();
    labels.arrived(batch);
    done += batch.length;
    batch = [];
    progress.update(done);
  };
  for (const item of bank.transactions({ count: options.transactions })) {
    truth.expect(item);
    batch.push(item);
    if (batch.length < BATCH) continue;
    await flush();
    if (signal.aborted) return;
  }
  if (batch.length > 0) await flush();
}

/** Holds each label until the simulated time has reached it. */
function createLabelQueue(): {
  dueBefore(batch: readonly SimulatedTransaction[]): readonly Label[];
  arrived(batch: readonly SimulatedTransaction[]): void;
} {
  const waiting: Label[] = [];
  return {
    dueBefore(batch) {
      const firstMs = Math.min(...batch.map(({ message }) => Date.parse(message.occurredAt)));
      const isDue = ({ labelledAtMs }: Label): boolean => labelledAtMs === null || labelledAtMs <= firstMs;
      const due = waiting.filter(isDue);
      if (due.length > 0) waiting.splice(0, waiting.length, ...waiting.filter((label) => !isDue(label)));
      return due;
    },
    arrived(batch) {
      for (const { label } of batch) if (label !== null) waiting.push(label);
    },
  };
}
