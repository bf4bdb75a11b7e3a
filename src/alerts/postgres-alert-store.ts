/**
 * The alert store on PostgreSQL 15 or newer (the embedded one or the bank's). `migrate` must have run.
 *
 * `record` writes decisions, alerts and the partition's next offset in one transaction, so that neither a crash nor a lost
 * acknowledgement of the commit loses or doubles anything: the repeat finds the offset already there. The offset's row is
 * locked first, which makes the consumers of one partition go one after the other. An outage is a VigilError
 * ALERT_STORE_UNAVAILABLE; the caller repeats.
 */
import type pg from 'pg';
import type { Alert } from '../domain/alert.ts';
import type { Clock } from '../domain/clock.ts';
import type { Decision } from '../domain/decision.ts';
import type { AlertQuery, DecisionBatch, DecisionRecord, Page } from '../domain/ports.ts';
import { changeAlert } from './alert-change.ts';
import { readCursor, writeCursor } from './alert-cursor.ts';
import { identityKey, transactionIdentity } from './identity-key.ts';
import { type AuditedAlertStore, noSuchAlert } from './memory-alert-store.ts';
import { type AlertRow, alertOf } from './postgres-alert-row.ts';
import { appendToTrail, historyOfAlert, verifyTrail } from './postgres-audit-trail.ts';
import { createPostgresPool, type PostgresPool, type PostgresPoolOptions } from './postgres-pool.ts';
import { createPartitions, lockOffset, recordAlerts, recordDecisions, storeOffset } from './postgres-record.ts';
import { toPostgresText } from './postgres-text.ts';
import { unwrittenPart } from './record-fence.ts';
import { loadSql } from './sql/load-sql.ts';

export interface PostgresAlertStoreOptions extends PostgresPoolOptions {
  readonly clock: Clock;
}

const ALERT_PAGE = loadSql('alert-page');
const ALERT = loadSql('alert');
const DECISION_IN_FORCE = loadSql('decision-in-force');
const DECISIONS_BY_KEYS = loadSql('decisions-by-keys');
const CUSTOMER_DECISIONS = loadSql('customer-decisions');
const CHANGE_ALERT = loadSql('change-alert');
const COUNTS = loadSql('counts');

export function createPostgresAlertStore(options: PostgresAlertStoreOptions): AuditedAlertStore {
  const { clock } = options;
  const pool = createPostgresPool(options);
  const partitions = createPartitions(pool);
  return {
    record: async (batch) => {
      await partitions.ensureFor(batch.decisions);
      return pool.transaction((client) => record(client, batch, clock.now()));
    },
    nextOffset: (topic, partition) => nextOffset(pool, topic, partition),
    async setOffsetBack(topic, partition, offset) {
      await pool.query(
        'UPDATE consumer_offsets SET next_offset = $3, updated_at = now() WHERE topic = $1 AND partition = $2 AND next_offset > $3',
        [topic, partition, String(offset)],
      );
    },
    alerts: (query) => alertPage(pool, query),
    alert: (alertId) => alertById(pool, alertId),
    history: (alertId) => historyOfAlert(pool, alertId),
    act: (alertId, seenVersion, action, actor) =>
      pool.transaction(async (client) => {
        const found = await client.query<AlertRow>(`${ALERT} FOR UPDATE`, [keyBytes(identityKey(alertId))]);
        const row = found.rows[0];
        if (row === undefined) throw noSuchAlert(alertId);
        const { alert, entry } = changeAlert(alertOf(row), seenVersion, action, actor, clock.now());
        await storeChange(client, alert, entry.fromStatus === 'closed' ? -1 : entry.toStatus === 'closed' ? 1 : 0);
        await appendToTrail(client, alertId, entry);
        return alert;
      }),
    decision: async (channel, transactionId) => {
      const key = keyBytes(transactionIdentity(channel, transactionId));
      return (await pool.query<{ bytes: Buffer }>(DECISION_IN_FORCE, [key])).map(recordOf)[0];
    },
    decisionsById: async (transactionId, channels) => {
      const keys = channels.map((channel) => keyBytes(transactionIdentity(channel, transactionId)));
      return (await pool.query<{ bytes: Buffer }>(DECISIONS_BY_KEYS, [keys])).map(recordOf);
    },
    customerDecisions: async (customerId, limit) => {
      const key = keyBytes(identityKey(customerId));
      return (await pool.query<{ bytes: Buffer }>(CUSTOMER_DECISIONS, [key, limit])).map(recordOf);
    },
    counts: async () => {
      const [row] = await pool.query<{ open: number; claimed: number; closed: number }>(COUNTS, []);
      return row ?? { open: 0, claimed: 0, closed: 0 };
    },
    verifyAudit: (noted) => verifyTrail(pool, noted),
    close: () => pool.close(),
  };
}

async function record(
  client: pg.PoolClient,
  batch: DecisionBatch,
  nowMs: number,
): Promise<{ readonly newAlerts: number; readonly newDecisions: number }> {
  const unwritten = unwrittenPart(batch, await lockOffset(client, batch.topic, batch.partition));
  const fresh = await recordDecisions(client, unwritten);
  const newAlerts = await recordAlerts(client, fresh, nowMs);
  await storeOffset(client, batch);
  return { newAlerts, newDecisions: fresh.length };
}

async function nextOffset(pool: PostgresPool, topic: string, partition: number): Promise<bigint | undefined> {
  const [row] = await pool.query<{ next_offset: string | null }>(
    'SELECT next_offset FROM consumer_offsets WHERE topic = $1 AND partition = $2',
    [topic, partition],
  );
  return row?.next_offset == null ? undefined : BigInt(row.next_offset);
}

async function alertPage(pool: PostgresPool, query: AlertQuery): Promise<Page<Alert>> {
  const place = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const rows = await pool.query<AlertRow>(ALERT_PAGE, [
    query.status ?? null,
    query.customerId === undefined ? null : keyBytes(identityKey(query.customerId)),
    query.channel === undefined ? null : toPostgresText(query.channel),
    place?.createdAtMs ?? null,
    place === undefined ? null : keyBytes(place.alertKey),
    // one more than asked for tells whether there is a further page
    query.limit + 1,
  ]);
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  const hasMore = rows.length > query.limit && last !== undefined;
  return {
    items: items.map(alertOf),
    nextCursor: hasMore
      ? writeCursor({ createdAtMs: last.created_ms, alertKey: last.alert_key.toString('hex') })
      : null,
  };
}

async function alertById(pool: PostgresPool, alertId: string): Promise<Alert | undefined> {
  return (await pool.query<AlertRow>(ALERT, [keyBytes(identityKey(alertId))])).map(alertOf)[0];
}

async function storeChange(client: pg.PoolClient, alert: Alert, closedDelta: number): Promise<void> {
  await client.query(CHANGE_ALERT, [
    keyBytes(identityKey(alert.alertId)),
    alert.status,
    alert.assignee === null ? null : toPostgresText(alert.assignee),
    alert.disposition,
    alert.note === null ? null : toPostgresText(alert.note),
    alert.version,
  ]);
  if (closedDelta !== 0) await client.query('UPDATE alert_totals SET closed = closed + $1', [closedDelta]);
}

const keyBytes = (key: string): Buffer => Buffer.from(key, 'hex');

function recordOf({ bytes }: { readonly bytes: Buffer }): DecisionRecord {
  const text = bytes.toString('utf8');
  return { decision: JSON.parse(text) as Decision, bytes: text };
}
