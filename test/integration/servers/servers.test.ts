import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { testAdmin } from '../../helpers/servers/kafka-admin.ts';
import { removeLeftovers } from '../../helpers/servers/leftovers.ts';
import { ownDatabase, ownKeyPrefix, ownTopics } from '../../helpers/servers/own.ts';
import { databaseUrl, startPostgres } from '../../helpers/servers/postgres.ts';
import { startRedis } from '../../helpers/servers/redis.ts';
import { runPrefix } from '../../helpers/servers/run-prefix.ts';

const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the shared servers', () => {
  it('give a test file topics of its own on a real broker', async () => {
    const topics = ownTopics('servers');
    const [first, second] = await topics.create({
      one: { partitions: 3 },
      two: { config: { 'retention.ms': '60000' } },
    });
    const admin = testAdmin(topics.brokers);
    await admin.connect();
    closers.push(() => admin.disconnect());
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [first ?? '', second ?? ''] });
    const partitions = new Map(found.map((topic) => [topic.name, topic.partitions.length]));
    expect([partitions.get(first ?? ''), partitions.get(second ?? '')]).toEqual([3, 1]);
    expect(first).toBe(topics.name('one'));
  });

  it('refuse a topic that nobody created', async () => {
    const kafka = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING, retry: { retries: 1 } });
    const producer = kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    closers.push(() => producer.disconnect());
    await expect(producer.send({ topic: 'nobody-created-this', messages: [{ value: 'x' }] })).rejects.toThrow(
      'This server does not host this topic-partition',
    );
  });

  it('give a test file a key prefix of its own on a real Redis', async () => {
    const redis = new Redis(inject('redisUrl'));
    closers.push(() => redis.quit());
    const [mine, other] = [ownKeyPrefix(), ownKeyPrefix()];
    await redis.set(`${mine}a`, '1');
    expect(await redis.get(`${mine}a`)).toBe('1');
    expect(await redis.get(`${other}a`)).toBeNull();
  });

  it('copy one database per test file from a template that is migrated once', async () => {
    let migrations = 0;
    const migrate = async (url: string): Promise<void> => {
      migrations++;
      await query(url, 'CREATE TABLE thing (id int)');
    };
    const databases = await Promise.all([1, 2, 3].map(() => ownDatabase('servers_test', migrate)));
    for (const [index, { url }] of databases.entries()) {
      await query(url, `INSERT INTO thing SELECT generate_series(0, ${index})`);
    }
    const counts = await Promise.all(databases.map(({ url }) => query(url, 'SELECT count(*)::int AS n FROM thing')));
    expect(counts).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
    expect(migrations).toBe(1);
    await databases[0]?.drop();
    await expect(query(databases[0]?.url ?? '', 'SELECT 1')).rejects.toThrow('does not exist');
  });

  it('build the template again after a migration that failed half-way', async () => {
    const half = async (url: string): Promise<void> => {
      await query(url, 'CREATE TABLE thing (id int)');
      throw new Error('half-way');
    };
    await expect(ownDatabase('servers_half', half)).rejects.toThrow('half-way');
    const database = await ownDatabase('servers_half', async (url) => {
      await query(url, 'CREATE TABLE thing (id int)');
    });
    expect(await query(database.url, 'SELECT * FROM thing')).toEqual([]);
  });
});

describe('the end of a run on servers that outlive it', () => {
  it('removes what the run has made, and nothing else', async () => {
    const testRunId = randomBytes(4).toString('hex');
    const [mine, others] = [runPrefix(testRunId), ownTopics('others')];
    const [kept = ''] = await others.create({ kept: {} });
    const admin = testAdmin(others.brokers);
    await admin.connect();
    closers.push(() => admin.disconnect());
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic: `${mine}t` }] });
    const redis = new Redis(inject('redisUrl'));
    closers.push(() => redis.quit());
    const otherKey = `${ownKeyPrefix()}kept`;
    await redis.mset(`${mine}a`, '1', `{shard}${mine}b`, '1', otherKey, '1');
    const database = `${mine.replaceAll('-', '_')}db`;
    await query(inject('postgresUrl'), `CREATE DATABASE ${database}`);
    const external = (url: string) => ({ url, origin: 'somewhere', isExternal: true, stop: async () => undefined });
    await removeLeftovers({
      kafka: external(others.brokers),
      redis: external(inject('redisUrl')),
      postgres: external(inject('postgresUrl')),
      testRunId,
    });
    const topics = await admin.listTopics();
    expect([topics.includes(`${mine}t`), topics.includes(kept)]).toEqual([false, true]);
    expect(await redis.exists(`${mine}a`, `{shard}${mine}b`)).toBe(0);
    expect(await redis.get(otherKey)).toBe('1');
    const found = await query(inject('postgresUrl'), `SELECT 1 FROM pg_database WHERE datname = '${database}'`);
    expect(found).toEqual([]);
  });
});

describe('private servers for fault tests', () => {
  it('kill and restart a Redis on the same socket', async () => {
    const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    closers.push(() => redis.stop());
    const client = new Redis(redis.url, { retryStrategy: () => 20 });
    client.on('error', () => undefined);
    closers.push(() => client.quit());
    await client.set('a', '1');
    const before = redis.pid();
    await redis.kill();
    await redis.restart();
    expect(redis.pid()).not.toBe(before);
    expect(await client.get('a')).toBe('1');
  });

  it('kill and restart a Postgres that keeps what was committed', async () => {
    const postgres = await startPostgres({ durable: true });
    closers.push(() => postgres.stop());
    await query(postgres.url, 'CREATE DATABASE kept');
    const url = databaseUrl(postgres.url, 'kept');
    await query(url, 'CREATE TABLE thing AS SELECT 7 AS id');
    await postgres.kill();
    await postgres.restart();
    expect(await query(url, 'SELECT id FROM thing')).toEqual([{ id: 7 }]);
  });
});
