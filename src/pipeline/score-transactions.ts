/**
 * The way of one chunk of transactions: parse → record and read (one round trip) → model (one inference) → rules, limits,
 * lists and the decision (pure, in order) → keep the first decision of each transaction (one round trip).
 *
 * Every input gets exactly one result, in input order, whatever fails on the way: the level of the decision says what
 * was missing. Only a bug of our own throws. Publishing, and committing after it, is the caller's.
 */
import type { Clock } from '../domain/clock.ts';
import type { Decision, DecisionModel } from '../domain/decision.ts';
import { VigilError } from '../domain/errors.ts';
import type { ParseTransaction } from '../domain/parse-transaction.ts';
import type { ChunkPosition, FraudModel, ModelScore } from '../domain/ports.ts';
import type { Result } from '../domain/result.ts';
import type { ParsedTransaction, Rejection } from '../domain/transaction.ts';
import { createChunkLedger } from '../rules/limits/chunk-ledger.ts';
import { buildDecision, buildStaticDecision } from './build-decision.ts';
import { type Candidate, degrade, newCandidate } from './candidate.ts';
import { createCountedPositions } from './counted-positions.ts';
import { type DecisionTexts, PLAIN_TEXTS } from './decision-texts.ts';
import type { Generation } from './generation.ts';
import type { GuardedFeatureStore } from './guarded-feature-store.ts';
import type { GuardedLimitUsage } from './guarded-limit-usage.ts';
import { createLane } from './lane.ts';
import { answerFollowers, recordChunk, splitFollowers } from './record-chunk.ts';
import { scoreWithModel } from './score-with-model.ts';
import { type PendingSettlement, pendingDecision, pendingFallback, settleDecisions } from './settle-decisions.ts';

export interface RawInput {
  readonly bytes: Uint8Array | null;
  readonly receivedAtMs: number;
  /** what the parser made of the bytes, when the caller had to look into them before */
  readonly parsed?: Result<ParsedTransaction, Rejection>;
}

export type ScoredInput =
  | {
      readonly kind: 'decided';
      /**
       * the decision that stands, exactly as published: that of an earlier delivery for a repeat. Where texts are kept
       * elsewhere, what stands for it
       */
      readonly bytes: string;
      /** of the delivery that it was made for */
      readonly fingerprint: string;
      readonly customerId: string;
      /** there for first decisions only: a repeat was counted the first time */
      readonly decision?: Decision;
      readonly isRepeat: boolean;
      /** a repeat with other content: the first decision stands, and this delivery is flagged */
      readonly isConflict: boolean;
    }
  | {
      readonly kind: 'rejected';
      readonly rejection: Rejection;
      /** the channel's declared fallback; absent when the message's identity cannot be read */
      readonly fallback?: { readonly bytes: string; readonly customerId: string; readonly decision: Decision };
    };

/** What a run of the pipeline reports; the telemetry implements it. */
export interface ScoringObserver {
  chunkScored(results: readonly ScoredInput[], timings: ChunkTimings): void;
  modelDegraded(cause: unknown): void;
}

export interface ChunkTimings {
  readonly parseMs: number;
  readonly featuresMs: number;
  readonly rulesMs: number;
  readonly modelMs: number;
  readonly settleMs: number;
}

/** Named places between two steps, for tests that kill the process there. */
export type Failpoint = (name: 'recorded' | 'decided' | 'settled') => void | Promise<void>;

export interface ScorerOptions {
  readonly parse: ParseTransaction;
  readonly store: GuardedFeatureStore;
  readonly limits: GuardedLimitUsage;
  /** null = configured to run without; a function is asked once for each chunk, as the generation is */
  readonly model: FraudModel | null | (() => FraudModel | null);
  /** asked for each chunk, in milliseconds */
  readonly modelBudgetMs: () => number;
  readonly generation: () => Generation;
  readonly clock: Clock;
  /** for durations, in milliseconds with fractions; the clock where it is not given */
  readonly monotonicMs?: () => number;
  /**
   * 'wall' (default): the decision says when it was received and made. 'event': both are the transaction's own time, so
   * that a run over history gives the same bytes each time.
   */
  readonly decisionTime?: 'wall' | 'event';
  /** where the decisions' texts are kept; in slots and results, where it is not given */
  readonly texts?: DecisionTexts;
  readonly observer?: ScoringObserver;
  readonly failpoint?: Failpoint;
}

/** `position`: where they stand in the transactions topic, when they come from there */
export type ScoreTransactions = (
  inputs: readonly RawInput[],
  position?: ChunkPosition,
) => Promise<readonly ScoredInput[]>;

