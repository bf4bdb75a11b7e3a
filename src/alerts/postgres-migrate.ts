/**
 * Brings a database to the schema of this Vigil. Each file of migrations/ runs once, in order, in a transaction of its own
 * that also notes its sha256; one process at a time. An applied file that was changed since is refused: what the database
 * holds is then not what the sources say. So is a database that a newer Vigil has prepared.
 */
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { VigilError } from '../domain/errors.ts';
import { asMissingServer } from './postgres-errors.ts';
import { clientConfig } from './postgres-pool.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

export interface MigrationResult {
  /** names of those that ran now; empty when there was nothing to do */
  readonly applied: readonly string[];
  readonly version: number;
}

const OLDEST_SERVER = 150_000;

/** Throws SERVER_MISSING with one sentence when the database cannot be reached or prepared. */
export async function migrate(
  connection: string | pg.ClientConfig,
  migrations: readonly Migration[] = shippedMigrations(),
): Promise<MigrationResult> {
  const client = new pg.Client({
    ...clientConfig(connection),
    connectionTimeoutMillis: 5_000,
    application_name: 'vigil migrate',
  });
  // a connection that breaks rejects the query in hand; without a listener it would end the process as well
  client.on('error', () => undefined);
  try {
    await client.connect();
    await refuseOldServer(client);
    // held by the session: it goes with the connection, also when this process dies
    await client.query("SELECT pg_advisory_lock(hashtext('vigil.migrate'))");
    return await applyMissing(client, migrations);
  } catch (error) {
    throw asMissingServer(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function shippedMigrations(): readonly Migration[] {
  const folder = new URL('./migrations/', import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({ number: Number(name.slice(0, 3)), name, sql: readFileSync(new URL(name, folder), 'utf8') }));
}

async function refuseOldServer(client: pg.Client): Promise<void> {
  const found = await client.query<{ version: number; name: string }>(
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name",
  );
  const server = found.rows[0];
  if (server !== undefined && server.version >= OLDEST_SERVER) return;
  throw new VigilError(
    'SERVER_MISSING',
    `PostgreSQL ${server?.name ?? ''} is too old for Vigil: use version 15 or newer.`,
  );
}

async function applyMissing(client: pg.Client, migrations: readonly Migration[]): Promise<MigrationResult> {
  await client.query(`
    CREATE TABLE IF NOT EXISTS vigil_migrations (
      number      integer PRIMARY KEY,
      name        text NOT NULL,
      sha256      text NOT NULL,
      applied_at  timestamptz NOT NULL DEFAULT now()
    )`);
  const { rows } = await client.query<{ number: number; name: string; sha256: string }>(
    'SELECT number, name, sha256 FROM vigil_migrations ORDER BY number',
  );
  const applied = new Map(rows.map((row) => [row.number, row]));
  refuseNewerDatabase(rows, migrations);
  const ran: string[] = [];
  for (const migration of migrations) {
    const earlier = applied.get(migration.number);
    if (earlier === undefined) {
      await apply(client, migration);
      ran.push(migration.name);
    } else if (earlier.sha256 !== sha256Of(migration)) {
      throw new VigilError(
        'SERVER_MISSING',
        `The migration ${migration.name} was changed after this database had applied it: restore the file, and put the change into a new migration.`,
      );
    }
  }
  return { applied: ran, version: migrations.at(-1)?.number ?? 0 };
}

function refuseNewerDatabase(
  rows: readonly { number: number; name: string }[],
  migrations: readonly Migration[],
): void {
  const known = new Set(migrations.map((migration) => migration.number));
  const unknown = rows.find((row) => !known.has(row.number));
  if (unknown === undefined) return;
  throw new VigilError(
    'SERVER_MISSING',
    `The database was prepared by a newer Vigil (${unknown.name}): run that version, or restore an older database.`,
  );
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query('INSERT INTO vigil_migrations (number, name, sha256) VALUES ($1, $2, $3)', [
      migration.number,
      migration.name,
      sha256Of(migration),
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

const sha256Of = (migration: Migration): string => hash('sha256', migration.sql, 'hex');
