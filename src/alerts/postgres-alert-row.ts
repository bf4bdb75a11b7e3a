/** A row of `alerts` as the domain knows it. */
import type { Alert, AlertStatus, Disposition } from '../domain/alert.ts';
import type { Level, Outcome, Severity } from '../domain/decision.ts';
import { formatRfc3339 } from '../domain/time.ts';
import { fromPostgresText } from './postgres-text.ts';

export interface AlertRow {
  readonly alert_key: Buffer;
  readonly alert_id: string;
  readonly decision_id: string;
  readonly transaction_id: string;
  readonly channel: string;
  readonly customer_id: string;
  readonly outcome: Outcome;
  readonly risk_score: number;
  readonly severity: Severity;
  /** bigint as text; within ±2^53 */
  readonly amount_minor: string | null;
  readonly currency: string | null;
  readonly type: string;
  readonly reasons: string;
  readonly level: Level;
  readonly provisional: boolean;
  readonly status: AlertStatus;
  readonly assignee: string | null;
  readonly disposition: Disposition | null;
  readonly note: string | null;
  readonly version: number;
  readonly occurred_ms: number;
  readonly decided_ms: number;
  readonly created_ms: number;
}

export const alertOf = (row: AlertRow): Alert => ({
  alertId: fromPostgresText(row.alert_id),
  decisionId: fromPostgresText(row.decision_id),
  transactionId: fromPostgresText(row.transaction_id),
  channel: fromPostgresText(row.channel),
  customerId: fromPostgresText(row.customer_id),
  outcome: row.outcome,
  riskScore: row.risk_score,
  severity: row.severity,
  amountMinor: row.amount_minor === null ? null : Number(row.amount_minor),
  currency: orNull(row.currency),
  type: fromPostgresText(row.type),
  reasons: JSON.parse(row.reasons) as Alert['reasons'],
  level: row.level,
  occurredAt: formatRfc3339(row.occurred_ms),
  decidedAt: formatRfc3339(row.decided_ms),
  createdAt: formatRfc3339(row.created_ms),
  status: row.status,
  assignee: orNull(row.assignee),
  disposition: row.disposition,
  note: orNull(row.note),
  version: row.version,
  ...(row.provisional ? { provisional: true as const } : {}),
});

const orNull = (text: string | null): string | null => (text === null ? null : fromPostgresText(text));
