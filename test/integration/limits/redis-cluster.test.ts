/** The limit usage store on three primaries: no call crosses a slot, and a slot that moves away surfaces no error. */
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisLimitUsageStore } from '../../../src/rules/limits/adapters/redis-limit-usage-store.ts';
import { limitUsageSuite } from '../../conformance/limit-usage-suite.ts';
import { aCounter, aLimitRecord } from '../../helpers/a-limit.ts';
import { freePorts } from '../../helpers/servers/free-ports.ts';
import { type RedisServer, startRedis } from '../../helpers/servers/redis.ts';

const SLOTS = 16_384;
let servers: RedisServer[] = [];
let admins: Redis[] = [];
let cluster: Cluster;
let stores = 0;

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 20_000;
  while (!(await isTrue())) {
    if (Date.now() > deadlineMs) throw new Error('the cluster does not come up');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

beforeAll(async () => {
  const ports = await freePorts(6);
  servers = await Promise.all(
    [0, 1, 2].map((index) => {
      const args = [
        '--cluster-enabled',
        'yes',
        '--cluster-port',
        String(ports[index + 3]),
        '--cluster-node-timeout',
        '2000',
      ];
      return startRedis({ port: ports[index] ?? 0, args });
    }),
  );
  admins = servers.map((server) => new Redis(server.url));
  await Promise.all(
    admins.map((admin, index) =>
      admin.call(
        'CLUSTER',
        'ADDSLOTSRANGE',
        Math.floor((index * SLOTS) / 3),
        Math.floor(((index + 1) * SLOTS) / 3) - 1,
      ),
    ),
  );
  const [first, ...others] = admins;
  for (const index of others.keys())
    await first?.call('CLUSTER', 'MEET', '127.0.0.1', ports[index + 1] ?? 0, ports[index + 4] ?? 0);
  await until(async () => {
    const states = await Promise.all(admins.map((admin) => admin.call('CLUSTER', 'INFO')));
    return states.every(
      (state) => /cluster_state:ok/.test(String(state)) && /cluster_known_nodes:3/.test(String(state)),
    );
  });
  cluster = new Cluster([{ host: '127.0.0.1', port: ports[0] ?? 0 }]);
});

afterAll(async () => {
  cluster?.disconnect();
  for (const admin of admins) admin.disconnect();
  await Promise.all(servers.map((server) => server.stop()));
});

limitUsageSuite('Redis Cluster', async () =>
  createRedisLimitUsageStore({ client: cluster, keyPrefix: `c${stores++}:` }),
);

describe('the limit usage store on Redis Cluster', () => {
  it('spreads customers over all primaries and keeps counting while a slot moves', async () => {
    const store = createRedisLimitUsageStore({ client: cluster, keyPrefix: 'move:' });
    const payments = (id: string) =>
      Array.from({ length: 200 }, (_, i) =>
        aLimitRecord(id, { counters: [aCounter({ owner: { kind: 'customer', id: `C${i}` } })] }),
      );
    await store.recordAndRead(payments('T1'));
    const sizes = await Promise.all(admins.map((admin) => admin.dbsize()));
    expect(
      sizes.every((size) => size > 0),
      `keys on each primary: ${sizes.join(', ')}`,
    ).toBe(true);

    const [source, target, slot, keys] = await startMoving('move:');
    await move(source, keys);
    await finishMoving(slot, target);
    const readings = await store.recordAndRead(payments('T2'));
    expect(readings.map((reading) => [...reading.usage.values()])).toEqual(
      Array(200).fill([{ amountMinor: 100, count: 1 }]),
    );
  });

  it('waits while the keys of a customer are here and there, and never takes a moved counter for an empty one', async () => {
    const store = createRedisLimitUsageStore({ client: cluster, keyPrefix: 'half:' });
    const payment = (id: string, n: number) => {
      const owner = { kind: 'customer', id: `C${n}` } as const;
      return aLimitRecord(id, { counters: [aCounter({ owner }), aCounter({ owner, period: 'month' })] });
    };
    const customers = Array.from({ length: 60 }, (_, n) => n);
    await store.recordAndRead(customers.map((n) => payment('T1', n)));
    const [source, target, slot, keys] = await startMoving('half:');
    await move(
      source,
      keys.filter((key) => key.includes(':day')),
    );
    let isFinished = false;
    const finishing = new Promise((resolve) => setTimeout(resolve, 400)).then(async () => {
      await move(
        source,
        keys.filter((key) => !key.includes(':day')),
      );
      await finishMoving(slot, target);
      isFinished = true;
    });
    const readings = await store.recordAndRead(customers.map((n) => payment('T2', n)));
    expect(isFinished).toBe(true);
    await finishing;
    expect(readings.map((reading) => [...reading.usage.values()])).toEqual(
      Array(60).fill(Array(2).fill({ amountMinor: 100, count: 1 })),
    );
  });
});

/** Begins to move a slot of the first primary that holds keys of this prefix to the second one. */
async function startMoving(prefix: string): Promise<[source: Redis, target: Redis, slot: number, keys: string[]]> {
  const [source, target] = admins;
  if (source === undefined || target === undefined) throw new Error('no servers');
  const [sourceId, targetId] = (await Promise.all([source, target].map((admin) => admin.call('CLUSTER', 'MYID')))).map(
    String,
  );
  const [key] = await source.keys(`${prefix}*`);
  const slot = Number(await source.call('CLUSTER', 'KEYSLOT', key ?? ''));
  await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId ?? '');
  await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId ?? '');
  return [source, target, slot, (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 10_000)) as string[]];
}

async function move(source: Redis, keys: readonly string[]): Promise<void> {
  await source.call('MIGRATE', '127.0.0.1', servers[1]?.port ?? 0, '', 0, 5000, 'KEYS', ...keys);
}

async function finishMoving(slot: number, target: Redis): Promise<void> {
  const id = String(await target.call('CLUSTER', 'MYID'));
  for (const admin of [target, ...admins.filter((other) => other !== target)]) {
    await admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', id);
  }
}
