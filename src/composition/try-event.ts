/**
 * One event on the live code path with stores of its own: what would be decided, and every rule step by step. Nothing is
 * stored anywhere. Events before it are played first, so that windows and habits are there.
 */
import type { Decision } from '../domain/decision.ts';
import { VigilError } from '../domain/errors.ts';
import type { FraudModel } from '../domain/ports.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Rejection, RejectionCode } from '../domain/transaction.ts';
import type { ExplainedRule } from '../pipeline/generation.ts';
import { explainerOf } from '../rules/explain-rules.ts';
import type { VerdictExplanation } from '../rules/explain-verdict.ts';
import type { LoadedConfiguration } from './load-generation.ts';
import { factsOf } from './rules-case.ts';
import { createScoringStack, memoryLimitUsage, memoryStoreFor } from './scoring-stack.ts';

export interface Trial {
  readonly decision: Decision;
  readonly rules: readonly ExplainedRule[];
  /** what gave points, what asked for which outcome, and which entries of lists took part */
  readonly verdict: VerdictExplanation | null;
  /** events of the history that no live run would have counted either */
  readonly refused: readonly RefusedEvent[];
}

export interface RefusedEvent {
  /** 1-based, among the events of the history */
  readonly event: number;
  readonly code: RejectionCode;
}

export interface TrialOptions {
  readonly configuration: LoadedConfiguration;
  /** the event as JSON bytes */
  readonly event: Uint8Array;
  /** events before it, oldest first; those that are refused are left out, as they are in a live run, and told */
  readonly history?: readonly Uint8Array[];
  /** stays the caller's: it is not closed */
  readonly model?: FraudModel | null;
  readonly modelBudgetMs?: () => number;
  /** the receiving clock */
  readonly now: () => number;
}

const CHUNK = 64;
/** one event and its customer's past: a store for the whole bank would cost 20 ms to set up */
const ENTITIES = 5_000;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function dryRunEvent(options: TrialOptions): Promise<Result<Trial, Rejection>> {
  const { configuration, event, history = [], now } = options;
  const clock = { now };
  const stack = createScoringStack({
    configuration,
    store: memoryStoreFor(configuration, { maxEntities: ENTITIES, maxSlots: ENTITIES }),
    limitUsage: memoryLimitUsage(clock),
    model: borrowed(options.model ?? null),
    ...(options.modelBudgetMs === undefined ? {} : { modelBudgetMs: options.modelBudgetMs }),
    clock,
    scorer: { decisionTime: 'event' },
  });
  const inputsOf = (messages: readonly Uint8Array[]) => messages.map((bytes) => ({ bytes, receivedAtMs: now() }));
  try {
    const refused: RefusedEvent[] = [];
    for (let start = 0; start < history.length; start += CHUNK) {
      const results = await stack.score(inputsOf(history.slice(start, start + CHUNK)));
      for (const [index, one] of results.entries())
        if (one.kind === 'rejected') refused.push({ event: start + index + 1, code: one.rejection.code });
      await nextTurn(); // in-process stores never wait: a long history would hold the event loop
    }
    const [result] = await stack.score(inputsOf([event]));
    if (result === undefined) throw new VigilError('BUG', 'a chunk of one has no result');
    if (result.kind === 'rejected') return err(result.rejection);
    const decision = result.decision ?? (JSON.parse(result.bytes) as Decision);
    const facts = factsOf(decision, configuration);
    return ok({
      decision,
      rules: facts === undefined ? [] : explainerOf(configuration.ruleset)(facts),
      verdict: facts === undefined ? null : configuration.generation.explainVerdict(facts.transaction, decision),
      refused,
    });
  } finally {
    await stack.close();
  }
}

const borrowed = (model: FraudModel | null): FraudModel | null =>
  model === null
    ? null
    : { version: model.version, score: (inputs) => model.score(inputs), close: async () => undefined };

/** The same for a command line: a refused event throws USAGE with its code. */
export async function tryEvent(options: TrialOptions): Promise<Trial> {
  const tried = await dryRunEvent(options);
  if (tried.ok) return tried.value;
  const { code, path, message } = tried.error;
  throw new VigilError('USAGE', `The event is refused: ${code} at "${path}": ${message}`);
}
