/** Decisions kept outside the heap: the store answers what the inner one alone would answer. */
import { describe, expect, it } from 'vitest';
import { keepDecisionsOutside } from '../../../src/backtest/decisions-outside.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';

const catalogue = { features: [], version: 'test', allowedLatenessMs: 0, repeatHorizonMs: 86_400_000 };
const decisionOf = (n: number): string => `{"n":${n},"text":"短时间多笔转账 ${'字'.repeat(n % 50)}"}`;
const settlement = (n: number, decision = decisionOf(n)) => ({
  channel: 'MOBILE_BANKING',
  transactionId: `T-${n}`,
  fingerprint: `f${n}`,
  decision,
});

describe('decisions kept outside the heap', () => {
  it('stand: the first one is answered to whoever settles or records again', async () => {
    const store = keepDecisionsOutside(createMemoryFeatureStore({ catalogue }), { capacity: 100 });
    const parsed = aTransaction({ transactionId: 'T-1' });
    await store.recordAndRead([parsed]);
    const first = settlement(1);
    expect(await store.settle([first])).toEqual([{ fingerprint: 'f1', decision: first.decision }]);
    expect(await store.settle([settlement(1, '{"other":1}')])).toEqual([
      { fingerprint: 'f1', decision: first.decision },
    ]);
    const [again] = await store.recordAndRead([parsed]);
    expect(again?.earlier).toEqual({ fingerprint: 'f1', decision: first.decision });
    const [fresh] = await store.recordAndRead([aTransaction({ transactionId: 'T-2' })]);
    expect(fresh?.earlier).toBeUndefined();
  });

  it('answers the latest ones, however often the buffers were used again', async () => {
    const inner = createMemoryFeatureStore({ catalogue, maxSlots: 50 });
    const store = keepDecisionsOutside(inner, { capacity: 120, segmentBytes: 1000 });
    for (let n = 0; n < 2000; n++) {
      await store.settle([settlement(n)]);
      const known = Math.max(0, n - 49);
      expect(await store.settle([settlement(known, 'x')])).toEqual([
        { fingerprint: `f${known}`, decision: decisionOf(known) },
      ]);
      if (n % 7 === 0) n++;
    }
  });

  it('takes a decision larger than a buffer', async () => {
    const store = keepDecisionsOutside(createMemoryFeatureStore({ catalogue }), { capacity: 10, segmentBytes: 16 });
    const long = JSON.stringify('长'.repeat(1000));
    await store.settle([settlement(1, long)]);
    expect(await store.settle([settlement(1, 'x')])).toEqual([{ fingerprint: 'f1', decision: long }]);
  });
});
