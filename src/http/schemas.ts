/**
 * The answers as JSON Schema, for the OpenAPI document. The compiler holds them equal to api-types.ts (schema-types.ts), a test
 * holds real answers against them. They are not used to serialise: a serialiser made from a schema drops what the schema
 * has forgotten, and an answer must rather say too much than lose a reason.
 */
import Type, { type TProperties, type TSchema } from 'typebox';
import { ALERT_STATUSES, DISPOSITIONS } from '../domain/alert.ts';
import { LEVELS, OUTCOMES } from '../domain/decision.ts';
import { REJECTION_CODES } from '../domain/transaction.ts';
import type * as Api from './api-types.ts';
import { PROBLEM_CODES, ROLES } from './api-types.ts';
import { Transaction } from './transaction-schema.ts';

const closed = <P extends TProperties>(properties: P, description?: string) =>
  Type.Object(properties, { additionalProperties: false, ...(description === undefined ? {} : { description }) });
/** contracts allow additions: a reader must take fields that it does not know */
const open = <P extends TProperties>(properties: P, description?: string) =>
  Type.Object(properties, description === undefined ? {} : { description });
const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);
const oneOf = <const V extends readonly string[]>(values: V) =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values] });
/** a component by its name */
const ref = <T>(name: string) => Type.Unsafe<T>({ $ref: `${name}#` });
const time = () => Type.String({ format: 'date-time' });
const count = () => Type.Integer({ minimum: 0 });

const AlertStatus = oneOf(ALERT_STATUSES);
const Disposition = oneOf(DISPOSITIONS);
const Outcome = oneOf(OUTCOMES);
const Level = oneOf(LEVELS);
const Severity = oneOf(['low', 'medium', 'high', 'critical']);
const Group = oneOf(['remote', 'card', 'self-service', 'counter', 'corporate']);
const Text = closed({ en: Type.String(), 'zh-CN': Type.String() });
const Reason = closed({ code: Type.String(), text: Text });
const ByOutcome = closed({ ALLOW: count(), CHALLENGE: count(), HOLD: count(), BLOCK: count() });
const Fields = Type.Record(Type.String(), Type.Unknown());

export const Alert = closed(
  {
    alertId: Type.String({ description: 'equal to decisionId: one alert for one decision' }),
    decisionId: Type.String(),
    transactionId: Type.String(),
    channel: Type.String(),
    customerId: Type.String(),
    outcome: Outcome,
    riskScore: Type.Integer({ minimum: 0, maximum: 1000 }),
    severity: Severity,
    amountMinor: nullable(Type.Integer({ minimum: 0, description: 'in minor units of ISO 4217' })),
    currency: nullable(Type.String()),
    type: Type.String(),
    reasons: Type.Array(Reason),
    level: Level,
    occurredAt: time(),
    decidedAt: time(),
    createdAt: time(),
    status: AlertStatus,
    assignee: nullable(Type.String()),
    disposition: nullable(Disposition),
    note: nullable(Type.String()),
    version: Type.Integer({ minimum: 1, description: 'a change names the version that the person saw' }),
    provisional: Type.Optional(Type.Literal(true)),
  },
  'What a person must see.',
);

const AlertHistoryEntry = closed({
  kind: oneOf(['claim', 'release', 'close', 'reopen']),
  actor: Type.String(),
  at: time(),
  fromStatus: AlertStatus,
  toStatus: AlertStatus,
  version: Type.Integer(),
  disposition: nullable(Disposition),
  note: nullable(Type.String()),
});

/** features that are estimates, or whose windows are not full yet; absent = none */
const UNSURE_FEATURES = {
  estimated: Type.Optional(Type.Array(Type.String())),
  warmingUp: Type.Optional(Type.Array(Type.String())),
};

const RuleHit = open({
  ruleId: Type.String(),
  status: oneOf(['hit', 'errored']),
  score: Type.Integer(),
  mode: oneOf(['live', 'shadow']),
  outcome: Outcome,
  reason: Type.String(),
  severity: Severity,
  title: Type.Optional(Text),
  typology: Type.Optional(Type.String()),
  values: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  error: Type.Optional(Type.String()),
  ...UNSURE_FEATURES,
});

const LimitHit = open({
  limitId: Type.String(),
  period: oneOf(['transaction', 'day', 'month', 'year']),
  measure: oneOf(['amount', 'count']),
  usedBefore: Type.Number(),
  requested: Type.Number(),
  max: Type.Number(),
  headroom: Type.Number(),
  exceeded: Type.Boolean(),
  outcome: Outcome,
  reason: Type.String(),
});

const DecisionModel = open({
  version: Type.String(),
  score: Type.Number({ minimum: 0, maximum: 1 }),
  contributions: Type.Array(open({ feature: Type.String(), value: Type.Number() })),
});

const DecisionVersions = open({
  ruleset: Type.String(),
  features: Type.String(),
  limits: Type.String(),
  lists: Type.String(),
  policy: Type.String(),
});

export const Decision = open(
  {
    schemaVersion: Type.Literal(1),
    decisionId: Type.String(),
    transactionId: Type.String(),
    channel: Type.String(),
    customerId: Type.String(),
    outcome: Outcome,
    riskScore: Type.Integer({ minimum: 0, maximum: 1000 }),
    alert: Type.Boolean(),
    reasons: Type.Array(Reason),
    hits: Type.Array(RuleHit),
    limits: Type.Array(LimitHit),
    reminders: Type.Array(Reason),
    challenge: Type.Optional(open({ methods: Type.Array(Type.String()) })),
    hold: Type.Optional(open({ untilMs: Type.Number() })),
    model: Type.Optional(DecisionModel),
    versions: DecisionVersions,
    level: Level,
    degraded: Type.Array(Type.String()),
    flags: Type.Array(Type.String()),
    late: Type.Boolean(),
    provisional: Type.Optional(Type.Literal(true)),
    occurredAt: nullable(time()),
    receivedAt: time(),
    decidedAt: time(),
    evidence: nullable(
      open({
        transaction: Fields,
        features: Type.Record(Type.String(), nullable(Type.Number())),
        profile: nullable(Fields),
        ...UNSURE_FEATURES,
      }),
    ),
  },
  'What a channel is answered. The first decision for a transaction stands; a repeat has the same bytes.',
);

