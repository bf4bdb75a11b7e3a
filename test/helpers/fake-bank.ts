/** A bank with as many alerts as a test wants, made when they are asked for; the alert of a number is always the same. */
import type { Alert, AlertAction, AlertHistoryEntry, AlertStatus } from '../../src/domain/alert.ts';
import { nextAlertStatus } from '../../src/domain/alert.ts';
import type { Decision } from '../../src/domain/decision.ts';
import type { CustomerTransaction } from '../../src/http/api-types.ts';
import { FAKE_CASES, type FakeCase } from './fake-bank-cases.ts';

export interface FakeBank {
  readonly alerts: readonly Alert[];
  decision(alertId: string): Decision | undefined;
  history(alertId: string): readonly AlertHistoryEntry[];
  find(channel: string, transactionId: string): Decision | undefined;
  transactionsOf(customerId: string, limit: number): readonly CustomerTransaction[];
  /** undefined = the version was not the current one, or the step is not possible */
  act(alertId: string, seenVersion: number, action: AlertAction, actor: string): Alert | undefined;
  /** new alerts, on top of the list */
  arrive(count: number): void;
  version(alertId: string): number;
}

const CUSTOMERS = [
  'C1001',
  'C1002',
  'CUSTOMER-0123456789-0123456789-012345678',
  'C1004',
  'C-欧阳娜娜-0005',
  'C1006',
  'C1007',
];
/** three quarters are open, as in a queue that is worked on */
const STATES: readonly { readonly status: AlertStatus; readonly assignee: string | null }[] = [
  { status: 'open', assignee: null },
  { status: 'open', assignee: null },
  { status: 'open', assignee: null },
  { status: 'claimed', assignee: 'wang.wei' },
  { status: 'open', assignee: null },
  { status: 'claimed', assignee: 'li.na' },
  { status: 'closed', assignee: 'li.na' },
];

const iso = (ms: number): string => new Date(ms).toISOString();
const caseOf = (index: number): FakeCase => (FAKE_CASES[index % FAKE_CASES.length] ?? FAKE_CASES[0])?.() as FakeCase;
const at = <T>(items: readonly T[], index: number): T => items[index % items.length] as T;

function decisionOf(index: number, occurredAtMs: number): Decision {
  const fake = caseOf(index);
  const transactionId = `${fake.channel.slice(0, 2)}-20261123-${String(index).padStart(6, '0')}`;
  const customerId = at(CUSTOMERS, index);
  const occurredAt = iso(occurredAtMs);
  return {
    schemaVersion: 1,
    decisionId: `d${String(index).padStart(8, '0')}`,
    transactionId,
    channel: fake.channel,
    customerId,
    outcome: fake.outcome,
    riskScore: fake.riskScore,
    alert: true,
    reasons: fake.reasons,
    hits: fake.hits,
    limits: fake.limits ?? [],
    reminders: [],
    versions: {
      ruleset: 'a41f09c2e7',
      features: '77be10',
      limits: '5d20aa',
      lists: '0b11ff',
      policy: 'c9e4',
    },
    level: 'L0',
    degraded: [],
    flags: [],
    late: false,
    occurredAt,
    receivedAt: iso(occurredAtMs + 40),
    decidedAt: iso(occurredAtMs + 46),
    evidence: {
      transaction: {
        schemaVersion: 1,
        transactionId,
        occurredAt,
        channel: fake.channel,
        customerId,
        ...fake.transaction,
      },
      features: fake.features,
      profile: fake.profile,
    },
    ...fake.extra,
  };
}

function alertOf(index: number, decision: Decision): Alert {
  const fake = caseOf(index);
  const { status, assignee } = at(STATES, index);
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    alertId: decision.decisionId,
    decisionId: decision.decisionId,
    transactionId: decision.transactionId,
    channel: decision.channel,
    customerId: decision.customerId,
    outcome: decision.outcome,
    riskScore: decision.riskScore,
    severity: fake.severity,
    amountMinor: typeof fake.transaction.amountMinor === 'number' ? fake.transaction.amountMinor : null,
    currency: text(fake.transaction.currency),
    type: text(fake.transaction.type) ?? 'UNKNOWN',
    reasons: decision.reasons,
    level: decision.level,
    occurredAt: decision.occurredAt ?? decision.receivedAt,
    decidedAt: decision.decidedAt,
    createdAt: decision.decidedAt,
    status,
    assignee,
    disposition: status === 'closed' ? 'confirmed_fraud' : null,
    note: status === 'closed' ? 'Customer called back on the number on file: did not do it.' : null,
    version: status === 'open' ? 1 : 2,
    ...(decision.provisional === true ? { provisional: true as const } : {}),
  };
}

