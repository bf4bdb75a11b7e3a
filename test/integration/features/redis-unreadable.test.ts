/** A key of Redis that cannot be read touches its own entity alone, is kept aside, and is said aloud. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FeatureReading } from '../../../src/domain/feature.ts';
import type { ParsedTransaction } from '../../../src/domain/transaction.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { createQuarantine, type QuarantinedKey } from '../../../src/features/redis-quarantine.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { catalogueOf, DAY, HOUR } from '../../helpers/feature-cases.ts';

const FEATURES = [
  'name: count_24h, entity: [customer], aggregate: count, window: 24h',
  'name: payees_24h, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: 24h',
  'name: device_sum_7d, entity: [device], aggregate: sum, of: amountMinor, window: 7d',
];
const START = Date.UTC(2026, 10, 1);

let redis: Redis;
let runs = 0;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.quit());

const event = (customer: string, atMs: number, id = `${customer}-${atMs}`): ParsedTransaction =>
  aTransaction({
    transactionId: id,
    customerId: customer,
    occurredAt: new Date(START + atMs).toISOString(),
    amountMinor: 100,
    device: { id: `D-${customer}` },
    counterparty: { accountId: `P-${atMs}` },
  });

/** Without a repeat horizon a repeat is known from the logs alone, and a slot is gone after a millisecond. */
function openStores(repeatHorizonMs = 0) {
  const catalogue = catalogueOf(FEATURES, HOUR, repeatHorizonMs);
  const keyPrefix = `${inject('testRunId')}-unreadable-${runs++}`;
  const moved: QuarantinedKey[] = [];
  const clock = { nowMs: START, now: () => clock.nowMs };
  const remote = createRedisFeatureStore({
    client: redis,
    catalogue,
    keyPrefix,
    clock,
    maxPending: 0,
    onQuarantine: (key) => moved.push(key),
  });
  const twin = createMemoryFeatureStore({ catalogue, maxSlots: 0 });
  const both = async (chunk: readonly ParsedTransaction[]) => {
    clock.nowMs = Math.max(clock.nowMs, ...chunk.map(({ transaction }) => transaction.occurredAtMs));
    const [got, want] = await Promise.all([remote.recordAndRead(chunk), twin.recordAndRead(chunk)]);
    return { got: got as FeatureReading[], want: want as FeatureReading[] };
  };
  const keysOf = (part: string) => redis.keys(`${keyPrefix}:*${part}*`);
  return { remote, both, moved, keysOf, keyPrefix };
}

async function poison(key: string): Promise<void> {
  await redis.del(key);
  await redis.lpush(key, 'x');
}

