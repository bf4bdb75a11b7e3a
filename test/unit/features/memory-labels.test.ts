/** The frauds of one log in the in-process store. */
import { expect, it } from 'vitest';
import type { Label } from '../../../src/domain/label.ts';
import { hash53 } from '../../../src/features/hash.ts';
import { createMemoryLabels, type FraudList } from '../../../src/features/memory-labels.ts';

const label = (transactionId: string): Label => ({ transactionId, channel: 'ATM', label: 'FRAUD', labelledAtMs: null });

it('keeps no more frauds of a hot entity than its log has records, and says which labels came too late', () => {
  const held: { timeMs: number; id: number }[] = [];
  const labels = createMemoryLabels<string>(1e9, (_list, timeMs, id) =>
    held.some((record) => record.timeMs === timeMs && record.id === id) ? held[0]?.timeMs : undefined,
  );
  const list: FraudList<string> = { frauds: [], owner: 'a hot terminal', place: 0, stream: 0 };
  let most = 0;
  for (let timeMs = 1; timeMs <= 5_000; timeMs++) {
    const transaction = `ATM/T${timeMs}`;
    labels.remember(transaction, timeMs, [list]);
    held.push({ timeMs, id: hash53(transaction) });
    if (held.length > 64) held.shift();
    expect(labels.apply([label(`T${timeMs}`)])).toEqual({ applied: 1, unmatched: 0 });
    most = Math.max(most, list.frauds.length);
  }
  expect(most).toBe(64);
  expect(list.frauds.map(({ timeMs }) => timeMs)).toEqual(held.map(({ timeMs }) => timeMs));
  expect(labels.apply([label('T1'), label('T4999')])).toEqual({ applied: 1, unmatched: 1 });
});
