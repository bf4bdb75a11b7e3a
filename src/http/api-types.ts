/**
 * What the HTTP API answers, as types alone: the console imports this file and nothing else of the server, so it holds no
 * code of a driver. The TypeBox schemas in schemas.ts are held equal to these types by the compiler.
 *
 *   GET  /healthz  /readyz  /metrics                              no token
 *   POST /v1/decisions                                            → Decision, exactly the published bytes
 *   GET  /v1/alerts?status=&limit=&cursor=&channel=&customerId=   → AlertPage, newest first
 *   GET  /v1/alerts/{alertId}                                     → AlertDetail
 *   POST /v1/alerts/{alertId}/actions                             AlertActionRequest → Alert; 409 when seenVersion is old
 *   GET  /v1/customers/{customerId}/transactions?limit=           → CustomerTransactions, newest first
 *   GET  /v1/transactions?transactionId=                          → TransactionsById, one for each channel that has it
 *   GET  /v1/transactions/{channel}/{transactionId}/explain       → Explanation
 *   POST /v1/dry-run                                              → DryRunResult, nothing is stored
 *   GET  /v1/live                                                 → LiveSnapshot
 *   GET  /v1/live/stream                                          text/event-stream: `event: live`, data = LiveSnapshot
 *   GET  /v1/channels                                             → ChannelList
 *   GET  /v1/me                                                   → Me
 *   GET  /v1/openapi.json                                         this API in OpenAPI 3.1
 *
 * Everything under /v1 wants `Authorization: Bearer …` (also the stream: read it with fetch). A refusal is a Problem
 * (RFC 9457, application/problem+json).
 */
import type { Alert, AlertHistoryEntry, AlertStatus, Disposition } from '../domain/alert.ts';
import type { BilingualText, Decision, Level, Outcome, Reason } from '../domain/decision.ts';
import type { RejectionCode } from '../domain/transaction.ts';

export type { Alert, AlertHistoryEntry, AlertStatus, Decision, Disposition };

export const ROLES = [
  'viewer',
  'analyst',
  'supervisor',
  'rule_author',
  'approver',
  'administrator',
  'auditor',
  'channel',
] as const;
export type Role = (typeof ROLES)[number];

/** What a refusal is about; the HTTP status follows from it. */
export const PROBLEM_CODES = {
  UNAUTHENTICATED: { status: 401, title: 'A valid bearer token is needed' },
  FORBIDDEN: { status: 403, title: 'The role of this token is not enough' },
  NOT_FOUND: { status: 404, title: 'There is nothing here' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This method is not allowed here' },
  INVALID_QUERY: { status: 400, title: 'A parameter is not valid' },
  INVALID_CURSOR: { status: 400, title: 'The cursor is not one that this API gave' },
  INVALID_BODY: { status: 400, title: 'The body is not valid' },
  BAD_REQUEST: { status: 400, title: 'The request cannot be read' },
  TRANSACTION_REJECTED: { status: 400, title: 'The transaction is refused' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body must be application/json' },
  ALERT_CONFLICT: { status: 409, title: 'The alert was changed by somebody else, or cannot take this step' },
  TOO_MANY_STREAMS: { status: 429, title: 'Too many live streams are open' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request came too slowly' },
  UNAVAILABLE: { status: 503, title: 'A part that is needed cannot be reached now' },
  INTERNAL: { status: 500, title: 'Vigil failed to answer' },
} as const satisfies Record<string, { status: number; title: string }>;
export type ProblemCode = keyof typeof PROBLEM_CODES;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** one of PROBLEM_CODES; for a refused transaction the parser's RejectionCode */
  readonly code: ProblemCode | RejectionCode;
  /** one sentence for a person */
  readonly detail: string;
  /** JSON pointer of the faulty value, or the name of the parameter */
  readonly path?: string;
  /** the id under which the server's log holds this request */
  readonly requestId: string;
}

export interface AlertPage {
  readonly items: readonly Alert[];
  /** null on the last page */
  readonly nextCursor: string | null;
}

export interface AlertDetail {
  readonly alert: Alert;
  /** the decision in force for the alert's transaction; null when its month was dropped by the retention */
  readonly decision: Decision | null;
  /** who did what with it, oldest first */
  readonly history: readonly AlertHistoryEntry[];
}

export type AlertActionRequest =
  | { readonly kind: 'claim'; readonly seenVersion: number }
  | { readonly kind: 'release'; readonly seenVersion: number }
  | {
      readonly kind: 'close';
      readonly seenVersion: number;
      readonly disposition: Disposition;
      readonly note?: string;
    }
  | { readonly kind: 'reopen'; readonly seenVersion: number; readonly note?: string };

export interface CustomerTransaction {
  readonly decisionId: string;
  readonly transactionId: string;
  readonly channel: string;
  readonly customerId: string;
  /** null when the message was refused and its type could not be read */
  readonly type: string | null;
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly outcome: Outcome;
  readonly riskScore: number;
  readonly level: Level;
  readonly alert: boolean;
  readonly provisional: boolean;
  readonly reasons: readonly Reason[];
  readonly occurredAt: string | null;
  readonly decidedAt: string;
  /** the transaction in the wire format of the input; null when the decision kept no evidence */
  readonly transaction: Readonly<Record<string, unknown>> | null;
}

export interface CustomerTransactions {
  readonly items: readonly CustomerTransaction[];
}

/** Two channels may use the same id: in the order of the channel catalogue, and at most one for each of its channels. */
export interface TransactionsById {
  readonly items: readonly CustomerTransaction[];
}

/** What `vigil explain` prints: at least the decision, and what it was computed from. */
export type Explanation = Readonly<Record<string, unknown>>;
export type DryRunResult = Readonly<Record<string, unknown>>;

export interface LatencyQuantiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export interface LiveChannel {
  readonly channel: string;
  /** decisions since the start */
  readonly decisions: number;
  readonly decisionsPerSecond: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly alerts: number;
  /** receivedAt of the newest; null before the first */
  readonly lastAt: string | null;
}

export interface LiveSnapshot {
  /** when these figures were taken */
  readonly at: string;
  readonly uptimeSeconds: number;
  /** transactions read, also those that were refused */
  readonly transactions: number;
  readonly decisions: number;
  readonly deadLetters: number;
  /** over the last ten seconds or so */
  readonly decisionsPerSecond: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly levels: Readonly<Record<Level, number>>;
  /** of the newest decisions */
  readonly level: Level;
  readonly latencyMs: LatencyQuantiles | null;
  /** messages that are not yet decided; null when it is not known */
  readonly lag: number | null;
  readonly alerts: Readonly<Record<AlertStatus, number>> | null;
  /** in the order of the channel catalogue */
  readonly channels: readonly LiveChannel[];
}

export interface ChannelView {
  readonly code: string;
  readonly name: BilingualText;
  readonly group: 'remote' | 'card' | 'self-service' | 'counter' | 'corporate';
  readonly deadlineMs: number;
  readonly fallbackOutcome: Outcome;
  readonly challengeMethods: readonly { readonly code: string; readonly name: BilingualText }[];
}

export interface ChannelList {
  readonly version: string;
  readonly items: readonly ChannelView[];
}

export interface Bank {
  readonly name: string;
  /** IANA time zone in which its people read times */
  readonly zone: string;
}

export interface Me {
  readonly subject: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly bank: Bank;
}

export interface Health {
  readonly status: 'ok';
  readonly version: string;
  readonly uptimeSeconds: number;
}

export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** one sentence when it is not */
  readonly detail?: string;
}

export interface Readiness {
  readonly ok: boolean;
  readonly checks: readonly ReadinessCheck[];
}
