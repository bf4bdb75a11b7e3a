/** What goes from one thread to the other in a chunk comes out as it went in. */
import { describe, expect, it } from 'vitest';
import { buffersOf, packChunk, type SideWork, unpackChunk } from '../../../src/backtest/ahead/ahead-chunk.ts';
import { createAheadResults, createAheadStore } from '../../../src/backtest/ahead/ahead-results.ts';
import type { HistoryItem } from '../../../src/backtest/run-history.ts';
import type { FeatureReading } from '../../../src/domain/feature.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import { EMPTY_PROFILE } from '../../../src/features/compute-profile.ts';
import { aMessage, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

const parse = createTransactionParser({ isChannel: () => true });

const anItem = (number: number, message: unknown): HistoryItem => {
  const bytes = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
  return { number, bytes, parsed: parse(bytes, TEST_NOW_MS) };
};

const aReading = (overrides: Partial<FeatureReading> = {}): FeatureReading => ({
  values: [1, null, 0.1 + 0.2, 2 ** 53 - 1, 0],
  profile: EMPTY_PROFILE,
  flags: [],
  estimated: [],
  warmingUp: [],
  ...overrides,
});

const someWork = (readings: readonly FeatureReading[]): SideWork => ({
  readings,
  scores: readings.map((_, row) => ({
    score: row / 7,
    contributions: row === 1 ? [{ feature: 'amount', value: -1.25 }] : [],
  })),
  workMs: 3.5,
});

describe('a chunk that another thread has read', () => {
  it('carries lines, readings and scores through a message without changing one of them', () => {
    const items = [
      anItem(1, aMessage({ transactionId: 'A', attributes: { note: 'café 转账', share: 0.1, toString: 1 } })),
      anItem(2, aMessage({ transactionId: 'B', original: { transactionId: 'A' }, amountMinor: '9007199254740991' })),
      anItem(3, '{"schemaVersion":1'),
      anItem(5, aMessage({ transactionId: 'C', unknown: 1, location: { lat: -0.0, lon: 180, country: 'CN' } })),
    ];
    const profile = { ...EMPTY_PROFILE, eventCount: 3, amountZ: -0.7, deviceKnown: true, payeeKnown: false };
    const work = someWork([
      aReading(),
      aReading({ profile, flags: ['LATE', 'ESTIMATED'], estimated: ['a'] }),
      aReading({ warmingUp: ['b'] }),
    ]);
    const failed: SideWork = { readings: [], scores: [], workMs: 3.5, modelFault: 'no back end' };
    const chunk = packChunk(items, () => true, [work, failed]);
    const out = unpackChunk(structuredClone(chunk, { transfer: buffersOf(chunk) }));
    expect(out.items).toEqual(items);
    expect(out.sides).toEqual([work, failed]);
    // also the order of names, which is that of a decision's bytes
    expect(JSON.stringify(out.sides[0])).toBe(JSON.stringify(work));
    for (const [index, { parsed }] of out.items.entries())
      expect(JSON.stringify(parsed)).toBe(JSON.stringify(items[index]?.parsed));
  });

  it('gives attributes no names that nobody sent', () => {
    const [item] = unpackChunk(packChunk([anItem(1, aMessage({ attributes: { note: 'x' } }))], () => false, [])).items;
    const attributes = item?.parsed.ok ? item.parsed.value.transaction.attributes : {};
    expect(Object.getPrototypeOf(attributes)).toBeNull();
    expect({ ...attributes }).toEqual({ note: 'x' });
  });

  it('leaves the bytes of accepted lines behind where every configuration knows the channel', () => {
    const out = unpackChunk(packChunk([anItem(1, aMessage()), anItem(2, 'x')], () => false, []));
    expect(out.items.map(({ bytes }) => bytes.toString())).toEqual(['', 'x']);
  });
});

describe('a store whose readings were made ahead', () => {
  it('refuses a transaction that was not, and a chunk of which a part was not', async () => {
    const results = createAheadResults();
    const store = createAheadStore(results, { maxSlots: 10, repeatHorizonMs: 1_000 });
    const { parsed } = anItem(1, aMessage());
    if (!parsed.ok) throw new Error('the message is refused');
    await expect(store.recordAndRead([parsed.value])).rejects.toMatchObject({ code: 'BUG' });
    expect(() => results.take([parsed.value.transaction], someWork([]))).toThrowError(/in part/);
  });
});
