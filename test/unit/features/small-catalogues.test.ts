import { describe, expect, it } from 'vitest';
import { planFeatures } from '../../../src/features/feature-plan.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { catalogueOf } from '../../helpers/feature-cases.ts';

describe('a catalogue without features of the customer', () => {
  const catalogue = catalogueOf(['name: a, entity: [merchant], aggregate: count, window: 1h']);

  it('still keeps the log that tells the profile what is a repeat', async () => {
    const plan = planFeatures(catalogue);
    expect(plan.streams[plan.identityStream]?.windows).toEqual([]);
    const store = createMemoryFeatureStore({ catalogue, maxSlots: 0 });
    const first = aTransaction({ transactionId: 'T-1' });
    await store.recordAndRead([first, first]);
    const [reading] = await store.recordAndRead([aTransaction({ transactionId: 'T-2' })]);
    expect(reading?.profile.eventCount).toBe(1);
    expect(reading?.values).toEqual([null]);
  });

  it('shares one log between windows, and gives another condition its own', () => {
    const plan = planFeatures(
      catalogueOf([
        'name: a, entity: [customer], aggregate: count, window: 1h',
        'name: b, entity: [customer], aggregate: sum, of: amountMinor, window: 7d',
        'name: c, entity: [customer], aggregate: count, window: 1h, where: \'tx.type == "LOGIN"\'',
        'name: d, entity: [counterparty, customer], aggregate: count, window: 1h',
        'name: e, entity: [customer, counterparty], aggregate: max, of: amountMinor, window: 1h',
      ]),
    );
    expect(plan.streams.map((stream) => stream.windows.length)).toEqual([2, 1, 1]);
    expect(plan.combinations.map(({ name }) => name)).toEqual(['customer', 'customer+counterparty']);
  });
});

describe('the bounded in-process state', () => {
  it('flags what it had to forget, and nothing else', async () => {
    const catalogue = catalogueOf(['name: a, entity: [customer], aggregate: count, window: 24h']);
    const store = createMemoryFeatureStore({ catalogue, maxEntities: 10 });
    const at = (index: number) => `2026-11-20T02:${String(10 + (index % 50)).padStart(2, '0')}:00Z`;
    const record = async (id: string, customer: number, occurredAt: string): Promise<string> => {
      const [reading] = await store.recordAndRead([
        aTransaction({ transactionId: id, customerId: `C${customer}`, occurredAt }),
      ]);
      return `${reading?.values[0]} ${reading?.estimated.join()}`;
    };
    for (let index = 0; index < 40; index++) {
      await record(`T-${index}`, index, at(index));
      await record(`used-${index}`, 0, at(index));
    }
    // in use all the time, so never forgotten: 40 + 1 + 1 events
    expect(await record('again-0', 0, '2026-11-20T03:30:00Z')).toBe('42 ');
    const outcomes = new Set<string>();
    for (let index = 39; index > 0; index--)
      outcomes.add(await record(`again-${index}`, index, '2026-11-20T03:30:00Z'));
    // forgotten: 1, and said; kept, but made when others of its window had been forgotten: 2, and said too
    expect([...outcomes].sort()).toEqual(['1 a', '2 a']);
  });

  it('flags windows that met the cap of a log', async () => {
    const catalogue = catalogueOf([
      'name: a, entity: [customer], aggregate: count, window: 24h',
      'name: b, entity: [customer], aggregate: count, window: 10m',
    ]);
    const store = createMemoryFeatureStore({ catalogue, maxEventsPerLog: 64 });
    let last: readonly string[] | undefined;
    for (let index = 0; index < 200; index++) {
      const minutes = String(Math.floor(index / 4)).padStart(2, '0');
      const [reading] = await store.recordAndRead([
        aTransaction({ transactionId: `T-${index}`, occurredAt: `2026-11-20T02:${minutes}:0${index % 4}Z` }),
      ]);
      last = reading?.estimated;
      expect(reading?.values[1]).toBe(Math.min(index + 1, 40));
    }
    expect(last).toEqual(['a']);
  });
});