describe('a key that cannot be read', () => {
  it.each([
    { what: 'a log of another type', pattern: 'customer:=A:*.2', spoil: poison, found: ['list', 'what belongs to it'] },
    {
      what: 'the companion of a log',
      pattern: 'customer:=A:*:m',
      spoil: poison,
      found: ['what belongs to it', 'list'],
    },
    {
      what: 'a log that was cut',
      pattern: 'customer:=A:*.2',
      spoil: async (key: string) => void (await redis.set(key, (await redis.getrange(key, 0, 50)) as string)),
      found: ['no log', 'what belongs to it'],
    },
  ])('is moved aside and touches its own entity alone: $what', async ({ pattern, spoil, found }) => {
    const { both, moved, keysOf } = openStores();
    await both([event('A', 0), event('B', 0)]);
    await both([event('A', 1_000), event('B', 1_000)]);
    const [key] = (await keysOf(pattern)).filter((name) => pattern.endsWith(':m') || !name.endsWith(':m'));
    if (key === undefined) throw new Error('no such log');
    await spoil(key);

    const { got, want } = await both([event('B', 2_000), event('A', 2_000), event('B', 3_000)]);

    expect([got[0], got[2]]).toEqual([want[0], want[2]]);
    expect(got[1]?.flags).toContain('COUNTERS_LOST');
    expect(got[1]?.estimated).toEqual(['count_24h', 'payees_24h']);
    // the device's log is whole: the event counts there once
    expect(got[1]?.values).toEqual([1, 1, 300]);
    expect(moved.map((one) => one.found)).toEqual(found);
    expect(moved.every(({ kind }) => kind === 'log')).toBe(true);
    for (const { movedTo } of moved) expect(await redis.pttl(movedTo)).toBeGreaterThan(29 * DAY);

    const next = await both([event('A', 3_000), event('B', 4_000)]);
    expect(next.got[0]?.values).toEqual([2, 2, 400]);
    expect(next.got[0]?.flags).toEqual(['ESTIMATED', 'COUNTERS_LOST']);
    expect(next.got[1]).toEqual(next.want[1]);
    // its windows are full of what came since
    const later = await both([event('A', 4_000 + DAY)]);
    expect(later.got[0]?.flags).toEqual([]);
    expect(later.got[0]?.values).toEqual(later.want[0]?.values);
    expect(moved).toHaveLength(found.length);
  });

  it.each([
    { what: 'of another type', spoil: poison },
    {
      what: 'cut',
      spoil: async (key: string) => void (await redis.set(key, (await redis.getrange(key, 0, 50)) as string)),
    },
  ])('begins anew where one chunk comes to it often: $what', async ({ spoil }) => {
    const { both, moved, keysOf } = openStores();
    await both([event('A', 0), event('B', 0)]);
    await both([event('A', 1_000), event('B', 1_000)]);
    const [key] = await keysOf('device:=D-A:*.2');
    if (key === undefined) throw new Error('no such log');
    await spoil(key);

    const { got, want } = await both(
      [2_000, 3_000, 4_000, 5_000].flatMap((atMs) => [event('A', atMs), event('B', atMs)]),
    );

    const [ofA, ofB] = [0, 1].map((own) => got.filter((_reading, place) => place % 2 === own));
    expect(ofB).toEqual(want.filter((_reading, place) => place % 2 === 1));
    expect(ofA?.map(({ values }) => values[2])).toEqual([100, 200, 300, 400]);
    for (const { flags, estimated } of ofA ?? []) {
      expect(flags).toContain('COUNTERS_LOST');
      expect(estimated).toEqual(['device_sum_7d']);
    }
    expect(moved).toHaveLength(1);
  });

  it('is the companion of a log with labels alone, which is met after the event was counted', async () => {
    const keyPrefix = `${inject('testRunId')}-unreadable-${runs++}`;
    const line = 'name: rate_7d, entity: [counterparty], aggregate: labelRate, window: 7d';
    const catalogue = catalogueOf([line, 'name: c, entity: [customer], aggregate: count, window: 7d'], HOUR, 0);
    const store = createRedisFeatureStore({ client: redis, catalogue, keyPrefix, maxPending: 0 });
    const paid = (id: string, atMs: number, to: string) =>
      aTransaction({
        transactionId: id,
        customerId: 'A',
        occurredAt: new Date(START + atMs).toISOString(),
        counterparty: { accountId: to },
      });
    const [first, second] = [paid('1', 0, 'P'), paid('2', 1_000, 'P')];
    await store.recordAndRead([first, second, paid('3', 2_000, 'Q')]);
    for (const { transaction } of [first, second])
      await store.applyLabels([{ ...transaction, label: 'FRAUD', labelledAtMs: null }]);
    await poison((await redis.keys(`${keyPrefix}:*counterparty:=P:*:m`))[0] as string);
    const readings = await store.recordAndRead([paid('4', 3_000, 'Q'), paid('5', 4_000, 'P'), paid('6', 5_000, 'Q')]);
    expect(readings.map(({ values }) => values)).toEqual([
      [0, 4],
      [0, 5],
      [0, 6],
    ]);
    expect(readings.map(({ flags }) => flags)).toEqual([[], ['ESTIMATED', 'COUNTERS_LOST'], []]);
    // and a label finds the log that begins there
    expect(await store.applyLabels([{ ...first.transaction, label: 'FRAUD', labelledAtMs: null }])).toEqual({
      applied: 0,
      unmatched: 1,
    });
    expect(
      await store.applyLabels([
        { channel: first.transaction.channel, transactionId: '5', label: 'FRAUD', labelledAtMs: null },
      ]),
    ).toEqual({ applied: 1, unmatched: 0 });
    expect((await store.recordAndRead([paid('7', 6_000, 'P')]))[0]?.values).toEqual([0.5, 7]);
  });

  it('is a profile: the customer is learned anew, and his windows are whole', async () => {
    const { both, moved, keysOf } = openStores();
    await both([event('A', 0), event('B', 0)]);
    const [key] = await keysOf('customer:=A:profile');
    await poison(key as string);
    const { got, want } = await both([event('A', 1_000), event('B', 1_000)]);
    expect(got[0]?.values).toEqual(want[0]?.values);
    expect(got[0]?.profile.eventCount).toBe(0);
    expect(got[0]?.flags).toContain('COUNTERS_LOST');
    expect(got[1]).toEqual(want[1]);
    expect(moved).toEqual([expect.objectContaining({ key, kind: 'profile', found: 'list' })]);
    const next = await both([event('A', 2_000)]);
    expect(next.got[0]?.flags).toEqual([]);
  });

  it('is the slot of a transaction: its decision is kept, and those settled with it', async () => {
    const { remote, both, moved, keyPrefix } = openStores(HOUR);
    const [a, b] = [event('A', 0), event('B', 0)];
    await both([a, b]);
    const settlements = [a, b].map(({ transaction: { channel, transactionId }, fingerprint }) => ({
      channel,
      transactionId,
      fingerprint,
      decision: `{"of":"${transactionId}"}`,
    }));
    await remote.settle(settlements.slice(1));
    const [slot] = await redis.keys(`${keyPrefix}:*:tx:*`);
    const key = (slot as string)
      .replace('B-0', 'A-0')
      .replace(/\{s\d\d\}/, (await slotTag(keyPrefix, settlements[0])) as string);
    await redis.lpush(key, 'x');
    expect((await remote.settle(settlements)).map(({ decision }) => decision)).toEqual([
      '{"of":"A-0"}',
      '{"of":"B-0"}',
    ]);
    expect(moved).toEqual([expect.objectContaining({ key, kind: 'other', found: 'list' })]);
    expect(await redis.type(key)).toBe('string');
  });

  it('is what Redis keeps of itself: then nobody knows whether all is counted, and every decision says so', async () => {
    const { remote, both, keyPrefix, moved } = openStores();
    await both([event('A', 0)]);
    await poison(`${keyPrefix}:{state}:state`);
    const { got, want } = await both([event('A', 1_000)]);
    expect(got[0]?.values).toEqual(want[0]?.values);
    expect(remote.countersIncomplete).toBe(true);
    expect(moved).toHaveLength(1);
  });

  it('says what its log lost also where several transactions of one call meet that log', async () => {
    const { both, keysOf } = openStores();
    await both([event('A', 0)]);
    const [key] = await keysOf('device:=D-A:');
    await poison(key as string);
    await both([event('A', 1_000)]);
    await both([event('A', 2_000)]);
    const { got } = await both([3_000, 4_000, 5_000, 6_000].map((atMs) => event('A', atMs)));
    expect(got.map(({ values }) => values[2])).toEqual([300, 400, 500, 600]);
    expect(got.map(({ flags }) => flags)).toEqual(new Array(4).fill(['ESTIMATED', 'COUNTERS_LOST']));
  });

  it('is not suspected when it is in order: a fault of the script moves nothing', async () => {
    const { both, keysOf } = openStores();
    await both([event('A', 0)]);
    const before = await keysOf('');
    const moved: QuarantinedKey[] = [];
    const quarantine = createQuarantine(
      async (calls) =>
        Promise.all(
          calls.map((call) =>
            'script' in call
              ? redis.callBuffer('eval', call.script.source, call.keys.length, ...call.keys, ...call.args)
              : null,
          ),
        ),
      { now: Date.now },
      (key) => moved.push(key),
    );
    const [key] = before.filter((name) => name.endsWith(':profile'));
    const suspect = { place: 0, key: key as string, layout: undefined, isProfile: true, reason: 'a bug' };
    await quarantine.mendUpdates([suspect], START);
    expect(moved).toEqual([]);
    expect((await keysOf('')).toSorted()).toEqual(before.toSorted());
  });
});

/** The hash tag of a transaction's slot, as the store itself works it out: settled once under another prefix. */
async function slotTag(
  prefix: string,
  settlement: Parameters<ReturnType<typeof createRedisFeatureStore>['settle']>[0][number] | undefined,
): Promise<string | undefined> {
  if (settlement === undefined) return undefined;
  const other = createRedisFeatureStore({
    client: redis,
    catalogue: catalogueOf(FEATURES, HOUR, HOUR),
    keyPrefix: `${prefix}-tag`,
  });
  await other.settle([settlement]);
  const [key] = await redis.keys(`${prefix}-tag:*:tx:*`);
  return /\{s\d\d\}/.exec(key ?? '')?.[0];
}
