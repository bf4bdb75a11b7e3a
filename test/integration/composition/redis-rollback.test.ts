/**
 * The whole site goes down and Redis comes back with less than the workers had done. No process is left that remembers: only
 * the offsets in Kafka and the marks in Redis can tell. Decisions must say `degraded: counters` until the rebuild, and no
 * longer after it.
 */
import { randomUUID } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { runFeaturesRebuild } from '../../../src/cli/features-rebuild.ts';
import { EXIT } from '../../../src/cli/io.ts';
import type { RealStack } from '../../../src/composition/real-stack.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { aMessage, bytesOf } from '../../helpers/a-transaction.ts';
import { type OwnStack, ownStack } from '../../helpers/own-stack.ts';
import { type RedisServer, startRedis } from '../../helpers/servers/redis.ts';
import { createTraffic, sleep, type Traffic, until } from './live-traffic.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Site {
  readonly redis: RedisServer;
  readonly own: OwnStack;
  readonly traffic: Traffic;
  start(): Promise<RealStack>;
}

async function aSite(name: string, redisArgs: readonly string[]): Promise<Site> {
  const redis = await startRedis({ args: redisArgs });
  closers.push(() => redis.stop());
  const traffic = createTraffic(name);
  const own = await ownStack({ partitions: 2, redisUrl: redis.url, onScored: traffic.onScored });
  const start = async (): Promise<RealStack> => {
    const stack = await own.start();
    closers.push(() => stack.close());
    return stack;
  };
  return { redis, own, traffic, start };
}

const withClient = async <T>(redis: RedisServer, work: (client: Redis) => Promise<T>): Promise<T> => {
  const client = new Redis(redis.url);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
};

async function trafficFor(ms: number, { traffic, own }: Site, stack: RealStack): Promise<void> {
  traffic.start(stack, own.topics.transactions, 10);
  await sleep(ms);
  await traffic.stop();
}

async function rebuild({ redis, own }: Site): Promise<void> {
  const io = { out: () => undefined, note: () => undefined, isTerminal: false };
  const { signal } = new AbortController();
  const code = await withClient(redis, (client) =>
    runFeaturesRebuild({ from: 'kafka', configuration: own.configuration, redis: client, signal }, io),
  );
  expect(code).toBe(EXIT.done);
}

const degradedOf = (decisions: readonly Decision[]): readonly string[] => [
  ...new Set(decisions.map(({ level, degraded }) => [level, ...degraded].join(' '))),
];

/** each customer's count is the number of what was sent for it */
function expectExact(decisions: readonly Decision[], { traffic }: Site): void {
  const counted = decisions.map(({ customerId, evidence }) => [customerId, evidence?.features.customer_count_24h]);
  expect(new Map(counted as [string, number][])).toEqual(new Map(traffic.sent));
}

async function expectWhole(site: Site, stack: RealStack): Promise<void> {
  const decisions = await site.traffic.probe(stack, site.own.topics.transactions);
  expect(degradedOf(decisions)).toEqual(['L0']);
  expectExact(decisions, site);
}

/** the next worker says that the counters are low, and no longer once they are rebuilt */
async function expectNoticedAndRebuilt(site: Site): Promise<void> {
  const stack = await site.start();
  expect(degradedOf(await site.traffic.probe(stack, site.own.topics.transactions))).toEqual(['L0 counters']);
  await rebuild(site);
  await expectWhole(site, stack);
}

describe('a site that was down as a whole', () => {
  it('takes up an unharmed Redis as it was', async () => {
    const site = await aSite('unharmed', ['--appendonly', 'yes', '--appendfsync', 'always']);
    const first = await site.start();
    await trafficFor(500, site, first);
    await first.close();
    await site.redis.kill();
    await site.redis.restart();
    await expectWhole(site, await site.start());
  });

  it('notices that Redis came back from an older copy, and is whole after the rebuild', async () => {
    const site = await aSite('older', []);
    const file = (name: string): string => path.join(site.redis.folder, name);
    const first = await site.start();
    await trafficFor(300, site, first);
    await withClient(site.redis, (client) => client.save());
    copyFileSync(file('dump.rdb'), file('copy.rdb'));
    await trafficFor(300, site, first);
    await first.close();
    await site.redis.kill();
    copyFileSync(file('copy.rdb'), file('dump.rdb'));
    await site.redis.restart();
    await expectNoticedAndRebuilt(site);
  });

  it('notices that Redis came back empty', async () => {
    const site = await aSite('empty', []);
    const first = await site.start();
    await trafficFor(300, site, first);
    await first.close();
    await site.redis.kill();
    await site.redis.restart();
    await expectNoticedAndRebuilt(site);
  });

  /** As the HTTP API does: no topic, no offset. */
  async function overHttp(stack: RealStack, transactions: number): Promise<readonly Decision[]> {
    const messages = Array.from({ length: transactions }, (_, n) =>
      aMessage({
        transactionId: `http-${randomUUID()}`,
        customerId: `C${n % 5}`,
        occurredAt: new Date().toISOString(),
      }),
    );
    const inputs = messages.map((message) => ({ bytes: bytesOf(message), receivedAtMs: Date.now() }));
    const results = await stack.service.stack.score(inputs);
    return results.flatMap((result) => (result.kind === 'decided' && result.decision ? [result.decision] : []));
  }

  it.each([
    { what: 'came back empty', older: false },
    { what: 'came back from an older copy', older: true },
  ])('notices with HTTP traffic alone that Redis $what', async ({ what, older }) => {
    const site = await aSite(`http ${what}`, []);
    const file = (name: string): string => path.join(site.redis.folder, name);
    const first = await site.start();
    expect(degradedOf(await overHttp(first, 20))).toEqual(['L0']);
    if (older) {
      await withClient(site.redis, (client) => client.save());
      copyFileSync(file('dump.rdb'), file('copy.rdb'));
      await overHttp(first, 20);
    }
    await first.close();
    await site.redis.kill();
    if (older) copyFileSync(file('copy.rdb'), file('dump.rdb'));
    await site.redis.restart();
    const second = await site.start();
    expect(degradedOf(await overHttp(second, 20))).toEqual(['L0 counters']);
    await rebuild(site);
    expect(degradedOf(await overHttp(second, 20))).toEqual(['L0']);
    // and stays so for those who start after it
    await second.close();
    const third = await site.start();
    expect(degradedOf(await overHttp(third, 20))).toEqual(['L0']);
  });

  it('notices what a worker decided without Redis and took with it when it ended', async () => {
    const site = await aSite('taken', ['--appendonly', 'yes', '--appendfsync', 'always']);
    const first = await site.start();
    await trafficFor(300, site, first);
    await site.redis.kill();
    site.traffic.start(first, site.own.topics.transactions, 10);
    await until(() => site.traffic.decided.filter(({ decision }) => decision.level === 'L2').length > 10);
    await site.traffic.stop();
    await first.close();
    await site.redis.restart();
    await expectNoticedAndRebuilt(site);
  });
});
