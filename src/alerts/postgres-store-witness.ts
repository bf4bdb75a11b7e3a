/** Remembers in PostgreSQL how far the feature store had come. `migrate` must have run. */
import type { StoreWitness } from '../domain/ports.ts';
import { createPostgresPool, type PostgresPoolOptions } from './postgres-pool.ts';

/** A later epoch replaces an earlier one; within an epoch the greatest mark stays, whichever worker comes last. */
const KEEP = `
  INSERT INTO feature_store_progress (key_prefix, epoch_ms, mark) VALUES ($1, $2, $3)
  ON CONFLICT (key_prefix) DO UPDATE SET epoch_ms = excluded.epoch_ms, mark = excluded.mark, seen_at = now()
  WHERE (excluded.epoch_ms, excluded.mark) > (feature_store_progress.epoch_ms, feature_store_progress.mark)`;

/** those at L0 and L1 were counted in the store, the others need not have been */
const HAS_COUNTED = `SELECT EXISTS (SELECT FROM decisions WHERE level IN ('L0', 'L1')) AS counted`;

export function createPostgresStoreWitness(
  options: PostgresPoolOptions & { readonly keyPrefix: string },
): StoreWitness & { close(): Promise<void> } {
  const { keyPrefix } = options;
  const pool = createPostgresPool({ ...options, poolSize: 1 });
  return {
    async recall() {
      const [row] = await pool.query<{ epoch: string; mark: string }>(
        'SELECT epoch_ms::text AS epoch, mark::text AS mark FROM feature_store_progress WHERE key_prefix = $1',
        [keyPrefix],
      );
      if (row !== undefined) return { epochMs: Number(row.epoch), mark: Number(row.mark) };
      const [decisions] = await pool.query<{ counted: boolean }>(HAS_COUNTED, []);
      return decisions?.counted === true ? 'something' : undefined;
    },
    async keep({ epochMs, mark }) {
      await pool.query(KEEP, [keyPrefix, String(epochMs), String(mark)]);
    },
    close: () => pool.close(),
  };
}
