import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { VigilError } from '../../../src/domain/errors.ts';
import { createRedisLimitUsageStore } from '../../../src/rules/limits/adapters/redis-limit-usage-store.ts';
import { limitUsageSuite } from '../../conformance/limit-usage-suite.ts';
import { aCounter, aLimitRecord } from '../../helpers/a-limit.ts';
import { ownKeyPrefix } from '../../helpers/servers/own.ts';

let client: Redis;
let stores = 0;
const openStore = async () => createRedisLimitUsageStore({ client, keyPrefix: `${ownKeyPrefix()}${stores++}:` });

beforeAll(() => {
  client = new Redis(inject('redisUrl'));
});
afterAll(async () => {
  await client.quit();
});

limitUsageSuite('Redis', openStore);

describe('the limit usage store in Redis', () => {
  it('gives every key an expiry and puts all keys of an owner into one slot', async () => {
    const keyPrefix = ownKeyPrefix();
    const store = createRedisLimitUsageStore({ client, keyPrefix });
    const counters = [aCounter(), aCounter({ period: 'month' }), aCounter({ period: 'year' })];
    await store.recordAndRead([aLimitRecord('T1', { counters, references: { stan: '1', rrn: '2' } })]);
    const keys = await client.keys(`${keyPrefix}*`);
    const days = await Promise.all(keys.map(async (key) => Math.round((await client.pttl(key)) / 86_400_000)));
    expect(days.sort((a, b) => a - b)).toEqual([5, 7, 7, 35, 370]);
    expect(new Set(keys.map((key) => /\{s\d\d\}/.exec(key)?.[0])).size).toBe(1);
    expect(keys.join()).not.toContain('C1');
  });

  it('goes on after the script cache was flushed', async () => {
    const store = await openStore();
    await store.recordAndRead([aLimitRecord('T1')]);
    await client.script('FLUSH');
    const [reading] = await store.recordAndRead([aLimitRecord('T2')]);
    expect([...(reading?.usage.values() ?? [])]).toEqual([{ amountMinor: 100, count: 1 }]);
    await client.script('FLUSH');
    await store.release([aLimitRecord('T2')]);
  });

  it('makes one call for a chunk of one customer, and one for each shard of many', async () => {
    const store = await openStore();
    const calls = async (run: () => Promise<unknown>): Promise<number> => {
      const count = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
      const before = await count();
      await run();
      return (await count()) - before;
    };
    await store.recordAndRead([aLimitRecord('T0')]);
    const same = Array.from({ length: 64 }, (_, i) => aLimitRecord(`T${i + 1}`));
    expect(await calls(() => store.recordAndRead(same))).toBe(1);
    const many = Array.from({ length: 300 }, (_, i) =>
      aLimitRecord('T1', { counters: [aCounter({ owner: { kind: 'customer', id: `M${i}` } })] }),
    );
    expect(await calls(() => store.recordAndRead(many))).toBeLessThanOrEqual(64);
  });

  it('stops the limits of one owner alone where a key of his is of another type, and names it', async () => {
    const keyPrefix = ownKeyPrefix();
    const said: VigilError[] = [];
    const store = createRedisLimitUsageStore({ client, keyPrefix, onUnreadable: (cause) => said.push(cause) });
    const of = (id: string, transaction: string) =>
      aLimitRecord(transaction, { counters: [aCounter({ owner: { kind: 'customer', id } })] });
    // many owners, so that some share the call of the broken one
    const owners = Array.from({ length: 200 }, (_, index) => `C${index}`);
    await store.recordAndRead([of('broken', 'T0')]);
    const [counter] = (await client.keys(`${keyPrefix}*`)).filter((key) => !/:[tr]\//.test(key));
    await client.del(counter as string);
    await client.set(counter as string, 'x');
    const chunk = (transaction: string) => ['broken', ...owners].map((id) => of(id, transaction));
    for (const used of [0, 1]) {
      const readings = await store.recordAndRead(chunk(`T${used + 1}`));
      expect(readings[0]?.isUnreadable).toBe(true);
      for (const { usage, isUnreadable } of readings.slice(1)) {
        expect(isUnreadable).toBeUndefined();
        expect([...usage.values()]).toEqual([{ amountMinor: 100 * used, count: used }]);
      }
    }
    // nothing was reserved of the broken one
    await store.release(chunk('T2'));
    expect(said).toHaveLength(2);
    expect(said[0]).toMatchObject({ code: 'FEATURE_STORE_CORRUPT', context: { keys: [counter] } });
    await client.del(counter as string);
    const [mended, other] = await store.recordAndRead([of('broken', 'T3'), of('C0', 'T3')]);
    expect(mended?.isUnreadable).toBeUndefined();
    expect([...(other?.usage.values() ?? [])]).toEqual([{ amountMinor: 100, count: 1 }]);
  });

  it('says that it is unavailable, with the cause, when Redis cannot be reached', async () => {
    const lost = new Redis('/nowhere/redis.sock', {
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    lost.on('error', () => undefined);
    const store = createRedisLimitUsageStore({ client: lost, keyPrefix: 'x:' });
    const failure = await store.recordAndRead([aLimitRecord('T1')]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(VigilError);
    expect(failure).toMatchObject({ code: 'FEATURE_STORE_UNAVAILABLE' });
    lost.disconnect();
  });
});
