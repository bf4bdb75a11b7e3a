/** The alert that a decision raises. Pure. */
import type { Alert } from '../domain/alert.ts';
import type { Decision, Outcome, Severity } from '../domain/decision.ts';
import { VigilError } from '../domain/errors.ts';
import { formatRfc3339, parseRfc3339 } from '../domain/time.ts';

const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

/** For an alert without a live hit (the model or a limit raised it): what the customer is put to decides. */
const SEVERITY_OF_OUTCOME: Readonly<Record<Outcome, Severity>> = {
  ALLOW: 'low',
  CHALLENGE: 'medium',
  HOLD: 'high',
  BLOCK: 'high',
};

/** Fields for the SQL columns and for sorting; times in ms. */
export interface DecisionTimes {
  readonly decidedAtMs: number;
  readonly receivedAtMs: number;
  readonly occurredAtMs: number | null;
}

/** Throws BUG on a time that is none: a decision is made by us, and a guessed time would hide the fault. */
export function decisionTimes(decision: Decision): DecisionTimes {
  return {
    decidedAtMs: timeOf(decision, 'decidedAt', decision.decidedAt),
    receivedAtMs: timeOf(decision, 'receivedAt', decision.receivedAt),
    occurredAtMs: decision.occurredAt === null ? null : timeOf(decision, 'occurredAt', decision.occurredAt),
  };
}

function timeOf(decision: Decision, field: string, text: string): number {
  const ms = parseRfc3339(text);
  if (ms === undefined) {
    throw new VigilError('BUG', `A decision's ${field} is not a time`, {
      context: { decisionId: decision.decisionId },
    });
  }
  return ms;
}

export function newAlert(decision: Decision, createdAtMs: number): Alert {
  const times = decisionTimes(decision);
  const transaction = decision.evidence?.transaction ?? {};
  const { amountMinor, currency } = moneyOf(transaction);
  return {
    alertId: decision.decisionId,
    decisionId: decision.decisionId,
    transactionId: decision.transactionId,
    channel: decision.channel,
    customerId: decision.customerId,
    outcome: decision.outcome,
    riskScore: decision.riskScore,
    severity: severityOf(decision),
    amountMinor,
    currency,
    type: typeof transaction.type === 'string' ? transaction.type : 'UNKNOWN',
    reasons: decision.reasons,
    level: decision.level,
    occurredAt: formatRfc3339(times.occurredAtMs ?? times.receivedAtMs),
    decidedAt: formatRfc3339(times.decidedAtMs),
    createdAt: formatRfc3339(createdAtMs),
    status: 'open',
    assignee: null,
    disposition: null,
    note: null,
    version: 1,
    ...(decision.provisional === true ? { provisional: true as const } : {}),
  };
}

/** The highest of the live hits; a shadow hit never touches an alert. */
export function severityOf(decision: Decision): Severity {
  const ranks = decision.hits.filter((hit) => hit.mode === 'live').map((hit) => SEVERITIES.indexOf(hit.severity));
  return SEVERITIES[Math.max(-1, ...ranks)] ?? SEVERITY_OF_OUTCOME[decision.outcome];
}

/** In the wire format an amount is an integer or a string of digits; anything else is no amount, never a guess. */
function moneyOf(transaction: Readonly<Record<string, unknown>>): {
  readonly amountMinor: number | null;
  readonly currency: string | null;
} {
  const { amountMinor, currency } = transaction;
  const amount = typeof amountMinor === 'string' && /^\d+$/.test(amountMinor) ? Number(amountMinor) : amountMinor;
  const isAmount = typeof amount === 'number' && Number.isSafeInteger(amount) && amount >= 0;
  return isAmount && typeof currency === 'string'
    ? { amountMinor: amount, currency }
    : { amountMinor: null, currency: null };
}
