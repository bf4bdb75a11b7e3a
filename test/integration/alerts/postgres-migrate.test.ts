import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/alerts/embedded-postgres.ts';
import { createPostgresAlertStore } from '../../../src/alerts/postgres-alert-store.ts';
import { type Migration, migrate, shippedMigrations } from '../../../src/alerts/postgres-migrate.ts';
import { dropOldDecisions } from '../../../src/alerts/postgres-retention.ts';
import { aBatch, aDecision } from '../../unit/alerts/a-decision.ts';

let server: EmbeddedPostgres;
let admin: pg.Client;
let connection: pg.ClientConfig;
beforeAll(async () => {
  server = await startEmbeddedPostgres();
  admin = new pg.Client(server.connection);
  admin.on('error', () => undefined);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await server.stop();
});
beforeEach(async () => {
  const database = `m_${randomBytes(4).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${database}`);
  connection = { ...server.connection, database };
});

const query = async (sql: string): Promise<readonly Record<string, unknown>[]> => {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};
const aMigration = (number: number, sql: string): Migration => ({ number, name: `00${number}-test.sql`, sql });

describe('migrate', () => {
  it('prepares an empty database, and does nothing the second time', async () => {
    const names = shippedMigrations().map((migration) => migration.name);
    expect(await migrate(connection)).toEqual({ applied: names, version: names.length });
    expect(await migrate(connection)).toEqual({ applied: [], version: names.length });
  });

  it('takes a connection string as well', async () => {
    const url = `postgresql://postgres@${encodeURIComponent(server.connection.host)}/${connection.database}`;
    expect((await migrate(url)).applied.length).toBeGreaterThan(0);
  });

  it('run by five processes at once applies each migration once', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(connection)));
    expect(results.flatMap((result) => result.applied)).toEqual(shippedMigrations().map((m) => m.name));
  });

  it('applies what is new and keeps what is there', async () => {
    const first = aMigration(1, 'CREATE TABLE a (x int)');
    const second = aMigration(2, 'ALTER TABLE a ADD COLUMN y int');
    expect(await migrate(connection, [first])).toEqual({ applied: ['001-test.sql'], version: 1 });
    expect(await migrate(connection, [first, second])).toEqual({ applied: ['002-test.sql'], version: 2 });
  });

  it('undoes a migration that fails half-way, and keeps those before it', async () => {
    const good = aMigration(1, 'CREATE TABLE a (x int)');
    const bad = aMigration(2, 'CREATE TABLE b (x int); SELECT 1 / 0');
    await expect(migrate(connection, [good, bad])).rejects.toMatchObject({ code: 'SERVER_MISSING' });
    expect(await query("SELECT to_regclass('a')::text AS a, to_regclass('b')::text AS b")).toEqual([
      { a: 'a', b: null },
    ]);
    expect(await query('SELECT number FROM vigil_migrations')).toEqual([{ number: 1 }]);
  });

  it('refuses a migration that was changed after it had been applied', async () => {
    await migrate(connection, [aMigration(1, 'CREATE TABLE a (x int)')]);
    await expect(migrate(connection, [aMigration(1, 'CREATE TABLE a (x bigint)')])).rejects.toMatchObject({
      code: 'SERVER_MISSING',
      message: expect.stringContaining('001-test.sql was changed'),
    });
  });

  it('refuses a database that a newer Vigil has prepared', async () => {
    await migrate(connection, [aMigration(1, 'SELECT 1'), aMigration(2, 'SELECT 1')]);
    await expect(migrate(connection, [aMigration(1, 'SELECT 1')])).rejects.toMatchObject({
      message: expect.stringContaining('newer Vigil (002-test.sql)'),
    });
  });

  it.each([
    ['nobody listens', { host: '127.0.0.1', port: 1 }, 'PostgreSQL cannot be reached'],
    ['the database is not there', { database: 'nowhere' }, 'The database does not exist'],
    ['the user is not there', { user: 'stranger' }, 'PostgreSQL refuses the user or the password'],
  ])('says in one sentence what to do when %s', async (_, change, sentence) => {
    const failure = migrate({ ...connection, ...change });
    await expect(failure).rejects.toMatchObject({ code: 'SERVER_MISSING', message: expect.stringContaining(sentence) });
    await expect(failure).rejects.toThrow(/: (start it, or correct|create it, or correct|correct) postgres\.url\.$/);
  });

  it('says that the owner must run it when the user may not create tables', async () => {
    await query('CREATE ROLE guest LOGIN');
    await expect(migrate({ ...connection, user: 'guest' })).rejects.toMatchObject({
      code: 'SERVER_MISSING',
      message: expect.stringContaining('as the owner of the database'),
    });
  });
});

describe('the retention', () => {
  it('drops whole months that are over their time, their keys, and no month of an unfinished alert', async () => {
    await migrate(connection);
    const store = createPostgresAlertStore({ connection, clock: { now: () => Date.parse('2026-11-20T00:00:00Z') } });
    const at = (transactionId: string, decidedAt: string, alert: boolean) =>
      aDecision({ transactionId, decidedAt, alert });
    await store.record(
      aBatch([
        at('T-1', '2025-12-31T23:59:59.999Z', false),
        at('T-2', '2026-01-15T00:00:00.000Z', true),
        at('T-3', '2026-08-01T00:00:00.000Z', false),
        at('T-4', '2026-07-31T23:59:59.999Z', false),
        at('T-5', '2026-11-19T00:00:00.000Z', true),
      ]),
    );
    const retain = () => dropOldDecisions({ connection, keepMonths: 3, nowMs: Date.parse('2026-11-20T00:00:00Z') });
    expect(await retain()).toEqual({ dropped: ['2025-12', '2026-07'], heldBack: ['2026-01'], keysRemoved: 2 });
    expect(await store.decision('MOBILE_BANKING', 'T-4')).toBeUndefined();
    expect((await store.decision('MOBILE_BANKING', 'T-3'))?.decision.transactionId).toBe('T-3');
    await store.act('D-MOBILE_BANKING-T-2', 1, { kind: 'close', disposition: 'genuine' }, 'li');
    expect(await retain()).toEqual({ dropped: ['2026-01'], heldBack: [], keysRemoved: 1 });
    expect(await store.alert('D-MOBILE_BANKING-T-2')).toMatchObject({ status: 'closed' });
    expect(await retain()).toEqual({ dropped: [], heldBack: [], keysRemoved: 0 });
    await store.close();
  });
});
