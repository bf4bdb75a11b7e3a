/**
 * Every metric that Vigil exports, as data: the registry is built from it, and tests hold it equal to grafana/README.md and to
 * what dashboards and alert rules use. Names: vigil_<area>_<noun>_<unit>[_total]. Every label has a closed set of values, or is
 * bounded by BOUNDED_VALUES with the rest under "other": 200,000 label values would cost 0.8 s a scrape.
 */
import { LEVELS, OUTCOMES } from '../domain/decision.ts';
import { ERROR_CODES } from '../domain/errors.ts';
import { REJECTION_CODES } from '../domain/transaction.ts';

/** 0.5 ms … 1 s; .05 and .25 are the promises (p99 and the hard cut). */
export const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1];
const CHUNK_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const PROBABILITY_BUCKETS = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 1];
const POINT_BUCKETS = [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000];

/** distinct values of a label whose set is the operator's (topics, rules, routes) */
export const BOUNDED_VALUES = 500;

export type LabelValues = readonly string[] | 'channels' | 'bounded';

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  readonly buckets?: readonly number[];
}

const STAGES = ['parse', 'features', 'rules', 'model', 'settle'];
const FLAGS = [
  'UNKNOWN_FIELDS',
  'FUTURE_TIME',
  'LATE',
  'TOO_LATE',
  'READ_AGAIN',
  'ESTIMATED',
  'WARMING_UP',
  'ORIGINAL_NOT_FOUND',
  'COUNTERS_LOST',
  'CONFLICT',
];
const ERRORS = [...Object.keys(ERROR_CODES), 'other'];

const counter = (help: string, labels: MetricDefinition['labels'] = {}) => ({ type: 'counter', help, labels }) as const;
const gauge = (help: string, labels: MetricDefinition['labels'] = {}) => ({ type: 'gauge', help, labels }) as const;
const histogram = (help: string, buckets: readonly number[], labels: MetricDefinition['labels'] = {}) =>
  ({ type: 'histogram', help, labels, buckets }) as const;

