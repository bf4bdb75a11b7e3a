/**
 * The way of one chunk of transactions: parse → record and read (one round trip) → rules, limits, lists (pure) → model
 * (one inference) → decide (pure) → keep the first decision of each transaction (one round trip).
 *
 * Every input gets exactly one result, in input order, whatever fails on the way: the level of the decision says what
 * was missing. Only a bug of our own throws. Publishing, and committing after it, is the caller's.
 */
import type { Clock } from '../domain/clock.ts';
import type { Decision, Degradation, Level } from '../domain/decision.ts';
import { VigilError } from '../domain/errors.ts';
import type { LimitUsage } from '../domain/facts.ts';
import type { FeatureReading } from '../domain/feature.ts';
import type { ParseTransaction } from '../domain/parse-transaction.ts';
import type { FraudModel, ModelScore, Settlement } from '../domain/ports.ts';
import type { ParsedTransaction, Rejection } from '../domain/transaction.ts';
import { buildDecision, buildFallback, buildStaticDecision, provisionalSlotId } from './build-decision.ts';
import type { Evaluation, Generation } from './generation.ts';
import type { GuardedFeatureStore } from './guarded-feature-store.ts';
import type { GuardedLimitUsage } from './guarded-limit-usage.ts';

export interface RawInput {
  readonly bytes: Uint8Array | null;
  readonly receivedAtMs: number;
}

export type ScoredInput =
  | {
      readonly kind: 'decided';
      /** the decision that stands, exactly as published: that of an earlier delivery for a repeat */
      readonly bytes: string;
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
  /** null = configured to run without */
  readonly model: FraudModel | null;
  readonly modelBudgetMs: number;
  readonly generation: () => Generation;
  readonly clock: Clock;
  /**
   * 'wall' (default): the decision says when it was received and made. 'event': both are the transaction's own time, so
   * that a run over history gives the same bytes each time.
   */
  readonly decisionTime?: 'wall' | 'event';
  readonly observer?: ScoringObserver;
  readonly failpoint?: Failpoint;
}

export type ScoreTransactions = (inputs: readonly RawInput[]) => Promise<readonly ScoredInput[]>;

/** One transaction of the chunk on its way. */
interface Candidate {
  readonly index: number;
  readonly parsed: ParsedTransaction;
  readonly receivedAtMs: number;
  reading: FeatureReading | null;
  usage: LimitUsage | null;
  evaluation: Evaluation | null;
  modelScore: ModelScore | null;
  level: Level;
  readonly degraded: Set<Degradation>;
}

export function createScorer(options: ScorerOptions): ScoreTransactions {
  const { clock, failpoint } = options;
  return async (inputs) => {
    const generation = options.generation();
    const marks = [clock.now()];
    const results = new Array<ScoredInput | undefined>(inputs.length);
    const settlements: PendingSettlement[] = [];

    const candidates = parseAll(inputs, generation, options, settlements);
    marks.push(clock.now());
    const fresh = await recordAndRead(candidates, results, options);
    await failpoint?.('recorded');
    marks.push(clock.now());
    for (const candidate of fresh) evaluate(candidate, generation);
    marks.push(clock.now());
    await scoreWithModel(fresh, generation, options);
    marks.push(clock.now());
    for (const candidate of fresh) settlements.push(decide(candidate, generation, options));
    await failpoint?.('decided');
    await settle(settlements, results, options);
    await failpoint?.('settled');
    marks.push(clock.now());
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
  ruled = 0,
  scored = 0,
  settled = 0,
]: readonly number[]): ChunkTimings {
  return {
    parseMs: parsed - start,
    featuresMs: read - parsed,
    rulesMs: ruled - read,
    modelMs: scored - ruled,
    settleMs: settled - scored,
  };
}

/** A decision that waits for its slot, and how its result is made from the decision that stands. */
interface PendingSettlement {
  readonly index: number;
  readonly settlement: Settlement;
  readonly toResult: (standing: { fingerprint: string; decision: string }) => ScoredInput;
}

function parseAll(
  inputs: readonly RawInput[],
  generation: Generation,
  { parse, clock, decisionTime }: ScorerOptions,
  settlements: PendingSettlement[],
): readonly Candidate[] {
  const candidates: Candidate[] = [];
  for (const [index, { bytes, receivedAtMs }] of inputs.entries()) {
    const parsed = parse(bytes, receivedAtMs);
    if (parsed.ok) {
      const { occurredAtMs } = parsed.value.transaction;
      candidates.push(aCandidate(index, parsed.value, decisionTime === 'event' ? occurredAtMs : receivedAtMs));
    } else settlements.push(refuse(index, parsed.error, bytes, receivedAtMs, generation, clock.now()));
  }
  return candidates;
}

const aCandidate = (index: number, parsed: ParsedTransaction, receivedAtMs: number): Candidate => ({
  index,
  parsed,
  receivedAtMs,
  reading: null,
  usage: null,
  evaluation: null,
  modelScore: null,
  level: 'L0',
  degraded: new Set(),
});

/**
 * A refused message occupies no id. Its fallback decision is kept in a slot of its own (identity and content), so that the
 * same refused bytes always get the same answer, and the mended message is decided as new.
 */
function refuse(
  index: number,
  rejection: Rejection,
  bytes: Uint8Array | null,
  receivedAtMs: number,
  generation: Generation,
  decidedAtMs: number,
): PendingSettlement {
  const fallback = buildFallback({ rejection, bytes, receivedAtMs, decidedAtMs, generation });
  const slot = provisionalSlotId(rejection, bytes);
  return {
    index,
    settlement: {
      channel: rejection.channel ?? '',
      transactionId: slot.transactionId,
      fingerprint: slot.fingerprint,
      decision: fallback === null ? '' : JSON.stringify(fallback),
    },
    toResult: ({ decision: standing }) =>
      fallback === null
        ? { kind: 'rejected', rejection }
        : {
            kind: 'rejected',
            rejection,
            fallback: { bytes: standing, customerId: fallback.customerId, decision: fallback },
          },
  };
}

