/**
 * Drops decisions that are older than the bank must keep them, a month at a time (one DROP, no row is deleted), and then
 * their keys in small pieces. A month that an unfinished alert belongs to stays. Alerts and the audit trail are kept.
 *
 * Keep more months than the topics keep messages: once a key is gone, a replay of its decision would be recorded as new.
 */
import { createPostgresPool, type PostgresPool, type PostgresPoolOptions } from './postgres-pool.ts';
import { loadSql } from './sql/load-sql.ts';

export interface RetentionResult {
  /** YYYY-MM */
  readonly dropped: readonly string[];
  /** months that are over their time and wait for an alert to be closed */
  readonly heldBack: readonly string[];
  readonly keysRemoved: number;
}

const UNFINISHED_IN_MONTH = loadSql('unfinished-alerts-between');
const REMOVE_KEYS = loadSql('remove-keys');
const KEYS_PER_STATEMENT = 20_000;

export interface RetentionOptions extends PostgresPoolOptions {
  readonly keepMonths: number;
  readonly nowMs: number;
  /** only says what would be dropped */
  readonly dryRun?: boolean;
}

export async function dropOldDecisions(options: RetentionOptions): Promise<RetentionResult> {
  const pool = createPostgresPool(options);
  try {
    const oldest = addMonths(new Date(options.nowMs).toISOString().slice(0, 7), -options.keepMonths);
    const expired = (await existingMonths(pool)).filter((month) => month < oldest);
    const dropped: string[] = [];
    const heldBack: string[] = [];
    let keysRemoved = 0;
    for (const month of expired) {
      if (await hasUnfinishedAlert(pool, month)) {
        heldBack.push(month);
        continue;
      }
      dropped.push(month);
      if (options.dryRun === true) continue;
      await dropMonth(pool, month);
      keysRemoved += await removeKeys(pool, month);
    }
    return { dropped, heldBack, keysRemoved };
  } finally {
    await pool.close();
  }
}

const tableOf = (month: string): string => `decisions_${month.replace('-', '_')}`;
const startOf = (month: string): string => `${month}-01T00:00:00Z`;

function addMonths(month: string, count: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  const index = year * 12 + (number - 1) + count;
  return `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`;
}

async function existingMonths(pool: PostgresPool): Promise<readonly string[]> {
  const rows = await pool.query<{ name: string }>(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'decisions'::regclass ORDER BY 1",
    [],
  );
  return rows.map(({ name }) => name.slice('decisions_'.length).replace('_', '-'));
}

async function hasUnfinishedAlert(pool: PostgresPool, month: string): Promise<boolean> {
  const rows = await pool.query(UNFINISHED_IN_MONTH, [startOf(month), startOf(addMonths(month, 1))]);
  return rows.length > 0;
}

/** Readers of other months go on; the lock on the parent is held for the moment of the DROP. */
async function dropMonth(pool: PostgresPool, month: string): Promise<void> {
  await pool.query(`DROP TABLE IF EXISTS ${tableOf(month)}`, []);
}

async function removeKeys(pool: PostgresPool, month: string): Promise<number> {
  let removed = 0;
  for (;;) {
    const [row] = await pool.query<{ removed: number }>(REMOVE_KEYS, [
      startOf(month),
      startOf(addMonths(month, 1)),
      KEYS_PER_STATEMENT,
    ]);
    const count = row?.removed ?? 0;
    removed += count;
    if (count === 0) return removed;
  }
}
