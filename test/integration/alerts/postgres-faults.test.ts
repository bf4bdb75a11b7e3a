/** What an outage does to the alert store: nothing is lost, nothing doubled, the process lives. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/alerts/embedded-postgres.ts';
import type { AuditedAlertStore } from '../../../src/alerts/memory-alert-store.ts';
import { createPostgresAlertStore } from '../../../src/alerts/postgres-alert-store.ts';
import type { AlertAction } from '../../../src/domain/alert.ts';
import { startTcpProxy, type TcpProxy } from '../../helpers/servers/tcp-proxy.ts';
import { aBatch, aDecision } from '../../unit/alerts/a-decision.ts';
import { type OwnAlertDatabase, ownAlertDatabase } from './own-store.ts';

const clock = { now: () => Date.parse('2026-11-20T03:00:00.000Z') };
const decisions = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => aDecision({ transactionId: `T-${from + n}` }));

let server: EmbeddedPostgres;
let database: OwnAlertDatabase;
let proxy: TcpProxy;
let store: AuditedAlertStore;

beforeAll(async () => {
  server = await startEmbeddedPostgres();
  database = await ownAlertDatabase(server.connection);
});
afterAll(async () => {
  await database.remove();
  await server.stop();
});
beforeEach(async () => {
  await database.reset();
  proxy = await startTcpProxy({ path: `${server.connection.host}/.s.PGSQL.5432` });
  store = createPostgresAlertStore({
    connection: {
      ...server.connection,
      database: String(database.config.database),
      host: '127.0.0.1',
      port: proxy.port,
    },
    clock,
    statementTimeoutMs: 600,
    queryTimeoutMs: 900,
    connectTimeoutMs: 500,
  });
});
afterEach(async () => {
  await store.close();
  await proxy.close();
});

const rows = async (sql: string): Promise<number> => Number((await database.admin.query(sql)).rows[0]?.n);
const everything = async () => ({
  decisions: await rows('SELECT count(*) AS n FROM decisions'),
  keys: await rows('SELECT count(*) AS n FROM decision_keys'),
  alerts: await rows('SELECT count(*) AS n FROM alerts'),
  next: await rows('SELECT coalesce(max(next_offset), -1) AS n FROM consumer_offsets'),
});

/** As the alert consumer does: the same batch until it is taken. */
async function untilRecorded(batch: ReturnType<typeof aBatch>): Promise<number> {
  for (let failures = 0; ; failures += 1) {
    try {
      await store.record(batch);
      return failures;
    } catch (error) {
      expect(error).toMatchObject({ code: 'ALERT_STORE_UNAVAILABLE', retriable: true });
      if (failures > 100) throw error;
      await sleep(20);
    }
  }
}

describe('the Postgres alert store in an outage', () => {
  it('says ALERT_STORE_UNAVAILABLE while the server refuses connections, and goes on afterwards', async () => {
    proxy.refuse();
    await expect(store.record(aBatch(decisions(0, 3)))).rejects.toMatchObject({ code: 'ALERT_STORE_UNAVAILABLE' });
    await expect(store.alerts({ limit: 5 })).rejects.toMatchObject({ code: 'ALERT_STORE_UNAVAILABLE' });
    await expect(store.nextOffset('vigil.decisions', 0)).rejects.toMatchObject({ retriable: true });
    proxy.pass();
    expect(await store.record(aBatch(decisions(0, 3)))).toEqual({ newAlerts: 3, newDecisions: 3 });
  });

  it('answers within its query timeout when packets vanish, and uses no half-dead connection afterwards', async () => {
    await store.record(aBatch(decisions(0, 1)));
    proxy.blackHole();
    const startedAt = performance.now();
    await expect(store.record(aBatch(decisions(1, 1), { firstOffset: 1n }))).rejects.toMatchObject({
      code: 'ALERT_STORE_UNAVAILABLE',
    });
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    proxy.cut();
    proxy.pass();
    expect(await untilRecorded(aBatch(decisions(1, 1), { firstOffset: 1n }))).toBeLessThan(5);
    expect(await everything()).toEqual({ decisions: 2, keys: 2, alerts: 2, next: 2 });
  });

  it('survives its backends being ended, idle and in the middle of a statement', async () => {
    await store.record(aBatch(decisions(0, 1)));
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vigil'`;
    await database.admin.query(end);
    await sleep(50);
    const busy = untilRecorded(aBatch(decisions(1, 500), { firstOffset: 1n }));
    for (let n = 0; n < 5; n += 1) {
      await sleep(4);
      await database.admin.query(end);
    }
    await busy;
    expect(await everything()).toEqual({ decisions: 501, keys: 501, alerts: 501, next: 501 });
  });

  it('loses and doubles nothing when the acknowledgement of a commit is lost, sixty times', async () => {
    let next = 0;
    let failures = 0;
    const isCommit = (bytes: Buffer): boolean => bytes.includes('COMMIT');
    for (let round = 0; round < 60; round += 1) {
      proxy.loseReplies({ request: isCommit, times: 1 });
      failures += await untilRecorded(aBatch(decisions(next, 5), { firstOffset: BigInt(next) }));
      next += 5;
    }
    expect(proxy.lostReplies()).toBe(60);
    expect(failures).toBe(60);
    expect(await everything()).toEqual({ decisions: 300, keys: 300, alerts: 300, next: 300 });
  });

  it('leaves nothing of a batch behind whose transaction broke before its commit', async () => {
    const isOffset = (bytes: Buffer): boolean => bytes.includes('UPDATE consumer_offsets');
    proxy.loseReplies({ request: isOffset, times: 1 });
    await expect(store.record(aBatch(decisions(0, 5)))).rejects.toMatchObject({ code: 'ALERT_STORE_UNAVAILABLE' });
    expect(await everything()).toEqual({ decisions: 0, keys: 0, alerts: 0, next: -1 });
    proxy.pass();
    await untilRecorded(aBatch(decisions(0, 5)));
    expect(await everything()).toEqual({ decisions: 5, keys: 5, alerts: 5, next: 5 });
  });

  it('waits for a consumer that hangs in its transaction no longer than its statement timeout', async () => {
    await store.record(aBatch(decisions(0, 1)));
    const holder = new pg.Client(database.config);
    holder.on('error', () => undefined);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM consumer_offsets FOR UPDATE');
    const startedAt = performance.now();
    await expect(store.record(aBatch(decisions(1, 1), { firstOffset: 1n }))).rejects.toMatchObject({
      code: 'ALERT_STORE_UNAVAILABLE',
    });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await holder.end();
    await untilRecorded(aBatch(decisions(1, 1), { firstOffset: 1n }));
  });

  it('says that the database is not prepared when its tables are not there', async () => {
    const bare = createPostgresAlertStore({ connection: server.connection, clock });
    await expect(bare.alerts({ limit: 1 })).rejects.toMatchObject({
      code: 'ALERT_STORE_UNAVAILABLE',
      message: expect.stringContaining('run "vigil migrate"'),
    });
    await bare.close();
  });
});

