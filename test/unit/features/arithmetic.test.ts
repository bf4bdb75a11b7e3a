import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transactionKey } from '../../../src/domain/transaction.ts';
import { escapeId } from '../../../src/features/entities.ts';
import { hash53, hashTransaction, SHARDS, shardOf } from '../../../src/features/hash.ts';
import { addLabel, fraudSpans, type LabelEntry } from '../../../src/features/label-history.ts';
import { squareHigh, squareLow, standardDeviation, sumOf, WRAP } from '../../../src/features/wide-sum.ts';

const amount = fc.oneof(fc.integer({ min: 0, max: 1_000_000 }), fc.maxSafeInteger().map(Math.abs));

describe('exact sums', () => {
  it('square any amount without loss', () => {
    fc.assert(
      fc.property(amount, (value) => {
        expect(BigInt(squareLow(value)) + (BigInt(squareHigh(value)) << 53n)).toBe(BigInt(value) ** 2n);
      }),
    );
  });

  it('give the sum of two largest amounts as the nearest double', () => {
    expect(sumOf(WRAP - 2, 1)).toBe(18_014_398_509_481_982);
    expect(sumOf(7, 0)).toBe(7);
  });

  it('give known deviations', () => {
    // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, population deviation 2
    expect(standardDeviation(8, 40, 0, 232, 0, 0)).toBe(2);
    // 10^15 and 10^15 + 2: deviation 1, lost in doubles
    const squares = 10n ** 30n + (10n ** 15n + 2n) ** 2n;
    const limb = (1n << 53n) - 1n;
    const parts = [squares & limb, (squares >> 53n) & limb, squares >> 106n].map(Number);
    expect(standardDeviation(2, 2e15 + 2, 0, parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0)).toBe(1);
  });
});

describe('the history of labels', () => {
  const entry = (atMs: number, value: LabelEntry['value']): LabelEntry => ({ atMs, value });
  const historyOf = (...entries: LabelEntry[]): readonly LabelEntry[] =>
    entries.reduce<readonly LabelEntry[]>(addLabel, []);

  it('counts as fraud from the label on, until it is taken back', () => {
    expect(fraudSpans(historyOf(entry(10, 'FRAUD')))).toEqual([{ fromMs: 10, toMs: Number.POSITIVE_INFINITY }]);
    expect(fraudSpans(historyOf(entry(20, 'GENUINE'), entry(10, 'FRAUD')))).toEqual([{ fromMs: 10, toMs: 20 }]);
    expect(fraudSpans(historyOf(entry(10, 'FRAUD'), entry(5, 'GENUINE')))).toEqual([
      { fromMs: 10, toMs: Number.POSITIVE_INFINITY },
    ]);
  });

  it('lets the later arrival win between equal times', () => {
    expect(fraudSpans(historyOf(entry(10, 'FRAUD'), entry(10, 'GENUINE')))).toEqual([]);
    expect(fraudSpans(historyOf(entry(10, 'GENUINE'), entry(10, 'FRAUD')))).toHaveLength(1);
  });

  it('is one span for one fraud that is stated twice', () => {
    const twice = historyOf(entry(10, 'FRAUD'), entry(30, 'FRAUD'), entry(10, 'FRAUD'));
    expect(fraudSpans(twice)).toEqual([{ fromMs: 10, toMs: Number.POSITIVE_INFINITY }]);
  });
});

describe('the labels of one transaction', () => {
  it('are bounded, and the newest ones stay', () => {
    let history: readonly LabelEntry[] = [];
    for (let index = 0; index < 1_000; index++)
      history = addLabel(history, { atMs: index, value: index % 2 === 0 ? 'FRAUD' : 'GENUINE' });
    expect(history).toHaveLength(64);
    expect([history[0]?.atMs, history.at(-1)?.atMs]).toEqual([936, 999]);
  });
});

describe('keys', () => {
  it('never meet, whatever the ids', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 80 }),
        fc.string({ unit: 'binary', maxLength: 80 }),
        (a, b) => {
          fc.pre(a.isWellFormed() && b.isWellFormed());
          expect(escapeId(a) === escapeId(b)).toBe(a === b);
          expect(escapeId(a)).toMatch(/^(=[A-Za-z0-9_.@-]+|#[A-Za-z0-9_-]{43})$/);
        },
      ),
    );
  });

  it('spread over all shards', () => {
    const shards = new Set(Array.from({ length: 5_000 }, (_, index) => shardOf(`=C${index}`)));
    expect(shards.size).toBe(SHARDS);
  });

  it('have hashes of 53 bits that do not meet in 200,000 ids', () => {
    const hashes = new Set(Array.from({ length: 200_000 }, (_, index) => hash53(`MB-20261123-${index}`)));
    expect(hashes.size).toBe(200_000);
    expect([...hashes].every((hash) => Number.isSafeInteger(hash) && hash > 0)).toBe(true);
  });
});

describe('the hash of a transaction', () => {
  it('is that of its key', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'binary' }), (channel, transactionId) => {
        expect(hashTransaction({ channel, transactionId })).toBe(hash53(transactionKey(channel, transactionId)));
      }),
    );
  });
});
