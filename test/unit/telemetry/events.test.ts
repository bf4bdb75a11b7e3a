/** One function per event: what it counts and what it writes. Counts are read from the exported text, as Prometheus does. */
import { describe, expect, it } from 'vitest';
import type { ConsumerEvents } from '../../../src/consumers/consumer-events.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import type { HttpEvents } from '../../../src/http/http-options.ts';
import type { GuardOptions } from '../../../src/pipeline/guarded-feature-store.ts';
import type { ScoringObserver } from '../../../src/pipeline/score-transactions.ts';
import { createTelemetry, type Telemetry } from '../../../src/telemetry/events.ts';

interface Bench extends Telemetry {
  readonly lines: () => { level: string; msg: string }[];
  readonly clock: { nowMs: number };
  value(sample: string): Promise<number | undefined>;
}

function aTelemetry(): Bench {
  const written: string[] = [];
  const clock = { nowMs: 1_000_000 };
  const telemetry = createTelemetry({
    level: 'debug',
    destination: { write: (line: string) => void written.push(line) },
    channels: ['ATM', 'POS'],
    withProcess: false,
    clock: { now: () => clock.nowMs },
    homeCurrency: 'CNY',
  });
  return {
    ...telemetry,
    clock,
    lines: () => written.map((line) => JSON.parse(line)),
    async value(sample) {
      const line = (await telemetry.metrics.scrape()).split('\n').find((text) => text.startsWith(`${sample} `));
      return line === undefined ? undefined : Number(line.slice(sample.length + 1));
    },
  };
}

const aDecision = (overrides: Partial<Decision> = {}): Decision => ({
  schemaVersion: 1,
  decisionId: 'd',
  transactionId: 't',
  channel: 'ATM',
  customerId: 'c',
  outcome: 'HOLD',
  riskScore: 640,
  alert: true,
  reasons: [],
  hits: [],
  limits: [],
  reminders: [],
  versions: { ruleset: 'r1', features: 'f1', limits: 'l1', lists: 's1', policy: 'p1' },
  level: 'L0',
  degraded: [],
  flags: ['LATE'],
  late: true,
  occurredAt: '2026-11-20T00:00:00.000Z',
  receivedAt: '2026-11-20T00:00:01.000Z',
  decidedAt: '2026-11-20T00:00:01.040Z',
  evidence: { transaction: { amountMinor: 5_000, currency: 'CNY' }, features: {}, profile: null, limitUsage: null },
  ...overrides,
});

const timings = { parseMs: 1, featuresMs: 2, rulesMs: 3, modelMs: 4, settleMs: 5 };
const decided = (decision: Decision) => ({ kind: 'decided', decision, isRepeat: false, isConflict: false }) as const;