export const AlertPage = closed({
  items: Type.Array(ref<Api.Alert>('Alert')),
  nextCursor: nullable(Type.String({ description: 'opaque; null on the last page' })),
});

export const AlertDetail = closed({
  alert: ref<Api.Alert>('Alert'),
  decision: nullable(ref<Api.Decision>('Decision')),
  history: Type.Array(AlertHistoryEntry),
});

const seenVersion = Type.Integer({ minimum: 1 });
const note = Type.Optional(Type.String({ maxLength: 2_000 }));

export const AlertActionRequest = Type.Union([
  closed({ kind: Type.Literal('claim'), seenVersion }),
  closed({ kind: Type.Literal('release'), seenVersion }),
  closed({ kind: Type.Literal('close'), seenVersion, disposition: Disposition, note }),
  closed({ kind: Type.Literal('reopen'), seenVersion, note }),
]);

const CustomerTransaction = closed({
  decisionId: Type.String(),
  transactionId: Type.String(),
  channel: Type.String(),
  customerId: Type.String(),
  type: nullable(Type.String()),
  amountMinor: nullable(Type.Integer({ minimum: 0 })),
  currency: nullable(Type.String()),
  outcome: Outcome,
  riskScore: Type.Integer(),
  level: Level,
  alert: Type.Boolean(),
  provisional: Type.Boolean(),
  reasons: Type.Array(Reason),
  occurredAt: nullable(time()),
  decidedAt: time(),
  transaction: nullable(Fields),
});

export const CustomerTransactions = closed({ items: Type.Array(CustomerTransaction) });

export const TransactionsById = closed({ items: Type.Array(CustomerTransaction) });

export const Explanation = Type.Record(Type.String(), Type.Unknown(), {
  description:
    'The decision and, rule by rule, what it was computed from: `steps` are the single conditions of a rule, `verdict` says what gave points, what asked for which outcome and which entries of lists took part (null when policy or lists are others by now). The rules are those that made it, also when `rulesetInForce` is another ruleset by now; `rules` is empty when they are no longer kept: rules that did not make it explain nothing.',
});
export const DryRunResult = Type.Record(Type.String(), Type.Unknown(), {
  description:
    '`live` and, where a candidate is set, `candidate`: the decision, every rule with its `steps` and `values`, the `verdict`, and the events of the history that were `refused`. Nothing is stored.',
});

const LiveChannel = closed({
  channel: Type.String(),
  decisions: count(),
  decisionsPerSecond: Type.Number(),
  outcomes: ByOutcome,
  alerts: count(),
  lastAt: nullable(time()),
});

export const LiveSnapshot = closed({
  at: time(),
  uptimeSeconds: Type.Number(),
  transactions: count(),
  decisions: count(),
  deadLetters: count(),
  decisionsPerSecond: Type.Number(),
  outcomes: ByOutcome,
  levels: closed({ L0: count(), L1: count(), L2: count(), L3: count() }),
  level: Level,
  latencyMs: nullable(closed({ p50: Type.Number(), p99: Type.Number(), p999: Type.Number() })),
  lag: nullable(Type.Number()),
  alerts: nullable(closed({ open: count(), claimed: count(), closed: count() })),
  channels: Type.Array(LiveChannel),
});

const ChannelView = closed({
  code: Type.String(),
  name: Text,
  group: Group,
  deadlineMs: Type.Integer(),
  fallbackOutcome: Outcome,
  challengeMethods: Type.Array(closed({ code: Type.String(), name: Text })),
});

export const ChannelList = closed({ version: Type.String(), items: Type.Array(ChannelView) });

export const Me = closed({
  subject: Type.String(),
  name: Type.String(),
  roles: Type.Array(oneOf(ROLES)),
  bank: closed({
    name: Type.String(),
    zone: Type.String({ description: 'IANA time zone in which its people read times' }),
  }),
});

export const Health = closed({ status: Type.Literal('ok'), version: Type.String(), uptimeSeconds: Type.Number() });

export const Readiness = closed({
  ok: Type.Boolean(),
  checks: Type.Array(closed({ name: Type.String(), ok: Type.Boolean(), detail: Type.Optional(Type.String()) })),
});

export const OpenApi = Type.Record(Type.String(), Type.Unknown(), { description: 'This document.' });

const problemCodes = Object.keys(PROBLEM_CODES) as Api.ProblemCode[];

export const Problem = closed(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    code: oneOf([...problemCodes, ...REJECTION_CODES]),
    detail: Type.String(),
    path: Type.Optional(Type.String({ description: 'JSON pointer of the faulty value, or the name of the parameter' })),
    requestId: Type.String(),
  },
  'A refusal (RFC 9457).',
);

/** Names of the OpenAPI document's components. */
export const COMPONENTS: Readonly<Record<string, TSchema>> = {
  Alert,
  AlertActionRequest,
  AlertDetail,
  AlertPage,
  ChannelList,
  CustomerTransactions,
  Decision,
  DryRunResult,
  Explanation,
  Health,
  LiveSnapshot,
  Me,
  OpenApi,
  Problem,
  Readiness,
  Transaction,
  TransactionsById,
};

export const answer = (name: string): { readonly $ref: string } => ({ $ref: `${name}#` });