/** Fills the readings; repeats get their result at once. Returns the ones that are to be decided. */
async function recordAndRead(
  candidates: readonly Candidate[],
  results: (ScoredInput | undefined)[],
  { store, limits }: ScorerOptions,
): Promise<readonly Candidate[]> {
  if (candidates.length === 0) return [];
  const parsed = candidates.map((candidate) => candidate.parsed);
  const [{ readings, source }, usages] = await Promise.all([store.recordAndRead(parsed), limits.recordAndRead(parsed)]);
  const fresh: Candidate[] = [];
  for (const [position, candidate] of candidates.entries()) {
    candidate.reading = readings[position] ?? null;
    candidate.usage = usages?.[position] ?? null;
    if (source === 'local') {
      candidate.level = 'L2';
      candidate.degraded.add('feature-store');
    }
    if (store.countersIncomplete || usages === null) candidate.degraded.add('counters');
    const earlier = candidate.reading?.earlier;
    if (earlier === undefined) fresh.push(candidate);
    else results[candidate.index] = repeatOf(candidate.parsed, earlier);
  }
  return fresh;
}

function repeatOf(parsed: ParsedTransaction, earlier: { fingerprint: string; decision: string }): ScoredInput {
  return {
    kind: 'decided',
    bytes: earlier.decision,
    customerId: parsed.transaction.customerId,
    isRepeat: true,
    isConflict: earlier.fingerprint !== parsed.fingerprint,
  };
}

function evaluate(candidate: Candidate, generation: Generation): void {
  const { transaction } = candidate.parsed;
  try {
    candidate.evaluation = generation.evaluate(transaction, candidate.reading, candidate.usage);
  } catch (error) {
    if (error instanceof VigilError && error.fate === 'stop') throw error;
    // each rule contains its own errors; what arrives here is beyond one rule: the channel's static limits decide
    candidate.level = 'L3';
    candidate.degraded.add('rules');
  }
}

async function scoreWithModel(
  candidates: readonly Candidate[],
  generation: Generation,
  { model, modelBudgetMs, clock, observer }: ScorerOptions,
): Promise<void> {
  const inputs = candidates.filter(hasReading);
  if (model === null || inputs.length === 0) return;
  try {
    const startMs = clock.now();
    const scores = await withTimeout(
      model.score(
        inputs.map(({ parsed, reading }) => ({
          transaction: parsed.transaction,
          names: generation.featureNames,
          values: reading.values,
          profile: reading.profile,
        })),
      ),
      modelBudgetMs,
    );
    // an inference that blocks the thread cannot be interrupted, only be found late
    if (clock.now() - startMs > modelBudgetMs) throw new VigilError('MODEL_UNAVAILABLE', 'the model was late');
    for (const [position, candidate] of inputs.entries()) candidate.modelScore = scores[position] ?? null;
  } catch (error) {
    if (!(error instanceof VigilError && error.code === 'MODEL_UNAVAILABLE')) throw error;
    observer?.modelDegraded(error);
    for (const candidate of candidates) {
      if (candidate.level === 'L0') candidate.level = 'L1';
      candidate.degraded.add('model');
    }
  }
}

const hasReading = (candidate: Candidate): candidate is Candidate & { readonly reading: FeatureReading } =>
  candidate.reading !== null && candidate.level !== 'L3';

function withTimeout<T>(work: Promise<T>, budgetMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new VigilError('MODEL_UNAVAILABLE', 'the model was late')), budgetMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function decide(
  candidate: Candidate,
  generation: Generation,
  { model, clock, decisionTime }: ScorerOptions,
): PendingSettlement {
  const { parsed, receivedAtMs, level, evaluation, reading, usage, modelScore } = candidate;
  const decidedAtMs = decisionTime === 'event' ? receivedAtMs : clock.now();
  const common = { parsed, receivedAtMs, decidedAtMs, generation, degraded: [...candidate.degraded], reading, usage };
  const decision =
    evaluation === null
      ? buildStaticDecision(common)
      : buildDecision({
          ...common,
          evaluation,
          level,
          model: model === null || modelScore === null ? null : { version: model.version, ...modelScore },
        });
  const { transaction, fingerprint } = parsed;
  return {
    index: candidate.index,
    settlement: {
      channel: transaction.channel,
      transactionId: transaction.transactionId,
      fingerprint,
      decision: JSON.stringify(decision),
    },
    toResult(standing) {
      const isFirst = standing.decision === this.settlement.decision;
      return {
        kind: 'decided',
        bytes: standing.decision,
        customerId: transaction.customerId,
        ...(isFirst ? { decision } : {}),
        isRepeat: !isFirst,
        isConflict: standing.fingerprint !== fingerprint,
      };
    },
  };
}

async function settle(
  pending: readonly PendingSettlement[],
  results: (ScoredInput | undefined)[],
  { store }: ScorerOptions,
): Promise<void> {
  if (pending.length === 0) return;
  const withSlot = pending.filter((entry) => entry.settlement.decision !== '');
  const standing = withSlot.length === 0 ? [] : await store.settle(withSlot.map((entry) => entry.settlement));
  for (const [position, entry] of withSlot.entries()) {
    results[entry.index] = entry.toResult(standing[position] ?? entry.settlement);
  }
  for (const entry of pending) results[entry.index] ??= entry.toResult(entry.settlement);
}