describe('the Postgres audit trail', () => {
  beforeEach(async () => {
    await store.record(aBatch(decisions(0, 4)));
    for (const n of [0, 1, 2, 3]) await store.act(`D-MOBILE_BANKING-T-${n}`, 1, { kind: 'claim' }, 'li');
  });

  it('refuses UPDATE, DELETE and TRUNCATE', async () => {
    const client = new pg.Client(database.config);
    await client.connect();
    for (const sql of ["UPDATE alert_actions SET actor = 'x'", 'DELETE FROM alert_actions', 'TRUNCATE alert_actions']) {
      await expect(client.query(sql)).rejects.toThrow('append-only');
    }
    await client.end();
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 4 });
  });

  it.each([
    ['an edit', "UPDATE alert_actions SET actor = 'wang' WHERE seq = 2", { fault: 'ALTERED', seq: 2 }],
    [
      'an edit of a time by a microsecond',
      "UPDATE alert_actions SET at = at + interval '1 microsecond' WHERE seq = 3",
      { fault: 'ALTERED', seq: 3 },
    ],
    ['a deletion', 'DELETE FROM alert_actions WHERE seq = 2', { fault: 'MISSING', seq: 2 }],
    ['a truncation', 'DELETE FROM alert_actions WHERE seq > 2', { fault: 'TRUNCATED', seq: 3 }],
    ['the removal of all', 'TRUNCATE alert_actions', { fault: 'TRUNCATED', seq: 1 }],
    [
      'a new order',
      'UPDATE alert_actions SET seq = -seq; UPDATE alert_actions SET seq = 5 + seq',
      { fault: 'ALTERED', seq: 1 },
    ],
    ['a removed head', 'DELETE FROM audit_head', { fault: 'ALTERED', seq: 0 }],
  ])('shows %s by someone who has every right on the database', async (_, sql, verdict) => {
    expect(await store.verifyAudit()).toMatchObject({ ok: true });
    // this session fires no triggers
    await database.admin.query(sql);
    expect(await store.verifyAudit()).toMatchObject({ ok: false, ...verdict });
  });

  it.each([
    ['closed past the trail', "UPDATE alerts SET status = 'closed' WHERE transaction_id = 'T-1'"],
    ['given to another', "UPDATE alerts SET assignee = 'wang' WHERE transaction_id = 'T-1'"],
    ['given another note', "UPDATE alerts SET note = 'x' WHERE transaction_id = 'T-1'"],
    [
      'put back to its first state',
      "UPDATE alerts SET status = 'open', assignee = NULL, version = 1 WHERE transaction_id = 'T-1'",
    ],
  ])('shows an alert that was %s', async (_, sql) => {
    await database.admin.query(sql);
    expect(await store.verifyAudit()).toMatchObject({
      ok: false,
      fault: 'STATE',
      seq: 2,
      message: 'the alert D-MOBILE_BANKING-T-1 is not in the state that its last entry names',
    });
  });

  it('is sound after every kind of action', async () => {
    const act = (version: number, action: AlertAction) => store.act('D-MOBILE_BANKING-T-0', version, action, 'li');
    await act(2, { kind: 'release' });
    await act(3, { kind: 'close', disposition: 'genuine', note: 'x' });
    await act(4, { kind: 'reopen', note: 'y' });
    await act(5, { kind: 'claim' });
    await act(6, { kind: 'close', disposition: 'confirmed_fraud' });
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 9 });
  });

  it('shows a cut trail whose head was put back too, from a head that was noted before', async () => {
    const before = await store.verifyAudit();
    if (!before.ok) throw new Error(before.message);
    await database.admin.query('DELETE FROM alert_actions WHERE seq > 2');
    await database.admin.query(
      'UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM alert_actions WHERE seq = 2)',
    );
    await database.admin.query(
      "UPDATE alerts SET status = 'open', assignee = NULL, version = 1 WHERE transaction_id IN ('T-2', 'T-3')",
    );
    expect(await store.verifyAudit()).toMatchObject({ ok: true, entries: 2 });
    expect(await store.verifyAudit(before.head)).toMatchObject({ ok: false, fault: 'TRUNCATED', seq: 3 });
  });
});
