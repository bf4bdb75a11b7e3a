/**
 * A whole worker while its servers and its model fail. The oracle of the counters is what was sent: every customer's count
 * over 24 hours must be the number of the customer's transactions, whatever happened on the way.
 */
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import type { RealStack } from '../../../src/composition/real-stack.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import { startFreeClock } from '../../helpers/free-clock.ts';
import { type OwnStack, type OwnStackOptions, ownStack } from '../../helpers/own-stack.ts';
import { startPostgres } from '../../helpers/servers/postgres.ts';
import { type RedisServer, startRedis } from '../../helpers/servers/redis.ts';
import { createTraffic, sleep, type Traffic, until } from './live-traffic.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Running {
  readonly own: OwnStack;
  readonly stack: RealStack;
  readonly traffic: Traffic;
  probe(): Promise<readonly Decision[]>;
}

async function running(name: string, options: OwnStackOptions = {}): Promise<Running> {
  const traffic = createTraffic(name);
  const own = await ownStack({ ...options, onScored: traffic.onScored });
  const stack = await own.start();
  closers.push(() => stack.close());
  traffic.start(stack, own.topics.transactions);
  await until(() => traffic.decided.length > 20);
  return { own, stack, traffic, probe: () => traffic.probe(stack, own.topics.transactions) };
}

/** survives a kill with everything that it has answered for */
async function durableRedis(): Promise<RedisServer> {
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  closers.push(() => redis.stop());
  return redis;
}

const levels = (traffic: Traffic, fromMs: number): readonly (readonly [number, string])[] =>
  traffic.decided.filter(({ atMs }) => atMs >= fromMs).map(({ atMs, decision }) => [atMs - fromMs, decision.level]);

/** ms from `fromMs` to the first decision of this level */
async function firstOf(traffic: Traffic, level: string, fromMs: number): Promise<number> {
  await until(() => levels(traffic, fromMs).some(([, found]) => found === level));
  return levels(traffic, fromMs).find(([, found]) => found === level)?.[0] ?? Number.NaN;
}

const isWhole = ({ level, degraded }: Decision): boolean => level === 'L0' && degraded.length === 0;

/** One decision of each customer with everything at hand: on a busy machine an answer of Redis may be late once more. */
async function wholeProbes({ probe }: Running): Promise<readonly Decision[]> {
  const startMs = performance.now();
  for (;;) {
    const probes = await probe();
    if (probes.every(isWhole) || performance.now() - startMs > 10_000) return probes;
    await sleep(500);
  }
}

async function expectCountsExact(vigil: Running): Promise<void> {
  const { traffic } = vigil;
  const probes = await wholeProbes(vigil);
  expect(probes.every(isWhole)).toBe(true);
  const counted = probes.map(({ customerId, evidence }) => [customerId, evidence?.features.customer_count_24h]);
  expect(new Map(counted as [string, number][])).toEqual(new Map(traffic.sent));
  // the limits too: used is what was not blocked before the probe, also what was decided without Redis
  const earlier = traffic.decided.slice(0, -probes.length).map(({ decision }) => decision);
  for (const { customerId, evidence } of probes) {
    const used = earlier.filter(
      (decision) => decision.customerId === customerId && decision.outcome !== 'BLOCK',
    ).length;
    const read = Object.entries(evidence?.limitUsage ?? {}).filter(([key]) => key.includes('/day/'));
    expect(read.length).toBeGreaterThan(0);
    for (const [key, { count }] of read) expect([key, count]).toEqual([key, used]);
  }
}

