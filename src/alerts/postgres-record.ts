/** The steps of one `record`, each one statement for the whole batch: 58,600 rows/s against 421 with one commit a row. */
import type pg from 'pg';
import type { Alert } from '../domain/alert.ts';
import type { DecisionBatch } from '../domain/ports.ts';
import { identityKey, recordIdentity, transactionIdentity } from './identity-key.ts';
import { decisionTimes, newAlert } from './new-alert.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { toPostgresText } from './postgres-text.ts';
import { loadSql } from './sql/load-sql.ts';

type Delivered = DecisionBatch['decisions'];

const RECORD_DECISIONS = loadSql('record-decisions');
const RECORD_ALERTS = loadSql('record-alerts');
/** a statement carries about 4 kB for each decision */
const ROWS_PER_STATEMENT = 1_000;

export interface Partitions {
  /** makes the months' tables that are missing, each in a transaction of its own before the batch's */
  ensureFor(delivered: Delivered): Promise<void>;
}

export function createPartitions(pool: PostgresPool): Partitions {
  const known = new Set<string>();
  return {
    async ensureFor(delivered) {
      const months = new Set(delivered.map(({ decision }) => decisionTimes(decision).decidedAtMs).map(monthOf));
      for (const month of months) {
        if (known.has(month)) continue;
        await pool.query('SELECT ensure_decision_month($1::timestamptz)', [`${month}-01T00:00:00Z`]);
        known.add(month);
      }
    },
  };
}

const monthOf = (ms: number): string => new Date(ms).toISOString().slice(0, 7);

/** Answers the stored next offset, and holds its row until the transaction's end: one writer for a partition. */
export async function lockOffset(client: pg.PoolClient, topic: string, partition: number): Promise<bigint | undefined> {
  await client.query('INSERT INTO consumer_offsets (topic, partition) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    topic,
    partition,
  ]);
  const found = await client.query<{ next_offset: string | null }>(
    'SELECT next_offset FROM consumer_offsets WHERE topic = $1 AND partition = $2 FOR UPDATE',
    [topic, partition],
  );
  const stored = found.rows[0]?.next_offset;
  return stored == null ? undefined : BigInt(stored);
}

export async function storeOffset(client: pg.PoolClient, batch: DecisionBatch): Promise<void> {
  await client.query(
    'UPDATE consumer_offsets SET next_offset = $3, updated_at = now() WHERE topic = $1 AND partition = $2',
    [batch.topic, batch.partition, String(batch.nextOffset)],
  );
}

/** Answers those that are new, in their order. */
export async function recordDecisions(client: pg.PoolClient, delivered: Delivered): Promise<Delivered> {
  const firsts = firstOfEach(delivered);
  const fresh: Delivered[number][] = [];
  for (let start = 0; start < firsts.length; start += ROWS_PER_STATEMENT) {
    const rows = firsts.slice(start, start + ROWS_PER_STATEMENT);
    const { rows: kept } = await client.query<{ n: number }>(RECORD_DECISIONS, decisionParameters(rows));
    for (const { n } of kept) {
      const item = rows[n - 1];
      if (item !== undefined) fresh.push(item);
    }
  }
  return fresh;
}

/** Inside one batch too, the first decision for a transaction stands. */
function firstOfEach(delivered: Delivered): Delivered {
  const firsts = new Map<string, Delivered[number]>();
  for (const item of delivered) {
    const key = recordIdentity(item.decision);
    if (!firsts.has(key)) firsts.set(key, item);
  }
  return [...firsts.values()];
}

function decisionParameters(rows: Delivered): unknown[] {
  const decisions = rows.map((row) => row.decision);
  const times = decisions.map(decisionTimes);
  const text = (pick: (decision: (typeof decisions)[number]) => string) =>
    decisions.map((d) => toPostgresText(pick(d)));
  const { joined, starts, lengths } = joinBytes(rows.map((row) => row.bytes));
  return [
    joinKeys(decisions.map(recordIdentity)),
    joinKeys(decisions.map((d) => transactionIdentity(d.channel, d.transactionId))),
    joinKeys(decisions.map((d) => identityKey(d.customerId))),
    times.map((t) => t.decidedAtMs),
    times.map((t) => t.occurredAtMs),
    decisions.map((d) => d.provisional === true),
    text((d) => d.decisionId),
    text((d) => d.transactionId),
    text((d) => d.channel),
    text((d) => d.customerId),
    text((d) => d.outcome),
    decisions.map((d) => d.riskScore),
    text((d) => d.level),
    decisions.map((d) => d.alert),
    joined,
    starts,
    lengths,
  ];
}

export async function recordAlerts(client: pg.PoolClient, fresh: Delivered, nowMs: number): Promise<number> {
  const alerting = fresh.filter(({ decision }) => decision.alert);
  let added = 0;
  for (let start = 0; start < alerting.length; start += ROWS_PER_STATEMENT) {
    const rows = alerting.slice(start, start + ROWS_PER_STATEMENT);
    const written = await client.query(RECORD_ALERTS, alertParameters(rows, nowMs));
    added += written.rowCount ?? 0;
  }
  return added;
}

function alertParameters(rows: Delivered, nowMs: number): unknown[] {
  const alerts = rows.map(({ decision }) => newAlert(decision, nowMs));
  const text = (pick: (alert: Alert) => string) => alerts.map((alert) => toPostgresText(pick(alert)));
  return [
    joinKeys(alerts.map((a) => identityKey(a.alertId))),
    joinKeys(rows.map(({ decision }) => recordIdentity(decision))),
    joinKeys(alerts.map((a) => identityKey(a.customerId))),
    nowMs,
    text((a) => a.alertId),
    text((a) => a.decisionId),
    text((a) => a.transactionId),
    text((a) => a.channel),
    text((a) => a.customerId),
    text((a) => a.outcome),
    alerts.map((a) => a.riskScore),
    text((a) => a.severity),
    alerts.map((a) => (a.amountMinor === null ? null : String(a.amountMinor))),
    alerts.map((a) => (a.currency === null ? null : toPostgresText(a.currency))),
    text((a) => a.type),
    alerts.map((a) => JSON.stringify(a.reasons)),
    text((a) => a.level),
    alerts.map((a) => a.provisional === true),
    alerts.map((a) => Date.parse(a.occurredAt)),
    alerts.map((a) => Date.parse(a.decidedAt)),
  ];
}

const joinKeys = (keys: readonly string[]): Buffer => Buffer.from(keys.join(''), 'hex');

function joinBytes(texts: readonly string[]): {
  readonly joined: Buffer;
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
} {
  const pieces = texts.map((text) => Buffer.from(text, 'utf8'));
  const starts: number[] = [];
  let next = 1;
  for (const piece of pieces) {
    starts.push(next);
    next += piece.length;
  }
  return { joined: Buffer.concat(pieces), starts, lengths: pieces.map((piece) => piece.length) };
}
