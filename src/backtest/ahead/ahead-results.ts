/**
 * The feature store and the model of a stack whose readings and scores were made ahead, in another thread: the pipeline
 * asks them as it asks any other, and gets what that thread's store and model answered for the very same transactions.
 * Only the decisions of earlier deliveries are known here alone.
 */
import { VigilError } from '../../domain/errors.ts';
import type { EarlierDecision, FeatureReading } from '../../domain/feature.ts';
import type { FeatureStore, FraudModel, ModelScore } from '../../domain/ports.ts';
import type { ParsedTransaction, Transaction } from '../../domain/transaction.ts';
import { EMPTY_PROFILE } from '../../features/compute-profile.ts';
import { hashTransaction } from '../../features/hash.ts';
import { createSlotTable } from '../../features/slot-table.ts';
import type { SideWork } from './ahead-chunk.ts';

export interface AheadResults {
  /** the chunk that is decided next: its transactions in the order of the work's rows */
  take(transactions: readonly Transaction[], work: SideWork): void;
  readingOf(transaction: Transaction): FeatureReading;
  /** MODEL_UNAVAILABLE when the model failed on the chunk */
  scoresOf(transactions: readonly Transaction[]): readonly ModelScore[];
}

export function createAheadResults(): AheadResults {
  let rows = new Map<Transaction, number>();
  let current: SideWork = { readings: [], scores: [], workMs: 0 };
  const rowOf = (transaction: Transaction): number => rows.get(transaction) ?? notAhead(transaction);
  return {
    take(transactions, work) {
      if (transactions.length !== work.readings.length) throw new VigilError('BUG', 'a chunk was read ahead in part');
      rows = new Map();
      for (let row = 0; row < transactions.length; row++) rows.set(transactions[row] as Transaction, row);
      current = work;
    },
    readingOf: (transaction) => current.readings[rowOf(transaction)] ?? notAhead(transaction),
    scoresOf(transactions) {
      if (current.modelFault !== undefined) throw new VigilError('MODEL_UNAVAILABLE', current.modelFault);
      return transactions.map((transaction) => current.scores[rowOf(transaction)] ?? notAhead(transaction));
    },
  };
}

function notAhead(transaction: Transaction): never {
  throw new VigilError('BUG', 'a transaction of history was not read ahead', {
    context: { transactionId: transaction.transactionId },
  });
}

export const createAheadModel = (results: AheadResults, version: () => string): FraudModel => ({
  get version() {
    return version();
  },
  score: async (inputs) => results.scoresOf(inputs.map(({ transaction }) => transaction)),
  close: async () => undefined,
});

/** As the in-process store keeps its slots, so that a repeat is one here when it is one there. */
export function createAheadStore(
  results: AheadResults,
  options: { readonly maxSlots: number; readonly repeatHorizonMs: number },
): FeatureStore {
  const { maxSlots, repeatHorizonMs: horizonMs } = options;
  const slots = createSlotTable({ maxSlots, horizonMs, features: 0, keepsProfiles: false });
  let watermarkMs = Number.NEGATIVE_INFINITY;

  const read = ({ transaction }: ParsedTransaction): FeatureReading => {
    const reading = results.readingOf(transaction);
    const hash = hashTransaction(transaction);
    const slot = slots.find(transaction, hash);
    const decided = slot < 0 ? undefined : slots.decided(slot);
    const isKnown = slot >= 0 && slots.reading(slot) !== undefined;
    if (!isKnown) {
      watermarkMs = Math.max(watermarkMs, transaction.occurredAtMs);
      slots.keepReading(slot, transaction, hash, NO_NUMBERS, watermarkMs);
    }
    return decided === undefined ? reading : { ...reading, earlier: decided };
  };

  return {
    recordAndRead: async (chunk) => chunk.map(read),
    settle: async (chunk) =>
      chunk.map(
        (settlement): EarlierDecision =>
          slots.keepDecision(settlement, { fingerprint: settlement.fingerprint, decision: settlement.decision }),
      ),
    // they went to the store of the other thread
    applyLabels: async () => ({ applied: 0, unmatched: 0 }),
    close: async () => undefined,
  };
}

/** the numbers of a reading are kept in the other thread */
const NO_NUMBERS: FeatureReading = {
  values: [],
  profile: EMPTY_PROFILE,
  flags: [],
  estimated: [],
  warmingUp: [],
};