/** Everyday activity around the alert, over the channels that this customer uses. */
function everyday(customerId: string, centreMs: number, count: number): readonly CustomerTransaction[] {
  const channels = ['MOBILE_BANKING', 'QR_CODE', 'ATM', 'POS', 'ONLINE_BANKING'];
  const outcomes: readonly Decision['outcome'][] = ['ALLOW', 'ALLOW', 'ALLOW', 'ALLOW', 'CHALLENGE', 'ALLOW', 'HOLD'];
  return Array.from({ length: count }, (_, index): CustomerTransaction => {
    const minutesBefore = index < 8 ? 3 + index * 4 : 60 * 8 + index * 61 * 7;
    const occurredAt = iso(centreMs - minutesBefore * 60_000);
    const type = index % 6 === 5 ? 'LOGIN' : index % 5 === 2 ? 'WITHDRAWAL' : 'PURCHASE';
    return {
      decisionId: `e-${customerId}-${index}`,
      transactionId: `E-${index}`,
      channel: at(channels, index * 7 + 1),
      customerId,
      type,
      amountMinor: type === 'LOGIN' ? null : ((index * 7919) % 90) * 1_130 + 990,
      currency: type === 'LOGIN' ? null : 'CNY',
      outcome: at(outcomes, index),
      riskScore: (index * 37) % 300,
      level: 'L0',
      alert: false,
      provisional: false,
      reasons: [],
      occurredAt,
      decidedAt: occurredAt,
      transaction: null,
    };
  });
}

function asTransaction(decision: Decision, alert: Alert): CustomerTransaction {
  const { decisionId, transactionId, channel, customerId, outcome, riskScore, level, reasons, occurredAt, decidedAt } =
    decision;
  return {
    ...{ decisionId, transactionId, channel, customerId, outcome, riskScore, level, reasons, occurredAt, decidedAt },
    type: alert.type === 'UNKNOWN' ? null : alert.type,
    amountMinor: alert.amountMinor,
    currency: alert.currency,
    alert: true,
    provisional: decision.provisional === true,
    transaction: decision.evidence?.transaction ?? null,
  };
}

export function createFakeBank(options: { readonly alerts: number; readonly nowMs?: number }): FakeBank {
  const nowMs = options.nowMs ?? Date.now();
  const timeOf = (index: number): number => nowMs - 45_000 - (options.alerts - index) * 97_000;
  const alerts: Alert[] = [];
  const numbers = new Map<string, number>();
  const histories = new Map<string, AlertHistoryEntry[]>();
  const times: number[] = [];
  const add = (index: number, occurredAtMs: number): void => {
    const alert = alertOf(index, decisionOf(index, occurredAtMs));
    times[index] = occurredAtMs;
    numbers.set(alert.alertId, index);
    alerts.push(alert);
  };
  for (let index = 0; index < options.alerts; index++) add(index, timeOf(index + 1));
  // newest first, as the API answers
  alerts.reverse();

  const decision = (alertId: string): Decision | undefined => {
    const index = numbers.get(alertId);
    return index === undefined ? undefined : decisionOf(index, times[index] ?? nowMs);
  };
  const current = (alertId: string): Alert | undefined => alerts.find((alert) => alert.alertId === alertId);
  return {
    alerts,
    decision,
    history: (alertId) => histories.get(alertId) ?? [],
    find(channel, transactionId) {
      const alert = alerts.find((one) => one.channel === channel && one.transactionId === transactionId);
      return alert === undefined ? undefined : decision(alert.alertId);
    },
    transactionsOf(customerId, limit) {
      const own = alerts.filter((alert) => alert.customerId === customerId).slice(0, 3);
      const raised = own.flatMap((alert) => {
        const made = decision(alert.alertId);
        return made === undefined ? [] : [asTransaction(made, alert)];
      });
      const centre = raised[0] === undefined ? nowMs : Date.parse(raised[0].decidedAt);
      return [...raised, ...everyday(customerId, centre, 42)]
        .sort((a, b) => Date.parse(b.decidedAt) - Date.parse(a.decidedAt))
        .slice(0, limit);
    },
    act(alertId, seenVersion, action, actor) {
      const before = current(alertId);
      const toStatus = before === undefined ? null : nextAlertStatus(before.status, action.kind);
      if (before === undefined || toStatus === null || before.version !== seenVersion) return undefined;
      const isClosing = action.kind === 'close';
      const after: Alert = {
        ...before,
        status: toStatus,
        assignee: toStatus === 'open' ? null : actor,
        disposition: isClosing ? action.disposition : null,
        note: isClosing ? (action.note ?? null) : null,
        version: before.version + 1,
      };
      alerts[alerts.indexOf(before)] = after;
      const entry: AlertHistoryEntry = {
        kind: action.kind,
        actor,
        at: new Date().toISOString(),
        fromStatus: before.status,
        toStatus,
        version: after.version,
        disposition: after.disposition,
        note: after.note,
      };
      histories.set(alertId, [...(histories.get(alertId) ?? []), entry]);
      return after;
    },
    arrive(count) {
      for (let added = 0; added < count; added++) {
        const index = numbers.size;
        // an open one each time, so that it shows in the queue's first view
        const open = index + ((7 - (index % 7)) % 7);
        const fresh = alertOf(open, decisionOf(open, Date.now()));
        const alertId = `new-${index}`;
        numbers.set(alertId, open);
        times[open] = Date.now();
        alerts.unshift({ ...fresh, alertId, transactionId: `NEW-${index}` });
      }
    },
    version: (alertId) => current(alertId)?.version ?? 0,
  };
}