export const METRIC_DEFINITIONS = {
  // ── scoring ────────────────────────────────────────────────────────────────────────────────────────────────────────
  vigil_scoring_decisions_total: counter('First decisions', { channel: 'channels', outcome: OUTCOMES, level: LEVELS }),
  vigil_scoring_late_decisions_total: counter("Decisions after their channel's deadline", { channel: 'channels' }),
  vigil_scoring_repeats_total: counter('Deliveries of a transaction that was decided before'),
  vigil_scoring_conflicts_total: counter('Repeats with other content: the first decision stands'),
  vigil_scoring_rejections_total: counter('Refused messages', {
    channel: 'channels',
    code: [...REJECTION_CODES, 'other'],
  }),
  vigil_scoring_fallbacks_total: counter('Declared fallback decisions for refused messages', { channel: 'channels' }),
  vigil_scoring_flags_total: counter('Flags on decisions', { flag: FLAGS }),
  vigil_scoring_alerts_total: counter('Decisions that raise an alert', { channel: 'channels' }),
  vigil_scoring_stopped_amount_minor_total: counter("Money not let through, in minor units of the bank's currency", {
    channel: 'channels',
    outcome: ['CHALLENGE', 'HOLD', 'BLOCK'],
  }),
  vigil_scoring_rule_hits_total: counter('Rule hits', {
    rule: 'bounded',
    mode: ['live', 'shadow'],
    status: ['hit', 'errored'],
  }),
  vigil_scoring_risk_points: histogram('Risk score of first decisions, 0 to 1000', POINT_BUCKETS),
  vigil_scoring_decision_duration_seconds: histogram('From receipt to decision', DURATION_BUCKETS, {
    channel: 'channels',
  }),
  vigil_scoring_stage_duration_seconds: histogram('Each stage of a chunk', DURATION_BUCKETS, { stage: STAGES }),
  vigil_scoring_chunk_transactions: histogram('Transactions in a chunk', CHUNK_BUCKETS),

  // ── feature store, limits ──────────────────────────────────────────────────────────────────────────────────────────
  vigil_feature_store_outages_total: counter('Times that the feature store stopped answering'),
  vigil_feature_store_down_state: gauge('1 while the feature store is down (level L2)'),
  vigil_feature_store_replayed_transactions_total: counter(
    'Transactions replayed into the feature store after an outage',
  ),
  vigil_feature_store_unreadable_keys_total: counter('Keys that could not be read and were moved aside', {
    kind: ['log', 'profile', 'other'],
  }),
  vigil_feature_store_incomplete_state: gauge('1 while counters are low until they are rebuilt'),
  vigil_limit_store_failures_total: counter("Chunks without the limits' counters", { code: ERRORS }),

  // ── model ──────────────────────────────────────────────────────────────────────────────────────────────────────────
  vigil_model_degraded_chunks_total: counter('Chunks without a model score (level L1)', { code: ERRORS }),
  vigil_model_loads_total: counter('Model artefacts loaded or refused', { result: ['loaded', 'refused'] }),
  vigil_model_version_info: gauge('1 for the model that serves', {
    version: 'bounded',
    backend: ['wasm', 'cpu', 'tensorflow', 'none'],
  }),
  vigil_model_alive_tensors: gauge('Tensors alive in the process; constant in a healthy one'),
  vigil_model_score_ratio: histogram('Calibrated model score', PROBABILITY_BUCKETS),

  // ── configuration ──────────────────────────────────────────────────────────────────────────────────────────────────
  vigil_config_generation_info: gauge('1 for the versions in force', {
    ruleset: 'bounded',
    features: 'bounded',
    limits: 'bounded',
    lists: 'bounded',
    policy: 'bounded',
  }),
  vigil_config_generation_timestamp_seconds: gauge('When the generation in force was activated'),
  vigil_config_loads_total: counter('Generations activated or refused', { result: ['activated', 'refused'] }),
  vigil_build_version_info: gauge('1 for the build', { version: 'bounded', node: 'bounded' }),

  // ── consumers and the bus ──────────────────────────────────────────────────────────────────────────────────────────
  vigil_consumer_messages_total: counter('Messages handled for good', { topic: 'bounded', group: 'bounded' }),
  vigil_consumer_chunk_duration_seconds: histogram('A chunk from receipt to published', DURATION_BUCKETS, {
    group: 'bounded',
  }),
  vigil_consumer_lag_messages: gauge('Messages not yet handled, over the partitions of this process', {
    topic: 'bounded',
    group: 'bounded',
  }),
  vigil_consumer_idle_seconds: gauge('Age of the last finished chunk in the quietest partition that has lag', {
    topic: 'bounded',
    group: 'bounded',
  }),
  vigil_consumer_fetch_age_seconds: gauge(
    'Since the bus was last asked for messages; well under a second when healthy',
    {
      topic: 'bounded',
      group: 'bounded',
    },
  ),
  vigil_consumer_assigned_partitions: gauge('Partitions of this process', { topic: 'bounded', group: 'bounded' }),
  vigil_consumer_rebalances_total: counter('Assignments received', { topic: 'bounded', group: 'bounded' }),
  vigil_consumer_retries_total: counter('Chunks handled again after an outage', { group: 'bounded', code: ERRORS }),
  vigil_consumer_lost_messages_total: counter('Messages gone before they were read', {
    topic: 'bounded',
    group: 'bounded',
  }),
  vigil_consumer_commits_total: counter('Offset commits', { group: 'bounded', result: ['done', 'failed'] }),
  vigil_consumer_deaths_total: counter('Subscriptions that died', { group: 'bounded' }),
  vigil_consumer_stop_timeouts_total: counter('Drains beyond their budget', { group: 'bounded' }),
  vigil_publish_messages_total: counter('Messages published', { topic: 'bounded' }),
  vigil_publish_bytes_total: counter('Bytes published', { topic: 'bounded' }),
  vigil_publish_requests_total: counter('Produce requests', { topic: 'bounded' }),
  vigil_publish_duration_seconds: histogram('A publish until all in-sync replicas have it', DURATION_BUCKETS, {
    topic: 'bounded',
  }),
  vigil_bus_client_warnings_total: counter('Warnings and errors of the client library', { level: ['warn', 'error'] }),
  vigil_dead_letter_messages_total: counter('Dead letters', { code: [...REJECTION_CODES, 'other'] }),
  vigil_feedback_labels_total: counter('Labels received', { result: ['applied', 'unmatched'] }),

  // ── alerts ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  vigil_alert_store_decisions_total: counter('Decisions written to the alert store'),
  vigil_alert_store_alerts_total: counter('Alerts written to the alert store'),
  vigil_alert_store_outages_total: counter('Times that the alert store stopped answering'),
  vigil_alert_store_down_state: gauge('1 while the alert store is down: alerts wait in Kafka'),
  vigil_alert_queue_alerts: gauge('Alerts by status', { status: ['open', 'claimed', 'closed'] }),

  // ── HTTP ───────────────────────────────────────────────────────────────────────────────────────────────────────────
  vigil_http_requests_total: counter('HTTP requests', {
    route: 'bounded',
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'other'],
    status: ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'],
  }),
  vigil_http_request_duration_seconds: histogram('HTTP requests', DURATION_BUCKETS, { route: 'bounded' }),
  vigil_http_auth_failures_total: counter('Requests without a valid token or without the role', {
    status: ['401', '403'],
  }),

  // ── telemetry itself ───────────────────────────────────────────────────────────────────────────────────────────────
  vigil_telemetry_dropped_values_total: counter(
    'Values that were no finite number, or a falling counter: a bug of ours',
  ),
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRIC_DEFINITIONS;
type OfType<T extends MetricDefinition['type']> = {
  [N in MetricName]: (typeof METRIC_DEFINITIONS)[N]['type'] extends T ? N : never;
}[MetricName];
export type CounterName = OfType<'counter'>;
export type GaugeName = OfType<'gauge'>;
export type HistogramName = OfType<'histogram'>;
