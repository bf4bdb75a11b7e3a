/** A database of its own for a test file, emptied before each test: a tenth of the time of a new database for each. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../../src/alerts/postgres-migrate.ts';

export interface OwnAlertDatabase {
  readonly config: pg.ClientConfig;
  /** a superuser's connection, for looking at rows and for tampering with them */
  readonly admin: pg.Client;
  /** as it was after the migrations */
  reset(): Promise<void>;
  remove(): Promise<void>;
}

/** `server` may create databases. */
export async function ownAlertDatabase(server: pg.ClientConfig): Promise<OwnAlertDatabase> {
  const name = `vigil_alerts_${randomBytes(4).toString('hex')}`;
  await asAdmin(server, `CREATE DATABASE ${name}`);
  const config = inDatabase(server, name);
  await migrate(config);
  const admin = new pg.Client(config);
  admin.on('error', () => undefined);
  await admin.connect();
  // the audit trail refuses TRUNCATE; as "replica" a session fires no triggers
  await admin.query('SET session_replication_role = replica');
  return {
    config,
    admin,
    async reset() {
      const { rows } = await admin.query<{ name: string }>(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'decisions'::regclass",
      );
      if (rows.length > 0) await admin.query(`DROP TABLE ${rows.map((row) => row.name).join(', ')}`);
      await admin.query(`
        TRUNCATE decision_keys, alerts, alert_actions, consumer_offsets;
        DELETE FROM audit_head;
        INSERT INTO audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));
        UPDATE alert_totals SET closed = 0;
      `);
    },
    async remove() {
      await admin.end();
      await asAdmin(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

export function inDatabase(server: pg.ClientConfig, database: string): pg.ClientConfig {
  if (server.connectionString === undefined) return { ...server, database };
  const url = new URL(server.connectionString);
  url.pathname = `/${database}`;
  return { connectionString: url.href };
}

async function asAdmin(server: pg.ClientConfig, sql: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
