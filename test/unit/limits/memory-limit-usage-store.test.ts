import { describe, expect, it } from 'vitest';
import { createMemoryLimitUsageStore } from '../../../src/rules/limits/adapters/memory-limit-usage-store.ts';
import { limitUsageSuite } from '../../conformance/limit-usage-suite.ts';
import { aCounter, aLimitRecord } from '../../helpers/a-limit.ts';

const DAY_MS = 86_400_000;

limitUsageSuite('in process', async () => createMemoryLimitUsageStore({ clock: { now: () => 0 } }));
limitUsageSuite('in process, by the time of events', async () => createMemoryLimitUsageStore({ clock: 'events' }));

describe('the bounds of the in-process limit usage store', () => {
  it('forgets a day counter five days after its first write, and a record after seven', async () => {
    let nowMs = 0;
    const store = createMemoryLimitUsageStore({ clock: { now: () => nowMs } });
    const first = aLimitRecord('T1');
    const used = async (id: string) => {
      const [reading] = await store.recordAndRead([aLimitRecord(id, { counters: [aCounter({ amountMinor: 0 })] })]);
      return [...(reading?.usage.values() ?? [])];
    };
    await store.recordAndRead([first]);
    nowMs = 5 * DAY_MS - 1;
    expect(await used('T2')).toEqual([{ amountMinor: 100, count: 1 }]);
    nowMs = 5 * DAY_MS;
    expect(await used('T3')).toEqual([{ amountMinor: 0, count: 0 }]);
    nowMs = 7 * DAY_MS - 1;
    expect((await store.recordAndRead([first]))[0]?.repeated).toBe(true);
    nowMs = 7 * DAY_MS;
    expect((await store.recordAndRead([first]))[0]?.repeated).toBe(false);
  });

  it('counts lifetimes by the newest transaction where history is played, also when a late one comes', async () => {
    const store = createMemoryLimitUsageStore({ clock: 'events' });
    const reversal = (id: string, occurredAtMs: number) =>
      aLimitRecord(id, {
        occurredAtMs,
        counters: [],
        owners: [{ kind: 'customer', id: 'C1' }],
        givesBack: { kind: 'reversal', amountMinor: 100, channel: 'MOBILE_BANKING', transactionId: 'T1' },
      });
    const found = async (record: ReturnType<typeof aLimitRecord>) =>
      (await store.recordAndRead([record]))[0]?.originalFound;
    await store.recordAndRead([aLimitRecord('T1', { occurredAtMs: 0 })]);
    expect(await found(reversal('R1', 7 * DAY_MS - 1))).toBe(true);
    expect(await found(reversal('R2', 7 * DAY_MS))).toBe(false);
    expect(await found(reversal('R3', 6 * DAY_MS))).toBe(false);
  });

  it('never holds more than its cap, lets the oldest go, and says so', async () => {
    const store = createMemoryLimitUsageStore({ clock: { now: () => 0 }, maxEntries: 10 });
    const records = Array.from({ length: 15 }, (_, i) =>
      aLimitRecord(`T${i}`, { counters: [aCounter({ owner: { kind: 'customer', id: `C${i}` } })] }),
    );
    await store.recordAndRead(records);
    expect(store.evicted).toBe(10);
    const [newest, oldest] = await store.recordAndRead(
      [records[14], records[0]].filter((record) => record !== undefined),
    );
    expect([newest?.repeated, oldest?.repeated]).toEqual([true, false]);
  });
});
