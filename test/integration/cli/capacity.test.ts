/** `vigil capacity --redis`: the estimate beside MEMORY USAGE of what a store has really written. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCapacity } from '../../../src/cli/capacity.ts';
import type { MemorySample } from '../../../src/cli/capacity-sample.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { createRedisLimitUsageStore } from '../../../src/rules/limits/adapters/redis-limit-usage-store.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { catalogueOf, hardStream } from '../../helpers/feature-cases.ts';
import { type RedisServer, startRedis } from '../../helpers/servers/redis.ts';

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const features = catalogueOf([
  'name: sum_30d, entity: [customer], aggregate: sum, of: amountMinor, window: 30d',
  'name: payees_30d, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: 30d',
]);

describe('vigil capacity --redis', () => {
  it('measures each kind of key and says how close the estimate is', async () => {
    const shipped = await shippedConfiguration();
    const configuration = { ...shipped, features };
    const { keyPrefix } = configuration.settings.redis;
    const store = createRedisFeatureStore({ client: redis, catalogue: features, keyPrefix });
    const limits = createRedisLimitUsageStore({ client: redis, keyPrefix: `${keyPrefix}:` });
    const customers = 100;
    const stream = [
      ...hardStream({
        seed: 5,
        events: 2_000,
        customers,
        counterparties: 50,
        devices: 30,
        meanGapMs: 10_000,
        amounts: 'mixed',
      }),
    ];
    const all = new Set<string>();
    const counted = new Set<string>();
    for (let start = 0; start < stream.length; start += 100) {
      const chunk = stream.slice(start, start + 100);
      const readings = await store.recordAndRead(chunk);
      chunk.forEach(({ transaction }, index) => {
        all.add(transaction.transactionId);
        if (readings[index]?.flags.includes('TOO_LATE') === false) counted.add(transaction.transactionId);
      });
      await limits.recordAndRead(chunk.map(({ transaction }) => shipped.generation.limitRecord(transaction)));
      await store.settle(
        chunk.map(({ transaction: { channel, transactionId }, fingerprint }) => ({
          channel,
          transactionId,
          fingerprint,
          decision: 'x'.repeat(4_000),
        })),
      );
    }
    const lines: string[] = [];
    const io = { out: (line: string) => void lines.push(line), note: () => undefined, isTerminal: false };
    const options = {
      customers,
      rate: 1,
      transactionBytes: 600,
      decisionBytes: 4_000,
      newMembers: 0.9,
      corrected: 0,
      entities: [],
      redis: `unix:${server.url}`,
    };
    await runCapacity({ ...options, sample: 1_000, configuration, json: true }, io);
    const report = JSON.parse(lines.join('')) as {
      rows: { name: string; bytesPerEntity: number; bytesPerEvent: number; measured?: MemorySample }[];
      others: MemorySample[];
    };
    const logs = report.rows.filter(({ name }) => name.startsWith('customer:'));
    expect(logs.length).toBeGreaterThan(0);
    for (const { measured, bytesPerEntity, bytesPerEvent } of logs) {
      expect([measured?.keys, measured?.measured]).toEqual([customers, customers]);
      // each once: repeats are no records, nor is what came too late
      expect(measured?.events).toBe(counted.size);
      const ratio = (customers * bytesPerEntity + counted.size * bytesPerEvent) / (measured?.bytes ?? 0);
      expect(ratio).toBeGreaterThan(0.6);
      expect(ratio).toBeLessThan(1.5);
    }
    const slots = report.rows.find(({ name }) => name === 'slots');
    expect(slots?.measured?.measured).toBe(1_000); // of all: the sample is bounded
    expect(slots?.measured?.keys).toBe(all.size);
    expect(slots?.measured?.bytes).toBeGreaterThan(1_000 * 4_000);
    expect(report.others.map(({ name }) => name)).toEqual(['limits']);
    expect(report.rows.find(({ name }) => name === 'state')?.measured?.keys).toBe(1);
    lines.length = 0;
    await runCapacity({ ...options, sample: 50, configuration }, io);
    expect(lines.join('\n')).toMatch(/MEMORY USAGE[\s\S]*customer:\S+ +100 +50 .* % of it[\s\S]*slots[\s\S]*limits/);
  });
});
