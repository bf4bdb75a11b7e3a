/** The audit trail's rows: appended under the lock of its head, read back in pages for a check. */
import type pg from 'pg';
import type { AlertHistoryEntry, AlertStatus, Disposition } from '../domain/alert.ts';
import { formatRfc3339 } from '../domain/time.ts';
import {
  type AuditHead,
  type AuditVerdict,
  auditVerifier,
  type ChainedEntry,
  entryHash,
  fault,
} from './audit-chain.ts';
import { identityKey } from './identity-key.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { fromPostgresText, toPostgresText } from './postgres-text.ts';
import { loadSql } from './sql/load-sql.ts';

const APPEND = loadSql('append-audit-entry');
const AUDIT_PAGE = loadSql('audit-page');
const ALERT_HISTORY = loadSql('alert-history');
const ALERTS_AGAINST_TRAIL = loadSql('alerts-against-trail');
const PAGE_SIZE = 1_000;

interface AuditRow {
  readonly seq: number;
  readonly alert_id: string;
  readonly kind: AlertHistoryEntry['kind'];
  readonly actor: string;
  readonly at_ms: number;
  readonly from_status: AlertStatus;
  readonly to_status: AlertStatus;
  readonly version: number;
  readonly disposition: Disposition | null;
  readonly note: string | null;
  readonly hash: Buffer;
}

interface StrayRow {
  readonly last_key: Buffer | null;
  readonly alert_id: string | null;
  readonly seq: number | null;
}

interface HeadRow {
  readonly seq: number;
  readonly hash: Buffer;
}

/** People act a few times a second at most: that all actions wait for one row's lock is no bottleneck. */
export async function appendToTrail(client: pg.PoolClient, alertId: string, entry: AlertHistoryEntry): Promise<void> {
  const head = headOf((await client.query<HeadRow>(`${HEAD} FOR UPDATE`)).rows[0]);
  const audited = { ...entry, alertId, seq: head.seq + 1 };
  const hash = Buffer.from(entryHash(head.hash, audited), 'hex');
  await client.query(APPEND, [
    audited.seq,
    Buffer.from(identityKey(alertId), 'hex'),
    toPostgresText(alertId),
    entry.kind,
    toPostgresText(entry.actor),
    Date.parse(entry.at),
    entry.fromStatus,
    entry.toStatus,
    entry.version,
    entry.disposition,
    entry.note === null ? null : toPostgresText(entry.note),
    hash,
  ]);
  await client.query('UPDATE audit_head SET seq = $1, hash = $2', [audited.seq, hash]);
}

export async function historyOfAlert(pool: PostgresPool, alertId: string): Promise<readonly AlertHistoryEntry[]> {
  const rows = await pool.query<AuditRow>(ALERT_HISTORY, [Buffer.from(identityKey(alertId), 'hex')]);
  return rows.map(historyOf);
}

/** First the chain, then every alert against its last entry: a state that was set past the trail is found too. */
export async function verifyTrail(pool: PostgresPool, noted: AuditHead | undefined): Promise<AuditVerdict> {
  const verdict = await verifyChain(pool, noted);
  return verdict.ok ? ((await findStrayAlert(pool)) ?? verdict) : verdict;
}

async function findStrayAlert(pool: PostgresPool): Promise<AuditVerdict | undefined> {
  for (let after: Buffer = Buffer.alloc(0); ; ) {
    const [page] = await pool.query<StrayRow>(ALERTS_AGAINST_TRAIL, [after, PAGE_SIZE]);
    if (page?.alert_id != null) {
      const alertId = fromPostgresText(page.alert_id);
      return fault('STATE', page.seq ?? 0, `the alert ${alertId} is not in the state that its last entry names`);
    }
    if (page?.last_key == null) return undefined;
    after = page.last_key;
  }
}

/** The head is read first: what is appended while the trail is being read lies behind it and is left for the next check. */
async function verifyChain(pool: PostgresPool, noted: AuditHead | undefined): Promise<AuditVerdict> {
  const head = headOf((await pool.query<HeadRow>(HEAD, []))[0]);
  const verifier = auditVerifier(noted);
  for (let after = 0; ; ) {
    const page = await pool.query<AuditRow>(AUDIT_PAGE, [after, PAGE_SIZE]);
    for (const row of page) {
      if (row.seq > head.seq) return verifier.finish(head);
      const broken = verifier.take(entryOf(row));
      if (broken !== undefined) return broken;
    }
    const last = page.at(-1);
    if (last === undefined) return verifier.finish(head);
    after = last.seq;
  }
}

const HEAD = 'SELECT seq::float8 AS seq, hash FROM audit_head';

/** A head that somebody removed reads as "nothing was ever written", and the trail then does not end with it. */
const headOf = (row: HeadRow | undefined): AuditHead =>
  row === undefined ? { seq: 0, hash: '' } : { seq: row.seq, hash: row.hash.toString('hex') };

const entryOf = (row: AuditRow): ChainedEntry => ({
  seq: row.seq,
  alertId: fromPostgresText(row.alert_id),
  ...historyOf(row),
  // written in whole milliseconds: a fraction was put there by somebody else, and must not be rounded away
  ...(Number.isInteger(row.at_ms) ? {} : { at: String(row.at_ms) }),
  hash: row.hash.toString('hex'),
});

const historyOf = (row: AuditRow): AlertHistoryEntry => ({
  kind: row.kind,
  actor: fromPostgresText(row.actor),
  at: formatRfc3339(row.at_ms),
  fromStatus: row.from_status,
  toStatus: row.to_status,
  version: row.version,
  disposition: row.disposition,
  note: row.note === null ? null : fromPostgresText(row.note),
});