export function createScorer(options: ScorerOptions): ScoreTransactions {
  const { clock, failpoint } = options;
  const monotonicMs = options.monotonicMs ?? (() => clock.now());
  const onDegraded = (cause: unknown): void => options.observer?.modelDegraded(cause);
  const recording = createLane();
  const positions = createCountedPositions();
  return async (inputs, place) => {
    const generation = options.generation();
    const model = typeof options.model === 'function' ? options.model() : options.model;
    const marks = [monotonicMs()];
    const results = new Array<ScoredInput | undefined>(inputs.length);
    const pending: PendingSettlement[] = [];

    const candidates = parseAll(inputs, generation, options, pending);
    marks.push(monotonicMs());
    const { first, followers } = splitFollowers(candidates);
    const position = positions.of(place);
    const { fresh, isCounted } = await recording(() => recordChunk(first, results, { ...options, position }));
    await failpoint?.('recorded');
    marks.push(monotonicMs());
    await scoreWithModel(fresh, generation.featureNames, {
      model,
      budget: { ms: options.modelBudgetMs(), monotonicMs },
      onDegraded,
    });
    marks.push(monotonicMs());
    pending.push(...decideInOrder(fresh, generation, { ...options, model }));
    marks.push(monotonicMs());
    await failpoint?.('decided');
    await settleDecisions(pending, results, { ...options, position: positions.settled(position, isCounted) });
    answerFollowers(followers, results);
    await failpoint?.('settled');
    marks.push(monotonicMs());
    const complete = results.map((result, index) => result ?? missingResult(index));
    options.observer?.chunkScored(complete, timingsOf(marks));
    return complete;
  };
}

function missingResult(index: number): never {
  throw new VigilError('BUG', `input ${index} of a chunk has no result`);
}

function timingsOf([
  start = 0,
  parsed = 0,
  read = 0,
  scored = 0,
  ruled = 0,
  settled = 0,
]: readonly number[]): ChunkTimings {
  return {
    parseMs: parsed - start,
    featuresMs: read - parsed,
    rulesMs: ruled - scored,
    modelMs: scored - read,
    settleMs: settled - ruled,
  };
}

function parseAll(
  inputs: readonly RawInput[],
  generation: Generation,
  { parse, clock, decisionTime, texts = PLAIN_TEXTS }: ScorerOptions,
  pending: PendingSettlement[],
): readonly Candidate[] {
  const candidates: Candidate[] = [];
  for (const [index, { bytes, receivedAtMs, parsed: given }] of inputs.entries()) {
    const parsed = given ?? parse(bytes, receivedAtMs);
    if (parsed.ok) {
      const { occurredAtMs } = parsed.value.transaction;
      const ownReceivedAtMs = decisionTime === 'event' ? occurredAtMs : receivedAtMs;
      const limitRecord = generation.limitRecord(parsed.value.transaction);
      candidates.push(newCandidate(index, parsed.value, ownReceivedAtMs, limitRecord));
    } else pending.push(pendingFallback(index, parsed.error, { bytes, receivedAtMs }, clock.now(), generation, texts));
  }
  return candidates;
}

type DecideOptions = Pick<ScorerOptions, 'clock' | 'decisionTime' | 'texts'> & { readonly model: FraudModel | null };

/**
 * In order, because a transaction that ends in BLOCK gives back what it has reserved of the limits: the ones after it in
 * the chunk must not find it used, or decisions would depend on how a stream is cut.
 */
function decideInOrder(
  candidates: readonly Candidate[],
  generation: Generation,
  options: DecideOptions,
): readonly PendingSettlement[] {
  const ledger = createChunkLedger();
  return candidates.map((candidate) => {
    const { limitReading } = candidate;
    candidate.usage = limitReading === null ? null : ledger.usage(limitReading);
    evaluate(candidate, generation);
    const pending = decide(candidate, generation, options);
    if (pending.released !== undefined && limitReading !== null) ledger.blocked(pending.released, limitReading);
    return pending;
  });
}

function evaluate(candidate: Candidate, generation: Generation): void {
  const { transaction } = candidate.parsed;
  try {
    candidate.evaluation = generation.evaluate(transaction, candidate.reading, candidate.usage);
    // also a limit of an amount for whose currency there is no rate
    if (candidate.evaluation.limitHits.some((limit) => limit.unread === true)) degrade(candidate, 'counters');
  } catch (error) {
    // a rule contains its own errors; what is declared as degradable and beyond one rule: the channel's static limits
    if (!(error instanceof VigilError && error.fate === 'degrade')) throw error;
    candidate.level = 'L3';
    degrade(candidate, 'rules');
  }
}

function decide(
  candidate: Candidate,
  generation: Generation,
  { model, clock, decisionTime, texts }: DecideOptions,
): PendingSettlement {
  const { parsed, receivedAtMs, level, evaluation, reading, usage, modelScore } = candidate;
  const decidedAtMs = decisionTime === 'event' ? receivedAtMs : clock.now();
  const parts = {
    parsed,
    receivedAtMs,
    decidedAtMs,
    generation,
    degraded: candidate.degraded,
    reading,
    usage,
    originalFound: candidate.limitReading?.originalFound ?? null,
    isEvidenceLazy: texts !== undefined,
  };
  const decision =
    evaluation === null
      ? buildStaticDecision(parts)
      : buildDecision(parts, evaluation, level, modelPart(model, modelScore));
  const bytes = (texts ?? PLAIN_TEXTS).keep(decision, parts);
  return pendingDecision(candidate.index, parsed, decision, bytes, candidate.limitRecord);
}

function modelPart(model: FraudModel | null, scored: ModelScore | null): DecisionModel | null {
  if (model === null || scored === null) return null;
  return { version: model.version, score: scored.score, contributions: scored.contributions };
}
