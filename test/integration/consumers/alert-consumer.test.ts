/**
 * Decisions from a real Kafka into a real Postgres that is killed, cut off, and whose commit acknowledgements get lost:
 * every alert row has its decision, every alerting decision its row, exactly once.
 */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { createPostgresAlertStore } from '../../../src/alerts/postgres-alert-store.ts';
import { migrate } from '../../../src/alerts/postgres-migrate.ts';
import { type AlertConsumerOptions, startAlertConsumer } from '../../../src/consumers/alert-consumer.ts';
import { type ConsumerEvents, silentEvents } from '../../../src/consumers/consumer-events.ts';
import { createKafkaBus } from '../../../src/consumers/kafka-bus.ts';
import { testAdmin } from '../../helpers/servers/kafka-admin.ts';
import { ownTopics } from '../../helpers/servers/own.ts';
import { databaseUrl, type PostgresServer, startPostgres } from '../../helpers/servers/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../../helpers/servers/tcp-proxy.ts';
import { aDecision, aProvisionalDecision } from '../../unit/alerts/a-decision.ts';
import { readTopic } from './members.ts';

const clock = { now: () => Date.now() };
const PARTITIONS = 2;
let postgres: PostgresServer;
let proxy: TcpProxy;
let databases = 0;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres({ durable: true });
  proxy = await startTcpProxy({ path: postgres.socketPath });
});
afterEach(async () => {
  proxy.pass();
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(async () => {
  await proxy.close();
  await postgres.stop();
});

async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function setUp(overrides: Partial<AlertConsumerOptions> = {}, events: Partial<ConsumerEvents> = {}) {
  const name = `alerts_${databases++}`;
  await query(postgres.url, `CREATE DATABASE ${name}`);
  const direct = databaseUrl(postgres.url, name);
  await migrate(direct);
  const topics = ownTopics('alerts');
  const [decisions = '', deadLetters = ''] = await topics.create({ decisions: { partitions: PARTITIONS }, dead: {} });
  const all = { ...silentEvents, ...events };
  const store = createPostgresAlertStore({
    connection: `postgresql://postgres@127.0.0.1:${proxy.port}/${name}`,
    poolSize: 4,
    statementTimeoutMs: 800,
    queryTimeoutMs: 1_000,
    clock,
  });
  closers.push(() => store.close());
  const connection = { brokers: inject('kafkaBrokers').split(','), clientId: 'alerts-test' };
  const retry = { initialMs: 20, maxMs: 200 };
  const consumer = { heartbeatIntervalMs: 300, sessionTimeoutMs: 6_000, retry };
  const newBus = () => createKafkaBus({ connection, clock, events: all, consumer });
  const start = async (extra: Partial<AlertConsumerOptions> = {}) => {
    const bus = newBus();
    closers.push(() => bus.close());
    const names = { decisions, deadLetters };
    const group = `${decisions}-g`;
    return startAlertConsumer({ bus, topics: names, group, maxChunk: 50, store, events: all, ...overrides, ...extra });
  };
  const publisher = newBus();
  closers.push(() => publisher.close());
  /** numbered from `from`; every third raises no alert, every tenth is the fallback of a refused message */
  const publish = (from: number, to: number): Promise<void> =>
    publisher.publish(
      decisions,
      Array.from({ length: to - from }, (_, index) => message(from + index)),
    );
  const decided = async (): Promise<number> => {
    const [row] = await query<{ n: number }>(direct, 'SELECT count(*)::int AS n FROM decisions');
    return row?.n ?? 0;
  };
  return { direct, decisions, deadLetters, brokers: topics.brokers, store, start, publisher, publish, decided };
}

const raisesAlert = (index: number): boolean => index % 3 !== 0 && index % 10 !== 0;

function message(index: number) {
  const transactionId = `T-${index}`;
  const customerId = `C${index % 30}`;
  const decision =
    index % 10 === 0
      ? aProvisionalDecision({ transactionId, customerId })
      : aDecision({ transactionId, customerId, alert: raisesAlert(index) });
  return { key: customerId, value: Buffer.from(JSON.stringify(decision)) };
}

/** Rows counted in the database itself: alerts = alerting decisions, both ways, each once. */
async function expectExact(direct: string, total: number): Promise<void> {
  const alerting = Array.from({ length: total }, (_, index) => index).filter(raisesAlert).length;
  const [rows] = await query(
    direct,
    `SELECT (SELECT count(*)::int FROM decisions) AS decisions,
            (SELECT count(DISTINCT transaction_id)::int FROM decisions) AS transactions,
            (SELECT count(*)::int FROM alerts) AS alerts,
            (SELECT count(*)::int FROM alerts a JOIN decisions d USING (decision_id) WHERE d.alert) AS matched,
            (SELECT sum(next_offset)::int FROM consumer_offsets) AS offsets`,
  );
  expect(rows).toMatchObject({ decisions: total, transactions: total, alerts: alerting, matched: alerting });
}

describe('the alert consumer on real servers', () => {
  it('writes every decision of a topic that was made anew, while it ran and while it was away', async () => {
    const lost: { from: bigint; to: bigint }[] = [];
    const { direct, decisions, brokers, start, publish, decided } = await setUp(
      {},
      {
        offsetsLost: (event) => void lost.push(event),
      },
    );
    const makeAnew = async (): Promise<void> => {
      const admin = testAdmin(brokers);
      await admin.connect();
      await admin.deleteTopics({ topics: [decisions] });
      await expect.poll(async () => (await admin.listTopics()).includes(decisions), { timeout: 10_000 }).toBe(false);
      await admin.createTopics({ waitForLeaders: true, topics: [{ topic: decisions, numPartitions: PARTITIONS }] });
      await admin.disconnect();
    };
    const first = await start();
    await publish(0, 120);
    await expect.poll(decided, { timeout: 15_000 }).toBe(120);
    await makeAnew();
    await publish(120, 150); // fewer than were read: every offset looks as if it were written
    await expect.poll(decided, { timeout: 30_000 }).toBe(150);
    await first.stop();
    await makeAnew();
    await publish(150, 165);
    const second = await start();
    await expect.poll(decided, { timeout: 30_000 }).toBe(165);
    await second.stop();
    await expectExact(direct, 165);
    expect(lost.length).toBeGreaterThanOrEqual(3);
  });

  it('catches up after Postgres was killed and started again, without a restart of its own', async () => {
    const { direct, start, publish, decided } = await setUp();
    const subscription = await start();
    await publish(0, 100);
    await expect.poll(decided, { timeout: 15_000 }).toBe(100);
    await postgres.kill();
    await publish(100, 400);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await postgres.restart();
    await expect.poll(decided, { timeout: 20_000 }).toBe(400);
    await subscription.stop();
    await expectExact(direct, 400);
  });

  it('writes each row once although acknowledgements of commits get lost', async () => {
    const retried: unknown[] = [];
    const { direct, start, publish, decided } = await setUp({}, { chunkRetried: (event) => void retried.push(event) });
    const lostBefore = proxy.lostReplies();
    const subscription = await start({ maxChunk: 10 });
    proxy.loseReplies({ request: (bytes) => bytes.includes('COMMIT'), times: 5 });
    await publish(0, 200);
    await expect.poll(decided, { timeout: 20_000 }).toBe(200);
    await expect.poll(() => proxy.lostReplies() - lostBefore, { timeout: 10_000 }).toBe(5);
    await subscription.stop();
    expect(retried.length).toBeGreaterThan(0);
    await expectExact(direct, 200);
  });

  it('waits behind a black hole, and goes on where it was', async () => {
    const { direct, start, publish, decided } = await setUp();
    const subscription = await start();
    await publish(0, 50);
    await expect.poll(decided, { timeout: 15_000 }).toBe(50);
    proxy.blackHole();
    await publish(50, 150);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await decided()).toBe(50);
    proxy.cut();
    proxy.pass();
    await expect.poll(decided, { timeout: 20_000 }).toBe(150);
    await subscription.stop();
    await expectExact(direct, 150);
  });

  it('begins at its own offset after dying between the database and the bus', async () => {
    const { direct, start, publish, decided } = await setUp();
    await publish(0, 120);
    let passed = 0;
    const dying = await start({
      maxChunk: 20,
      failpoint: (name) => {
        if (name === 'recorded' && ++passed === 2) throw new Error('died after the commit');
      },
    });
    await expect(dying.finished).rejects.toThrow('died after the commit');
    const healthy = await start();
    await expect.poll(decided, { timeout: 20_000 }).toBe(120);
    await healthy.stop();
    await expectExact(direct, 120);
  });

  it('doubles nothing when the whole topic is delivered again', async () => {
    const { direct, start, publish, decided } = await setUp();
    await publish(0, 100);
    const first = await start();
    await expect.poll(decided, { timeout: 15_000 }).toBe(100);
    await first.stop();
    await query(direct, 'DELETE FROM consumer_offsets');
    await publish(0, 110);
    const again = await start();
    await expect.poll(decided, { timeout: 15_000 }).toBe(110);
    await again.stop();
    await expectExact(direct, 110);
  });

  it('buries what is no decision and records its neighbours', async () => {
    const { direct, brokers, deadLetters, decisions, start, publish, publisher, decided } = await setUp();
    await publish(0, 10);
    await publisher.publish(decisions, [
      { key: 'C1', value: Buffer.from('{"schemaVersion":9}') },
      { key: 'C2', value: null },
      { key: 'C3', value: Buffer.from([0xff, 0xfe]) },
    ]);
    await publish(10, 20);
    const subscription = await start();
    await expect.poll(decided, { timeout: 15_000 }).toBe(20);
    await subscription.stop();
    await expectExact(direct, 20);
    expect((await readTopic(brokers, deadLetters)).length).toBe(3);
  });

  it('shares the partitions with a second member, and hands them over', async () => {
    const { direct, start, publish, decided } = await setUp();
    const first = await start();
    await publish(0, 100);
    await expect.poll(decided, { timeout: 15_000 }).toBe(100);
    const second = await start();
    await publish(100, 200);
    await expect.poll(decided, { timeout: 15_000 }).toBe(200);
    await first.stop();
    await publish(200, 300);
    await expect.poll(decided, { timeout: 15_000 }).toBe(300);
    await second.stop();
    await expectExact(direct, 300);
  });
});
