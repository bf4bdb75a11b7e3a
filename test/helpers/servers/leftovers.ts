/** Removes what a run made on servers that outlive it: its topics, its keys, its databases, all named after the run. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { testAdmin } from './kafka-admin.ts';
import type { ProvidedServer } from './provide-server.ts';
import { runPrefix } from './run-prefix.ts';

interface Servers {
  readonly kafka: ProvidedServer;
  readonly redis: ProvidedServer;
  readonly postgres: ProvidedServer;
  readonly testRunId: string;
}

export async function removeLeftovers({ kafka, redis, postgres, testRunId }: Servers): Promise<void> {
  const prefix = runPrefix(testRunId);
  if (kafka.isExternal) await removeTopics(kafka.url, prefix);
  if (redis.isExternal) await removeKeys(redis.url, prefix);
  if (postgres.isExternal) await removeDatabases(postgres.url, prefix.replaceAll('-', '_'));
}

async function removeTopics(brokers: string, prefix: string): Promise<void> {
  const admin = testAdmin(brokers);
  try {
    await admin.connect();
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  try {
    for await (const keys of redis.scanStream({ match: `*${prefix}*`, count: 1000 })) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
  } finally {
    redis.disconnect();
  }
}

async function removeDatabases(url: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    );
    for (const { datname } of found.rows) {
      await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(datname)} WITH (FORCE)`);
    }
  } finally {
    await client.end();
  }
}
