/**
 * Trying out stores nothing: every key of Redis, every row of PostgreSQL and every end of a topic is the same after
 * `POST /v1/dry-run` and `vigil rules try` as before, byte for byte.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, inject, it, onTestFinished } from 'vitest';
import { runRulesTry } from '../../../src/cli/rules-try.ts';
import { createHttpService } from '../../../src/composition/http-service.ts';
import { systemClock } from '../../../src/composition/system-clock.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { Telemetry } from '../../../src/telemetry/events.ts';
import { aMessage } from '../../helpers/a-transaction.ts';
import { type OwnStack, ownStack } from '../../helpers/own-stack.ts';
import { recordingIo } from '../../helpers/recording-io.ts';
import { testAdmin } from '../../helpers/servers/kafka-admin.ts';
import { until } from './live-traffic.ts';

async function redisKeys({ configuration }: OwnStack): Promise<ReadonlyMap<string, string>> {
  const redis = new Redis(inject('redisUrl'));
  try {
    const keys = await redis.keys(`${configuration.settings.redis.keyPrefix}*`);
    const dumps = await Promise.all(keys.sort().map((key) => redis.dumpBuffer(key)));
    return new Map(keys.map((key, index) => [key, dumps[index]?.toString('base64') ?? '']));
  } finally {
    redis.disconnect();
  }
}

/** Without the note of how far the counters are, which each worker writes every two seconds in any case. */
async function postgresRows({ databaseUrl }: OwnStack): Promise<ReadonlyMap<string, string>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables
       WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'feature_store_progress' ORDER BY 1`,
    );
    const rows = new Map<string, string>();
    for (const { name } of tables.rows) {
      const table = client.escapeIdentifier(name);
      const found = await client.query<{ rows: string | null }>(
        `SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) || ' ' || count(*) AS rows FROM ${table} t`,
      );
      rows.set(name, found.rows[0]?.rows ?? 'empty');
    }
    return rows;
  } finally {
    await client.end();
  }
}

async function topicEnds({ topics }: OwnStack): Promise<ReadonlyMap<string, string>> {
  const admin = testAdmin(inject('kafkaBrokers'));
  await admin.connect();
  try {
    const ends = new Map<string, string>();
    for (const topic of Object.values(topics))
      ends.set(topic, JSON.stringify((await admin.fetchTopicOffsets(topic)).map(({ high }) => high)));
    return ends;
  } finally {
    await admin.disconnect();
  }
}

it('a dry run and a trial leave Redis, PostgreSQL and Kafka as they were', async () => {
  let telemetry: Telemetry | undefined;
  const own = await ownStack({
    telemetry: (given) => {
      telemetry = given;
      return given;
    },
  });
  const stack = await own.start();
  if (telemetry === undefined) throw new Error('the stack has no telemetry');
  const server = await createHttpService({
    configuration: own.configuration,
    service: stack.service,
    alerts: stack.alerts,
    telemetry,
    clock: systemClock,
    token: 'test-token',
    version: 'test',
  });
  onTestFinished(async () => {
    await server.close();
    await stack.close();
  });
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
  const post = async (route: string, message: unknown) => {
    const answer = await fetch(`${url}${route}`, {
      method: 'POST',
      headers: { authorization: 'Bearer test-token', 'content-type': 'application/json' },
      body: JSON.stringify(message),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const transfer = (id: string, overrides: Record<string, unknown> = {}) =>
    aMessage({ transactionId: id, customerId: 'C-1', occurredAt: new Date().toISOString(), ...overrides });
  for (const id of ['T-1', 'T-2', 'T-3']) expect((await post('/v1/decisions', transfer(id))).status).toBe(200);
  await until(async () => (await stack.alerts.customerDecisions('C-1', 9)).length === 3);
  const state = async () => ({
    redis: await redisKeys(own),
    postgres: await postgresRows(own),
    kafka: await topicEnds(own),
  });
  // what the decisions still write behind themselves has come to rest when two looks see the same
  let before = await state();
  await until(async () => {
    const seen = before;
    before = await state();
    return JSON.stringify([...before.redis, ...before.postgres]) === JSON.stringify([...seen.redis, ...seen.postgres]);
  });
  expect(before.redis.size).toBeGreaterThan(3);
  expect(before.postgres.get('decisions')).not.toBe('empty');

  // one that is blocked and raises an alert, a repeat, a correction, a refused one
  const grave = transfer('T-9', { amountMinor: 99_000_000, counterparty: { accountId: 'P-9' }, device: { id: 'D-9' } });
  const reversal = transfer('T-10', { type: 'REVERSAL', original: { transactionId: 'T-1' } });
  const { status, body } = await post('/v1/dry-run', grave);
  expect(status).toBe(200);
  expect(body).toMatchObject({ history: { transactions: 3 } });
  expect((body.live as { readonly decision: Decision }).decision).toMatchObject({ outcome: 'BLOCK', alert: true });
  for (const message of [grave, transfer('T-3'), reversal])
    expect((await post('/v1/dry-run', message)).status).toBe(200);
  expect((await post('/v1/dry-run', transfer('T-11', { amountMinor: -1 }))).status).toBe(400);

  const folder = mkdtempSync(path.join(tmpdir(), 'vigil-try-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [event, history] = [path.join(folder, 'event.json'), path.join(folder, 'history.ndjson')];
  writeFileSync(event, JSON.stringify(grave));
  writeFileSync(history, `${JSON.stringify(transfer('T-1'))}\n${JSON.stringify(transfer('T-8'))}\n`);
  expect(await runRulesTry({ configuration: own.configuration, event, history }, recordingIo())).toBe(0);

  expect(await state()).toEqual(before);
});