const expectEachOnce = ({ traffic }: Running): void => {
  const ids = traffic.decided.map(({ decision }) => decision.transactionId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBe([...traffic.sent.values()].reduce((sum, count) => sum + count, 0));
};

describe('Redis', () => {
  it('is killed and comes back: level L2 within a second, L0 within ten, no transaction of the outage uncounted', async () => {
    const redis = await durableRedis();
    const vigil = await running('killed', { redisUrl: redis.url });
    const { traffic } = vigil;
    const killedMs = performance.now();
    await redis.kill();
    const downMs = await firstOf(traffic, 'L2', killedMs);
    await sleep(2_000);
    await redis.restart();
    const readyMs = performance.now();
    const upMs = await firstOf(traffic, 'L0', readyMs);
    await traffic.stop();
    console.log(`Redis killed: L2 after ${downMs.toFixed(0)} ms; L0 ${upMs.toFixed(0)} ms after it was ready`);
    expect(downMs).toBeLessThan(1_000);
    expect(upMs).toBeLessThan(10_000);
    expectEachOnce(vigil);
    await expectCountsExact(vigil);
  });

  it("holds keys that cannot be read: nothing goes to level L2, and one customer's decisions alone say that counters are low", async () => {
    const redis = await durableRedis();
    const vigil = await running('poisoned', { redisUrl: redis.url });
    const { traffic, own } = vigil;
    const admin = new Redis(redis.url);
    closers.push(async () => admin.disconnect());
    const { keyPrefix } = own.configuration.settings.redis;
    const poisoned = (await admin.keys(`${keyPrefix}:*:customer:=poisoned-C3:*`)).filter((key) => !key.includes(':w'));
    expect(poisoned.length).toBeGreaterThan(2);
    const spoiltMs = performance.now();
    // between two of them a chunk may come: each is met on its own
    for (const key of poisoned) await admin.multi().del(key).zadd(key, 1, 'not ours').exec();
    const before = traffic.decided.length;
    await until(() => traffic.decided.length > before + 60);
    await traffic.stop();
    const since = traffic.decided.filter(({ atMs }) => atMs >= spoiltMs).map(({ decision }) => decision);
    expect(since.length).toBeGreaterThan(40);
    expect(new Set(since.map(({ level }) => level))).toEqual(new Set(['L0']));
    const low = since.filter(({ degraded }) => degraded.includes('counters'));
    expect(new Set(low.map(({ customerId }) => customerId))).toEqual(new Set(['poisoned-C3']));
    expect(low.every(({ flags }) => flags.includes('COUNTERS_LOST'))).toBe(true);
    expect(low.some(({ evidence }) => evidence?.estimated?.includes('customer_count_24h') === true)).toBe(true);
    expectEachOnce(vigil);
    // the others have every one of theirs
    const probes = (await vigil.probe()).filter(({ customerId }) => customerId !== 'poisoned-C3');
    expect(probes).toHaveLength(9);
    for (const { customerId, evidence } of probes)
      expect(evidence?.features.customer_count_24h).toBe(traffic.sent.get(customerId));
  });

  it('is frozen for three seconds: each decision comes without it inside the deadline, and nothing is counted twice or not at all', async () => {
    const redis = await durableRedis();
    const redisBudgetMs = 200;
    const vigil = await running('frozen', { redisUrl: redis.url, redisBudgetMs });
    const { traffic, own } = vigil;
    const clock = startFreeClock();
    closers.push(async () => clock.stop());
    const frozenMs = performance.now();
    redis.signal('SIGSTOP');
    await firstOf(traffic, 'L2', frozenMs);
    await sleep(3_000);
    const thawedMs = performance.now();
    redis.signal('SIGCONT');
    const upMs = await firstOf(traffic, 'L0', thawedMs);
    await traffic.stop();
    // what came while it was frozen, and was answered before it went on
    const epochMs = (atMs: number): number => performance.timeOrigin + atMs;
    const answered = traffic.decided
      .map(({ atMs, decision }) => ({ atMs, level: decision.level, receivedMs: Date.parse(decision.receivedAt) }))
      .filter(({ atMs, receivedMs }) => receivedMs > epochMs(frozenMs) + 1 && atMs < thawedMs);
    const tookMs = answered.map(({ atMs, receivedMs }) => clock.between(receivedMs, epochMs(atMs)));
    console.log(
      `Redis frozen: ${answered.length} decisions, the slowest after ${Math.max(...tookMs).toFixed(0)} ms; L0 ${upMs.toFixed(0)} ms after it went on`,
    );
    expect(answered.length).toBeGreaterThan(20);
    expect(new Set(answered.map(({ level }) => level))).toEqual(new Set(['L2']));
    // the test's budget for Redis is larger than the shipped one
    const { deadlineMs } = own.configuration.channels.channels.get('MOBILE_BANKING') ?? { deadlineMs: 0 };
    expect(Math.max(...tookMs)).toBeLessThan(deadlineMs + redisBudgetMs - 100);
    expect(upMs).toBeLessThan(10_000);
    expectEachOnce(vigil);
    await expectCountsExact(vigil);
  });

  it('is flushed: the loss is noticed, and decisions say that their counters are low', async () => {
    const redis = await durableRedis();
    const vigil = await running('flushed', { redisUrl: redis.url });
    const { traffic } = vigil;
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    const flushedMs = performance.now();
    const isMarked = ({ atMs, decision }: (typeof traffic.decided)[number]): boolean =>
      atMs > flushedMs && decision.degraded.includes('counters');
    await until(() => traffic.decided.some(isMarked));
    await traffic.stop();
    expect((await vigil.probe()).every(({ degraded }) => degraded.includes('counters'))).toBe(true);
    expectEachOnce(vigil);
  });
});

describe('the model', () => {
  it('that throws or is late is left out: level L1, and L0 again when it answers', async () => {
    let mode: 'well' | 'throws' | 'late' = 'well';
    const vigil = await running('model', {
      settings: '',
      wrapModel: (model) => ({
        ...model,
        score: async (inputs) => {
          if (mode === 'throws') throw new VigilError('MODEL_UNAVAILABLE', 'broken by the test');
          if (mode === 'late') await sleep(6_000); // the budget of the test's stack is 5 s
          return model.score(inputs);
        },
      }),
    });
    const { traffic } = vigil;
    for (const next of ['throws', 'well', 'late', 'well'] as const) {
      mode = next;
      const fromMs = performance.now();
      await firstOf(traffic, next === 'well' ? 'L0' : 'L1', fromMs);
    }
    await traffic.stop();
    const degraded = traffic.decided.filter(({ decision }) => decision.level === 'L1');
    expect(degraded.every(({ decision }) => decision.degraded.includes('model') && decision.model === undefined)).toBe(
      true,
    );
    expectEachOnce(vigil);
    await expectCountsExact(vigil);
  });
});

describe('PostgreSQL', () => {
  it('is down for some seconds: decisions do not notice, and every alert is there afterwards, once', async () => {
    const postgres = await startPostgres({ durable: true });
    closers.push(() => postgres.stop());
    const vigil = await running('alerts', { postgresUrl: postgres.url, settings: '' });
    const { traffic, own, stack } = vigil;
    await postgres.kill();
    const downMs = performance.now();
    await sleep(4_000);
    const whileDown = traffic.decided.filter(({ atMs }) => atMs > downMs);
    expect(whileDown.length).toBeGreaterThan(50);
    expect(whileDown.every(({ decision }) => decision.level === 'L0')).toBe(true);
    await postgres.restart();
    await traffic.stop();
    expectEachOnce(vigil);
    const alerting = traffic.decided
      .filter(({ decision }) => decision.alert)
      .map(({ decision }) => decision.decisionId);
    const client = new pg.Client({ connectionString: own.databaseUrl });
    await client.connect();
    try {
      const ids = async (table: string): Promise<readonly string[]> =>
        (await client.query<{ id: string }>(`SELECT decision_id AS id FROM ${table}`)).rows.map(({ id }) => id).sort();
      await until(async () => (await ids('decisions')).length >= traffic.decided.length);
      expect(await ids('decisions')).toEqual(traffic.decided.map(({ decision }) => decision.decisionId).sort());
      expect(await ids('alerts')).toEqual([...alerting].sort());
      expect(alerting.length).toBeGreaterThan(0);
      const late = whileDown.map(({ decision }) => decision).filter(({ alert }) => alert);
      expect(late.length).toBeGreaterThan(0);
      expect(stack.service.lag()).toBe(0);
    } finally {
      await client.end();
    }
  });
});