describe('scoring events', () => {
  it('fit what the pipeline, the consumers and the server declare', () => {
    const { scoring, bus, service } = aTelemetry();
    const http: HttpEvents = service;
    const observer: ScoringObserver = scoring;
    const consumer: ConsumerEvents = bus;
    const onOutage: GuardOptions['onOutage'] = scoring.featureStoreOutage;
    expect([observer, consumer, onOutage, http].every((part) => part !== undefined)).toBe(true);
  });

  it('count a chunk by channel, outcome and level, with its money, rules, flags and time', async () => {
    const { scoring, value } = aTelemetry();
    const hit = {
      ruleId: 'burst',
      status: 'hit',
      score: 1,
      mode: 'shadow',
      outcome: 'HOLD',
      reason: 'X',
      severity: 'low',
      values: {},
    } as const;
    scoring.chunkScored(
      [
        decided(aDecision({ hits: [hit], model: { version: 'm', score: 0.93, contributions: [] } })),
        decided(aDecision({ channel: 'POS', outcome: 'ALLOW', alert: false, late: false, flags: [] })),
        { kind: 'decided', isRepeat: true, isConflict: true },
        { kind: 'rejected', rejection: { code: 'NOT_JSON', path: '', message: 'x' } },
        {
          kind: 'rejected',
          rejection: { code: 'INVALID_TIME', path: '', message: 'x', channel: 'ATM' },
          fallback: { decision: aDecision() },
        },
      ],
      timings,
    );
    const expected: Record<string, number> = {
      'vigil_scoring_decisions_total{channel="ATM",outcome="HOLD",level="L0"}': 1,
      'vigil_scoring_decisions_total{channel="POS",outcome="ALLOW",level="L0"}': 1,
      'vigil_scoring_late_decisions_total{channel="ATM"}': 1,
      'vigil_scoring_alerts_total{channel="ATM"}': 1,
      'vigil_scoring_stopped_amount_minor_total{channel="ATM",outcome="HOLD"}': 5_000,
      'vigil_scoring_rule_hits_total{rule="burst",mode="shadow",status="hit"}': 1,
      'vigil_scoring_flags_total{flag="LATE"}': 1,
      vigil_scoring_repeats_total: 1,
      vigil_scoring_conflicts_total: 1,
      'vigil_scoring_rejections_total{channel="other",code="NOT_JSON"}': 1,
      'vigil_scoring_rejections_total{channel="ATM",code="INVALID_TIME"}': 1,
      'vigil_scoring_fallbacks_total{channel="ATM"}': 1,
      'vigil_scoring_decision_duration_seconds_bucket{le="0.03",channel="ATM"}': 0,
      'vigil_scoring_decision_duration_seconds_bucket{le="0.05",channel="ATM"}': 1,
      'vigil_scoring_stage_duration_seconds_sum{stage="settle"}': 0.005,
      vigil_scoring_chunk_transactions_sum: 5,
      'vigil_model_score_ratio_bucket{le="0.9"}': 0,
      'vigil_model_score_ratio_bucket{le="0.97"}': 1,
    };
    for (const [sample, count] of Object.entries(expected)) expect(await value(sample), sample).toBe(count);
    expect(await value('vigil_scoring_stopped_amount_minor_total{channel="POS",outcome="ALLOW"}')).toBeUndefined();
  });

  it('write one line when the model fails, one a minute while it does, and one when it is back', () => {
    const { scoring, clock, lines } = aTelemetry();
    const cause = new VigilError('MODEL_UNAVAILABLE', 'late');
    for (let i = 0; i < 100; i++) scoring.modelDegraded(cause);
    clock.nowMs += 61_000;
    scoring.modelDegraded(cause);
    scoring.chunkScored([decided(aDecision())], timings);
    scoring.chunkScored([decided(aDecision({ model: { version: 'm', score: 0.1, contributions: [] } }))], timings);
    const said = lines().filter(({ msg }) => msg.includes('model'));
    expect(said.map(({ level }) => level)).toEqual(['warn', 'warn', 'info']);
    expect(said[2]).toMatchObject({ occurrences: 101, lastedMs: 61_000 });
  });

  it('show an outage of the feature store while it lasts', async () => {
    const { scoring, value, lines } = aTelemetry();
    scoring.featureStoreOutage('start', { cause: new Error('timeout'), replayed: 0 });
    expect(await value('vigil_feature_store_down_state')).toBe(1);
    scoring.featureStoreOutage('end', { replayed: 42 });
    expect(await value('vigil_feature_store_down_state')).toBe(0);
    expect(await value('vigil_feature_store_outages_total')).toBe(1);
    expect(await value('vigil_feature_store_replayed_transactions_total')).toBe(42);
    expect(lines().map(({ level }) => level)).toEqual(['warn', 'info']);
  });
});

