/** What happens while transactions are scored. Shapes are declared here as they are needed; the pipeline's own types fit them. */
import type { Clock } from '../domain/clock.ts';
import type { Decision } from '../domain/decision.ts';
import { VigilError } from '../domain/errors.ts';
import type { Rejection } from '../domain/transaction.ts';
import { createEpisode } from './episode.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

export type ScoredResult =
  | { readonly kind: 'decided'; readonly decision?: Decision; readonly isRepeat: boolean; readonly isConflict: boolean }
  | { readonly kind: 'rejected'; readonly rejection: Rejection; readonly fallback?: { readonly decision: Decision } };

export interface StageTimings {
  readonly parseMs: number;
  readonly featuresMs: number;
  readonly rulesMs: number;
  readonly modelMs: number;
  readonly settleMs: number;
}

export interface ScoringEvents {
  chunkScored(results: readonly ScoredResult[], timings: StageTimings): void;
  modelDegraded(cause: unknown): void;
  featureStoreOutage(event: 'start' | 'end', details: { readonly cause?: unknown; readonly replayed: number }): void;
  limitStoreFailed(cause: unknown): void;
}

export const errorCodeOf = (error: unknown): string => (error instanceof VigilError ? error.code : 'other');

export function createScoringEvents(
  metrics: Metrics,
  logger: Logger,
  clock: Clock,
  homeCurrency: string,
): ScoringEvents {
  const withoutModel = createEpisode(logger, clock, {
    began: 'the model fails or is late: decisions are made without it (level L1)',
    lasts: 'the model still fails',
    ended: 'the model scores again',
  });
  const withoutLimits = createEpisode(logger, clock, {
    began: "the limits' counters cannot be read: limits are errored hits",
    lasts: "the limits' counters still cannot be read",
    ended: "the limits' counters are read again",
  });
  const withoutStore = createEpisode(logger, clock, {
    began: 'the feature store does not answer: local counters only (level L2)',
    lasts: 'the feature store still does not answer',
    ended: 'the feature store answers again and has all transactions of the outage',
  });
  let hadLimitFailure = false;
  return {
    chunkScored(results, timings) {
      recordTimings(metrics, timings, results.length);
      let hasModelScore = false;
      for (const result of results) {
        recordResult(metrics, result, homeCurrency);
        hasModelScore ||= result.kind === 'decided' && result.decision?.model !== undefined;
      }
      if (hasModelScore) withoutModel.ends();
      if (!hadLimitFailure) withoutLimits.ends();
      hadLimitFailure = false;
      if (logger.isDebug()) logger.debug('chunk scored', { transactions: results.length, ...timings });
    },
    modelDegraded(cause) {
      metrics.add('vigil_model_degraded_chunks_total', [errorCodeOf(cause)], 1);
      withoutModel.happens({ err: cause });
    },
    featureStoreOutage(event, { cause, replayed }) {
      metrics.set('vigil_feature_store_down_state', [], event === 'start' ? 1 : 0);
      if (event === 'start') {
        metrics.add('vigil_feature_store_outages_total', [], 1);
        withoutStore.happens({ err: cause });
      } else {
        metrics.add('vigil_feature_store_replayed_transactions_total', [], replayed);
        withoutStore.ends({ replayed });
      }
    },
    limitStoreFailed(cause) {
      hadLimitFailure = true;
      metrics.add('vigil_limit_store_failures_total', [errorCodeOf(cause)], 1);
      withoutLimits.happens({ err: cause });
    },
  };
}

function recordTimings(metrics: Metrics, timings: StageTimings, transactions: number): void {
  metrics.observe('vigil_scoring_chunk_transactions', [], transactions);
  metrics.observe('vigil_scoring_stage_duration_seconds', ['parse'], timings.parseMs / 1000);
  metrics.observe('vigil_scoring_stage_duration_seconds', ['features'], timings.featuresMs / 1000);
  metrics.observe('vigil_scoring_stage_duration_seconds', ['rules'], timings.rulesMs / 1000);
  metrics.observe('vigil_scoring_stage_duration_seconds', ['model'], timings.modelMs / 1000);
  metrics.observe('vigil_scoring_stage_duration_seconds', ['settle'], timings.settleMs / 1000);
}

function recordResult(metrics: Metrics, result: ScoredResult, homeCurrency: string): void {
  if (result.kind === 'rejected') {
    metrics.add('vigil_scoring_rejections_total', [result.rejection.channel ?? 'other', result.rejection.code], 1);
    if (result.fallback !== undefined) {
      metrics.add('vigil_scoring_fallbacks_total', [result.fallback.decision.channel], 1);
    }
    return;
  }
  if (result.isRepeat) metrics.add('vigil_scoring_repeats_total', [], 1);
  if (result.isConflict) metrics.add('vigil_scoring_conflicts_total', [], 1);
  if (result.decision !== undefined) recordDecision(metrics, result.decision, homeCurrency);
}

function recordDecision(metrics: Metrics, decision: Decision, homeCurrency: string): void {
  const { channel, outcome, level } = decision;
  metrics.add('vigil_scoring_decisions_total', [channel, outcome, level], 1);
  if (decision.late) metrics.add('vigil_scoring_late_decisions_total', [channel], 1);
  if (decision.alert) metrics.add('vigil_scoring_alerts_total', [channel], 1);
  for (const flag of decision.flags) metrics.add('vigil_scoring_flags_total', [flag], 1);
  for (const { ruleId, mode, status } of decision.hits) {
    metrics.add('vigil_scoring_rule_hits_total', [ruleId, mode, status], 1);
  }
  metrics.observe('vigil_scoring_risk_points', [], decision.riskScore);
  if (decision.model !== undefined) metrics.observe('vigil_model_score_ratio', [], decision.model.score);
  const durationMs = Date.parse(decision.decidedAt) - Date.parse(decision.receivedAt);
  metrics.observe('vigil_scoring_decision_duration_seconds', [channel], durationMs / 1000);
  const { amountMinor, currency } = decision.evidence?.transaction ?? {};
  if (outcome !== 'ALLOW' && currency === homeCurrency && typeof amountMinor === 'number') {
    metrics.add('vigil_scoring_stopped_amount_minor_total', [channel, outcome], amountMinor);
  }
}
