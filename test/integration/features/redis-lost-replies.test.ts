/**
 * A thousand connections cut after Redis has applied a call and before its reply arrives. Every call is made again until it
 * is answered, as the consumer does: nothing is counted twice, each answer is that of an undisturbed store, and what cannot
 * be the first answer any more says so. The undisturbed twin is the in-process store; the end is compared with the
 * brute-force oracle.
 */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { VigilError } from '../../../src/domain/errors.ts';
import type { FeatureReading, Profile } from '../../../src/domain/feature.ts';
import type { Label } from '../../../src/domain/label.ts';
import type { ParsedTransaction } from '../../../src/domain/transaction.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { createMemoryLimitUsageStore } from '../../../src/rules/limits/adapters/memory-limit-usage-store.ts';
import { createRedisLimitUsageStore } from '../../../src/rules/limits/adapters/redis-limit-usage-store.ts';
import { aCounter, aLimitRecord } from '../../helpers/a-limit.ts';
import { FORGETFUL_CATALOGUE, FULL_CATALOGUE, hardStream, seededRandom } from '../../helpers/feature-cases.ts';
import { createFeatureOracle } from '../../helpers/feature-oracle.ts';
import { type RedisServer, startRedis } from '../../helpers/servers/redis.ts';
import { startTcpProxy, type TcpProxy } from '../../helpers/servers/tcp-proxy.ts';

const CUTS = 1_000;
const SEED = 20_261_125;

let server: RedisServer;
let proxy: TcpProxy;
let client: Redis;

beforeAll(async () => {
  server = await startRedis();
  proxy = await startTcpProxy({ path: server.url });
  client = new Redis({
    port: proxy.port,
    commandTimeout: 5_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    lazyConnect: true,
    retryStrategy: () => 1,
  });
  client.on('error', () => undefined);
  await client.connect();
});
afterEach(async () => {
  proxy.pass();
  await untilAnswered(() => client.flushall());
});
afterAll(async () => {
  client.disconnect();
  await proxy.close();
  await server.stop();
});

/** Makes the call again until it is answered. */
async function untilAnswered<T>(call: () => Promise<T>): Promise<T> {
  const end = performance.now() + 20_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isOutage = !(error instanceof VigilError) || error.code === 'FEATURE_STORE_UNAVAILABLE';
      if (!isOutage || performance.now() > end) throw error;
      if (client.status === 'ready') continue;
      await new Promise((resolve) => client.once('ready', resolve));
    }
  }
}

/** The same, with the first reply lost. */
async function withLostReply<T>(call: () => Promise<T>): Promise<T> {
  const before = proxy.lostReplies();
  proxy.loseReplies();
  const answer = await untilAnswered(call);
  expect(proxy.lostReplies()).toBe(before + 1);
  return answer;
}

const LABELLED = 20;
const isLabelled = (index: number): boolean => index % 10 === 3;

function someTransactions(count: number): readonly ParsedTransaction[] {
  const options = { seed: SEED, customers: 12, counterparties: 20, devices: 9, meanGapMs: 60_000 } as const;
  const seen = new Set<string>();
  return [...hardStream({ ...options, events: Math.ceil(count * 1.1), amounts: 'mixed' })]
    .filter(({ transaction: { transactionId } }) => !seen.has(transactionId) && seen.add(transactionId))
    .slice(0, count);
}

const COUNTED = [
  'eventCount',
  'monetaryCount',
  'channelShare',
  'hourShare',
] as const satisfies readonly (keyof Profile)[];
const KNOWN = [
  ...(['deviceKnown', 'payeeKnown', 'ipKnown', 'placeKnown', 'countryKnown'] as const),
] as const satisfies readonly (keyof Profile)[];

/** As an undisturbed store would have answered, and flagged as read again. */
function expectAnsweredAgain(got: FeatureReading | undefined, want: FeatureReading | undefined): void {
  expect(got?.values).toEqual(want?.values);
  const flags = want?.flags ?? [];
  // too late for every log: it is in none, so there is nothing to tell it from
  if (flags.includes('TOO_LATE')) return;
  expect(got?.flags.filter((flag) => flag !== 'READ_AGAIN')).toEqual(flags.filter((flag) => flag !== 'LATE'));
  expect(got?.flags).toContain('READ_AGAIN');
  for (const name of COUNTED) expect([name, got?.profile[name]]).toEqual([name, want?.profile[name]]);
  // of a late event, or one of two in a millisecond, it cannot be told what made a device known: then it is not
  for (const name of KNOWN) expect([want?.profile[name], false]).toContain(got?.profile[name]);
  const isFirst = want?.profile.eventCount === 0;
  if (isFirst) expect(got?.profile).toEqual(want?.profile);
}