describe('bus events', () => {
  const place = { topic: 'vigil.transactions', group: 'scoring', partition: 0 };

  it('add up the lag of the partitions in hand, and forget those that were taken away', async () => {
    const { bus, value, clock } = aTelemetry();
    const labels = '{topic="vigil.transactions",group="scoring"}';
    bus.partitionsAssigned({ topic: place.topic, group: place.group, partitions: [0, 1] });
    bus.chunkFinished({ ...place, messages: 10, durationMs: 4, lag: 7n });
    bus.chunkFinished({ ...place, partition: 1, messages: 5, durationMs: 4, lag: 0n });
    clock.nowMs += 30_000;
    expect(await value(`vigil_consumer_lag_messages${labels}`)).toBe(7);
    expect(await value(`vigil_consumer_idle_seconds${labels}`)).toBe(30);
    expect(await value(`vigil_consumer_messages_total${labels}`)).toBe(15);
    bus.partitionsAssigned({ topic: place.topic, group: place.group, partitions: [1] });
    expect(await value(`vigil_consumer_lag_messages${labels}`)).toBe(0);
    expect(await value(`vigil_consumer_idle_seconds${labels}`)).toBe(0);
    expect(await value(`vigil_consumer_assigned_partitions${labels}`)).toBe(1);
    expect(await value('vigil_consumer_deaths_total{group="scoring"}')).toBe(0);
    expect(await value(`vigil_consumer_lost_messages_total${labels}`)).toBe(0);
  });

  it('read lag and age of the last fetch from a watched subscription at every scrape', async () => {
    const { bus, value } = aTelemetry();
    const labels = '{topic="vigil.transactions",group="scoring"}';
    let silentMs = 200;
    bus.chunkFinished({ ...place, messages: 1, durationMs: 1, lag: 3n });
    const { topic, group } = place;
    bus.watch({
      topic,
      group,
      lag: () =>
        new Map([
          [0, 40n],
          [1, 2n],
        ]),
      silentForMs: () => silentMs,
    });
    expect(await value(`vigil_consumer_fetch_age_seconds${labels}`)).toBe(0.2);
    expect(await value(`vigil_consumer_lag_messages${labels}`)).toBe(42);
    silentMs = 45_000;
    expect(await value(`vigil_consumer_fetch_age_seconds${labels}`)).toBe(45);
  });

  it('take the retries of the alert consumer for an outage, and the next written batch for its end', async () => {
    const { bus, value, lines } = aTelemetry();
    const error = new VigilError('ALERT_STORE_UNAVAILABLE', 'refused');
    for (let attempt = 1; attempt <= 9; attempt++)
      bus.chunkRetried({ ...place, group: 'alerts', attempt, delayMs: 100, error });
    expect(await value('vigil_alert_store_down_state')).toBe(1);
    expect(await value('vigil_alert_store_outages_total')).toBe(1);
    bus.alertsRecorded({ decisions: 3, newAlerts: 2 });
    expect(await value('vigil_alert_store_down_state')).toBe(0);
    expect(await value('vigil_alert_store_alerts_total')).toBe(2);
    expect(lines().map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('write the attempts 1, 2, 4, 8 of another outage and count all', async () => {
    const { bus, value, lines } = aTelemetry();
    const error = new VigilError('BUS_UNAVAILABLE', 'refused');
    for (let attempt = 1; attempt <= 9; attempt++) bus.chunkRetried({ ...place, attempt, delayMs: 100, error });
    expect(lines().length).toBe(4);
    expect(await value('vigil_consumer_retries_total{group="scoring",code="BUS_UNAVAILABLE"}')).toBe(9);
  });

  it('call for a person when messages are lost or nobody consumes, and count what was lost', async () => {
    const { bus, value, lines } = aTelemetry();
    bus.offsetsLost({ ...place, from: 10n, to: 25n });
    bus.offsetsLost({ ...place, from: 10n, to: 0n });
    bus.subscriptionDied({ topic: place.topic, group: place.group, error: new Error('x') });
    expect(lines().map(({ level }) => level)).toEqual(['error', 'error', 'error']);
    expect(await value('vigil_consumer_lost_messages_total{topic="vigil.transactions",group="scoring"}')).toBe(15);
  });
});

describe('service events', () => {
  it('show one version at a time as in force', async () => {
    const { service, metrics, value } = aTelemetry();
    const versions = aDecision().versions;
    service.generationActivated({ versions, rules: 40 });
    service.generationActivated({ versions: { ...versions, ruleset: 'r2' }, rules: 41 });
    service.modelLoaded({ version: 'm1', backend: 'wasm', tensors: () => 6 });
    const text = await metrics.scrape();
    expect(text.match(/^vigil_config_generation_info\{.*\} 1$/gm)).toEqual([
      'vigil_config_generation_info{ruleset="r2",features="f1",limits="l1",lists="s1",policy="p1"} 1',
    ]);
    expect(await value('vigil_config_generation_timestamp_seconds')).toBe(1_000);
    expect(await value('vigil_model_alive_tensors')).toBe(6);
  });

  it('count requests by pattern, method and class of status', async () => {
    const { service, value } = aTelemetry();
    service.httpRequestFinished({ route: '/v1/alerts/:id', method: 'GET', status: 404, durationMs: 3 });
    service.httpRequestFinished({ route: '/v1/alerts/:id', method: 'BREW', status: 999, durationMs: 3 });
    expect(await value('vigil_http_requests_total{route="/v1/alerts/:id",method="GET",status="4xx"}')).toBe(1);
    expect(await value('vigil_http_requests_total{route="/v1/alerts/:id",method="other",status="other"}')).toBe(1);
  });
});
