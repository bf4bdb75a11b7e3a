import { describe, expect, it } from 'vitest';
import type { FeatureStore, Settlement } from '../../../src/domain/ports.ts';
import type { ParsedTransaction } from '../../../src/domain/transaction.ts';
import { withBudgets } from '../../../src/pipeline/budgeted-feature-store.ts';

const never = (): Promise<never> => new Promise(() => {});
/** Answers nothing, as a frozen server does. */
const FROZEN: FeatureStore = { recordAndRead: never, settle: never, applyLabels: never, close: async () => undefined };
const SETTLEMENT: Settlement = { channel: 'ATM', transactionId: 'T1', fingerprint: 'F', decision: '{}' };

/** A clock that goes on by 5 ms with every look, so that the budget is counted in looks. */
function countedBudget(ms: number) {
  let looks = 0;
  return { budget: { ms, monotonicMs: () => 5 * looks++ }, spentMs: () => 5 * (looks - 1) };
}

describe('the budget of a settlement', () => {
  it('is that of its own transactions where nothing is being recorded', async () => {
    const { budget, spentMs } = countedBudget(20);
    const store = withBudgets(FROZEN, budget);
    await expect(store.settle([SETTLEMENT])).rejects.toMatchObject({ code: 'FEATURE_STORE_UNAVAILABLE' });
    expect(spentMs()).toBe(20);
  });

  it('has room for the recording that is under way, and for no more', async () => {
    const store = withBudgets(FROZEN, { ms: 20, monotonicMs: () => performance.now() });
    const ends: string[] = [];
    const record = store.recordAndRead(new Array<ParsedTransaction>(128).fill({} as ParsedTransaction));
    // it is sent
    await new Promise((resolve) => setImmediate(resolve));
    const settle = store.settle([SETTLEMENT]);
    // 128 transactions and one need three calls of 64
    await Promise.all([
      record.catch(() => ends.push('recording, 40 ms')),
      settle.catch(() => ends.push('settlement, 60 ms')),
    ]);
    expect(ends).toEqual(['recording, 40 ms', 'settlement, 60 ms']);
  });
});
