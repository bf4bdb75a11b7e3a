/**
 * A pool that survives what PostgreSQL and the network do.
 *
 * - Every client has an error listener for its whole life: the pool's own is taken off at checkout, and a connection that
 *   the server ends in that time would otherwise end our process.
 * - statement_timeout is the server's and does nothing when packets vanish; query_timeout is ours and larger. After any
 *   failure the connection is thrown away: what it still does is unknown.
 * - idle_in_transaction_session_timeout frees the locks of a transaction whose client has vanished.
 */
import pg from 'pg';
import { VigilError } from '../domain/errors.ts';
import { asVigilError } from './postgres-errors.ts';

export interface PostgresPoolOptions {
  readonly connection: string | pg.ClientConfig;
  readonly poolSize?: number;
  readonly statementTimeoutMs?: number;
  readonly queryTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** errors of idle connections: nobody waits for them, the next use opens a new one */
  readonly onIdleError?: (error: Error) => void;
}

export interface PostgresPool {
  /** Runs `work` inside one transaction. Every failure is a VigilError and has rolled back, or its outcome is unknown. */
  transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  query<R extends pg.QueryResultRow>(sql: string, values: readonly unknown[]): Promise<readonly R[]>;
  close(): Promise<void>;
}

export const clientConfig = (connection: string | pg.ClientConfig): pg.ClientConfig =>
  typeof connection === 'string' ? { connectionString: connection } : connection;

export function createPostgresPool(options: PostgresPoolOptions): PostgresPool {
  const statementTimeoutMs = options.statementTimeoutMs ?? 5_000;
  const pool = new pg.Pool({
    ...clientConfig(options.connection),
    application_name: 'vigil',
    max: options.poolSize ?? 4,
    keepAlive: true,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 3_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: options.queryTimeoutMs ?? statementTimeoutMs + 2_000,
    idle_in_transaction_session_timeout: statementTimeoutMs * 2,
  });
  const onIdleError = options.onIdleError ?? (() => undefined);
  pool.on('error', onIdleError);
  // the failure itself reaches whoever is waiting for an answer; this only keeps it from being uncaught
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    transaction: (work) =>
      withClient(pool, async (client) => {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        return result;
      }),
    query: (sql, values) => withClient(pool, async (client) => (await client.query(sql, [...values])).rows),
    close: async () => {
      if (!pool.ending) await pool.end();
    },
  };
}

async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  let client: pg.PoolClient | undefined;
  try {
    client = await pool.connect();
    const result = await work(client);
    client.release();
    return result;
  } catch (error) {
    if (client !== undefined) await giveBack(client, error);
    throw asVigilError(error);
  }
}

/** A refusal of ours (fenced, conflict) leaves a sound connection; after anything else it is closed, which rolls back. */
async function giveBack(client: pg.PoolClient, error: unknown): Promise<void> {
  if (!(error instanceof VigilError)) return client.release(true);
  const isSound = await client.query('ROLLBACK').then(
    () => true,
    () => false,
  );
  client.release(!isSound);
}
