/** The script of every chunk as a function of a library: loaded where it is missing, done without where it is refused. */
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ParsedTransaction } from '../../../src/domain/transaction.ts';
import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../../src/features/redis-feature-store.ts';
import { catalogueOf, DAY, FULL_CATALOGUE, HOUR, hardStream } from '../../helpers/feature-cases.ts';
import { type RedisServer, startRedis } from '../../helpers/servers/redis.ts';

let server: RedisServer;
let admin: Redis;
const clients: Redis[] = [];

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await admin.flushall();
  await admin.function('FLUSH');
  await admin.config('RESETSTAT');
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

function connect(username?: string): Redis {
  const client = new Redis(server.url, username === undefined ? {} : { username, password: 'p' });
  clients.push(client);
  return client;
}

const chunks = (seed: number): ParsedTransaction[][] => {
  const all = [
    ...hardStream({
      seed,
      events: 300,
      customers: 5,
      counterparties: 9,
      devices: 5,
      meanGapMs: 60_000,
      amounts: 'mixed',
    }),
  ];
  return Array.from({ length: 30 }, (_, index) => all.slice(index * 10, index * 10 + 10));
};

function aStore(client: Redis, catalogue = FULL_CATALOGUE, keyPrefix = 'vigil') {
  const remote = createRedisFeatureStore({ client, catalogue, keyPrefix });
  const twin = createMemoryFeatureStore({ catalogue });
  return async (chunk: readonly ParsedTransaction[]) =>
    expect(await remote.recordAndRead(chunk)).toEqual(await twin.recordAndRead(chunk));
}

/** with those that were refused */
async function callsOf(command: string): Promise<number> {
  const stats = await admin.info('commandstats');
  const line = stats.split('\r\n').find((each) => each.startsWith(`cmdstat_${command}:`)) ?? '';
  const read = (name: string): number => Number(new RegExp(`\\b${name}=(\\d+)`).exec(line)?.[1] ?? 0);
  return read('calls') + read('rejected_calls');
}

const libraries = async (): Promise<number> => ((await admin.function('LIST')) as unknown[]).length;

describe('the function that records and reads', () => {
  it('is loaded by the first call, which goes as a script, and called from then on', async () => {
    const equals = aStore(connect());
    const [first = [], ...others] = chunks(1);
    await equals(first);
    expect(await libraries()).toBe(1);
    await admin.config('RESETSTAT');
    for (const chunk of others) await equals(chunk);
    expect(await callsOf('fcall')).toBe(others.length);
    expect(await callsOf('eval')).toBe(0);
  });

  it('is loaded again after the functions were flushed, and nothing is counted twice', async () => {
    const equals = aStore(connect());
    for (const chunk of chunks(2)) {
      await admin.function('FLUSH');
      await equals(chunk);
    }
    expect(await libraries()).toBe(1);
  });

  it.each([
    { what: 'load', rule: '-function' },
    { what: 'call', rule: '-fcall' },
    { what: 'load or call', rule: '-@scripting +eval +evalsha' },
  ])('is done without for a user who may not $what functions', async ({ rule }) => {
    await admin.call('acl', 'setuser', 'narrow', 'reset', 'on', '>p', '~*', '+@all', ...rule.split(' '));
    const equals = aStore(connect('narrow'));
    const all = chunks(3);
    for (const chunk of all.slice(0, 5)) await equals(chunk);
    await admin.config('RESETSTAT');
    for (const chunk of all.slice(5)) await equals(chunk);
    // other scripts come beside it
    expect(await callsOf('evalsha')).toBeGreaterThanOrEqual(25);
    for (const other of ['eval', 'fcall', 'function|load']) expect(await callsOf(other)).toBe(0);
    expect(await libraries()).toBe(0);
  });

  it('is called by a user who has no more rights than SECURITY.md names', async () => {
    const page = readFileSync(new URL('../../../SECURITY.md', import.meta.url), 'utf8');
    const rules = /a user with `([^`]+)`/.exec(page)?.[1] ?? '';
    await admin.call('acl', 'setuser', 'named', 'reset', 'on', '>p', ...rules.split(' '));
    const equals = aStore(connect('named'));
    const [first = [], ...others] = chunks(5);
    await equals(first);
    await admin.config('RESETSTAT');
    for (const chunk of others) await equals(chunk);
    expect(await callsOf('fcall')).toBe(others.length);
  });

  it('knows more catalogues than it keeps in mind, each from the others', async () => {
    const client = connect();
    const aggregates = ['count', 'sum, of: amountMinor', 'max, of: amountMinor', 'distinct, of: device.id'];
    const stores = Array.from({ length: 20 }, (_, index) =>
      aStore(
        client,
        catalogueOf(
          [`name: a, entity: [customer], aggregate: ${aggregates[index % 4]}, window: ${index + 1}h`],
          HOUR,
          DAY,
        ),
        `catalogue-${index}`,
      ),
    );
    for (const chunk of chunks(4).slice(0, 12)) for (const equals of stores) await equals(chunk);
    expect(await callsOf('fcall')).toBeGreaterThan(200);
  });
});