describe('a thousand replies lost after their effect', () => {
  it('counts each transaction once, and gives each the answer of an undisturbed store', async () => {
    // a repeat has no slot to fall back on, and no memory of this process: the logs alone must know it
    const store = createRedisFeatureStore({ client, catalogue: FORGETFUL_CATALOGUE, maxPending: 0 });
    const twin = createMemoryFeatureStore({ catalogue: FORGETFUL_CATALOGUE });
    const oracle = createFeatureOracle(FORGETFUL_CATALOGUE);
    const all = someTransactions(CUTS);
    // a server that does not know the script yet would answer so, without an effect
    await createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE, keyPrefix: 'w' }).recordAndRead(all.slice(0, 1));
    for (const [index, parsed] of all.entries()) {
      const [got] = await withLostReply(() => store.recordAndRead([parsed]));
      const [want] = await twin.recordAndRead([parsed]);
      oracle.record(parsed.transaction);
      expectAnsweredAgain(got, want);
      if (index === 0 || !isLabelled(index) || index > LABELLED * 10) continue;
      const { channel, transactionId, occurredAtMs } = parsed.transaction;
      const label: Label = { channel, transactionId, label: 'FRAUD', labelledAtMs: occurredAtMs };
      const applied = await withLostReply(() => store.applyLabels([label]));
      expect(applied).toEqual(await twin.applyLabels([label]));
      oracle.label(label);
    }
    expect(proxy.lostReplies()).toBeGreaterThanOrEqual(CUTS);
    proxy.pass();
    const newestMs = Math.max(...all.map(({ transaction }) => transaction.occurredAtMs));
    // one more for every customer, counterparty and device: what is in their logs is what was sent
    const probes = all.slice(-60).map((parsed, index) => ({
      ...parsed,
      transaction: { ...parsed.transaction, transactionId: `probe-${index}`, occurredAtMs: newestMs + index },
    }));
    const [got, want] = [await store.recordAndRead(probes), await twin.recordAndRead(probes)];
    expect(got).toEqual(want);
    const names = FORGETFUL_CATALOGUE.features.map(({ name }) => name);
    for (const [index, { transaction }] of probes.entries()) {
      const { values } = oracle.record(transaction);
      for (const [at, name] of names.entries()) {
        const value = values[at] ?? null;
        const isEstimated = got[index]?.estimated.includes(name);
        if (!isEstimated) expect([name, got[index]?.values[at]]).toEqual([name, value === null ? null : close(value)]);
      }
    }
  });

  it('keeps the first decision of each transaction', async () => {
    const store = createRedisFeatureStore({ client, catalogue: FULL_CATALOGUE });
    for (let index = 0; index < 100; index++) {
      const settlement = (decision: string) => ({
        channel: 'ATM',
        transactionId: `S-${index}`,
        fingerprint: 'f',
        decision,
      });
      expect(await withLostReply(() => store.settle([settlement('first')]))).toEqual([
        { fingerprint: 'f', decision: 'first' },
      ]);
      expect(await store.settle([settlement('second')])).toEqual([{ fingerprint: 'f', decision: 'first' }]);
    }
  });

  it('reserves limits once, gives back once, and answers with the first values', async () => {
    const store = createRedisLimitUsageStore({ client, keyPrefix: 'lost:' });
    const twin = createMemoryLimitUsageStore({ clock: { now: Date.now } });
    const random = seededRandom(SEED);
    for (let index = 0; index < CUTS; index++) {
      const owner = { kind: 'customer', id: `C${Math.floor(random() * 9)}` } as const;
      const amountMinor = Math.floor(random() * 1_000);
      const counters = [aCounter({ owner, amountMinor }), aCounter({ owner, amountMinor, period: 'month' })];
      const record = aLimitRecord(`L-${index}`, { counters });
      const [got] = await withLostReply(() => store.recordAndRead([record]));
      const [want] = await twin.recordAndRead([record]);
      expect(got?.usage).toEqual(want?.usage);
      if (index % 5 !== 0) continue;
      await withLostReply(() => store.release([record]));
      await twin.release([record]);
    }
  });
});

/** Deviations are computed from exact integers in both, with one rounding more. */
const close = (value: number): unknown => (Number.isInteger(value) ? value : expect.closeTo(value, 3));
