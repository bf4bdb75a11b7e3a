/** The alert and its life-cycle: who may move it from which state to which. Pure. */
import type { Decision, Outcome, Severity } from './decision.ts';
import type { Channel } from './transaction.ts';

export const ALERT_STATUSES = ['open', 'claimed', 'closed'] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];
export const DISPOSITIONS = ['confirmed_fraud', 'genuine', 'inconclusive'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

export interface Alert {
  /** = decisionId: one alert for one decision, however often it is delivered */
  readonly alertId: string;
  readonly decisionId: string;
  readonly transactionId: string;
  readonly channel: Channel;
  readonly customerId: string;
  readonly outcome: Outcome;
  readonly riskScore: number;
  readonly severity: Severity;
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly type: string;
  readonly reasons: Decision['reasons'];
  readonly level: Decision['level'];
  readonly occurredAt: string;
  readonly decidedAt: string;
  readonly createdAt: string;
  readonly status: AlertStatus;
  readonly assignee: string | null;
  readonly disposition: Disposition | null;
  readonly note: string | null;
  /** raised by one at each change: a change names the version that it saw */
  readonly version: number;
  /** of a fallback decision for a refused message: occurredAt is then its time of receipt when its own could not be read */
  readonly provisional?: true;
}

/** One line of the audit trail: append-only, chained by hash. */
export interface AlertHistoryEntry {
  readonly kind: AlertAction['kind'];
  readonly actor: string;
  readonly at: string;
  readonly fromStatus: AlertStatus;
  readonly toStatus: AlertStatus;
  /** the alert's version after it */
  readonly version: number;
  readonly disposition: Disposition | null;
  readonly note: string | null;
}

export type AlertAction =
  | { readonly kind: 'claim' }
  | { readonly kind: 'release' }
  | { readonly kind: 'close'; readonly disposition: Disposition; readonly note?: string }
  | { readonly kind: 'reopen'; readonly note?: string };

/** The state after an action, or null when this state does not allow it. */
export function nextAlertStatus(status: AlertStatus, action: AlertAction['kind']): AlertStatus | null {
  const table: Record<AlertStatus, Partial<Record<AlertAction['kind'], AlertStatus>>> = {
    open: { claim: 'claimed', close: 'closed' },
    claimed: { release: 'open', close: 'closed' },
    closed: { reopen: 'open' },
  };
  return table[status][action] ?? null;
}
