/**
 * History through one or two complete stacks in one pass: the live code path of each, with its own configuration, stores
 * and model. The decisions of a stack, and their digest, depend on the history, the labels and its configuration alone:
 * not on the size of the chunks, nor on the stack beside it.
 */
import { createHash } from 'node:crypto';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import type { Label } from '../domain/label.ts';
import { createTransactionParser } from '../domain/parse-transaction.ts';
import type { FeatureStore } from '../domain/ports.ts';
import { type ParsedTransaction, type Rejection, transactionKey } from '../domain/transaction.ts';
import type { ScoredInput, ScoreTransactions } from '../pipeline/score-transactions.ts';
import { type SideWork, unpackChunk } from './ahead/ahead-chunk.ts';
import type { AheadResults } from './ahead/ahead-results.ts';
import type { AheadHistory } from './ahead/open-ahead.ts';
import { type Analysis, createAnalyst } from './analysis.ts';
import { type Comparison, createComparer } from './comparison.ts';
import { createEarlyLabelFeed, labelDelayMs } from './early-labels.ts';
import { createDayNames, type Observation } from './observation.ts';
import { type HistoryItem, type HistoryLine, parsedFor, runHistory } from './run-history.ts';
import { createScorecard, type Report } from './scorecard.ts';
import type { DecisionRing } from './texts/decision-ring.ts';
import { type Truth, truthOf } from './truth.ts';

export interface BacktestStack {
  /** how the reader of the report knows the configuration */
  readonly name: string;
  readonly configuration: LoadedConfiguration;
  /** the store that `score` records into: labels go there */
  readonly store: FeatureStore;
  readonly score: ScoreTransactions;
  /** where `score` keeps the texts of its decisions */
  readonly texts: Pick<DecisionRing, 'read' | 'digest'>;
  /** the bank's calendar */
  readonly zoneMinutes: (timeMs: number) => number;
  /** where its store and its model find what was done ahead */
  readonly ahead?: AheadResults;
}

export interface BacktestRun {
  readonly lines: AsyncIterable<HistoryLine>;
  /** instead of the lines: they were read, recorded and scored by another thread, with the labels */
  readonly ahead?: Pick<AheadHistory, 'chunks' | 'unclaimedLabels'> | null;
  /** null: nothing is known of what was fraud */
  readonly labels: readonly Label[] | null;
  readonly here: BacktestStack;
  readonly against: BacktestStack | null;
  readonly minutesPerAlert: number;
  readonly chunkSize: number;
  readonly samples?: number | undefined;
  /** the receiving clock, in milliseconds; also for the rate */
  readonly now: () => number;
  /** every line once, in order, as this configuration answered it; `text` is that of the decision that stands */
  readonly onResult: (item: HistoryItem, result: BacktestResult, text: () => string) => void | Promise<void>;
  readonly onProgress: (lines: number) => void;
}

export type BacktestResult =
  | Extract<ScoredInput, { kind: 'decided' }>
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

export interface StackReport extends Report, Analysis {
  readonly configuration: string;
  readonly versions: LoadedConfiguration['generation']['versions'];
  /** of the decisions, a line each, in input order */
  readonly decisionsSha256: string;
}

export interface BacktestReport extends StackReport {
  readonly labels: { readonly given: number; readonly withoutTransaction: number } | null;
  readonly against?: StackReport;
  readonly comparison?: Comparison;
}

export async function runBacktestHistory(run: BacktestRun): Promise<BacktestReport> {
  const { here, against, labels, now, samples } = run;
  const truth = labels === null ? null : truthOf(labels);
  const startMs = now();
  const sides = [here, ...(against === null ? [] : [against])].map((stack) => createSide(stack, truth, startMs, run));
  const [own, other] = sides;
  if (own === undefined) throw new RangeError('a backtest needs a stack');
  const comparer = createComparer(samples);
  let lines = 0;
  const handle = async (items: readonly HistoryItem[], work: readonly SideWork[]): Promise<void> => {
    const [results, resultsAgainst] = [await own.decide(items, work[0]), await other?.decide(items, work[1])];
    for (let position = 0; position < items.length; position++) {
      const { result, observation } = results[position] as Decided;
      const written = run.onResult(items[position] as HistoryItem, result, () => textOf(here, result));
      if (written !== undefined) await written;
      const counterpart = resultsAgainst?.[position]?.observation;
      if (observation !== null && counterpart) comparer.both(observation, counterpart);
      else if (observation !== null) comparer.one('here');
      else if (counterpart) comparer.one('against');
    }
    lines += items.length;
    run.onProgress(lines);
  };
  const unclaimed = await driveHistory(run, sides, startMs, handle);
  const seconds = (now() - startMs) / 1000;
  return {
    ...own.report(seconds),
    labels: labels === null ? null : { given: labels.length, withoutTransaction: unclaimed },
    ...(other === undefined
      ? {}
      : { against: other.report(seconds), comparison: comparer.report(own.disturbed, other.disturbed) }),
  };
}

/** Answers how many labels found no transaction. */
async function driveHistory(
  run: BacktestRun,
  sides: readonly Side[],
  nowMs: number,
  handle: (items: readonly HistoryItem[], work: readonly SideWork[]) => Promise<void>,
): Promise<number> {
  if (run.ahead) {
    for await (const chunk of run.ahead.chunks(nowMs)) {
      const { items, sides: work } = unpackChunk(chunk);
      await handle(items, work);
    }
    return run.ahead.unclaimedLabels;
  }
  const catalogues = sides.map(({ stack }) => stack.configuration.features);
  const feed = run.labels === null ? null : createEarlyLabelFeed(run.labels, labelDelayMs(catalogues));
  await runHistory({
    lines: run.lines,
    parse: createTransactionParser({ isChannel: (code) => sides.some((side) => side.isChannel(code)) }),
    nowMs,
    labels: feed,
    chunkSize: run.chunkSize,
    maxSpanMs: Math.min(...catalogues.map(({ repeatHorizonMs }) => repeatHorizonMs)),
    handle: (items) => handle(items, []),
    async applyLabels(due) {
      for (const { stack } of sides) await stack.store.applyLabels(due);
    },
  });
  return feed?.unclaimed ?? 0;
}

const textOf = ({ texts }: BacktestStack, result: BacktestResult): string =>
  result.kind === 'rejected' ? '' : texts.read(result.bytes);

interface Decided {
  readonly result: BacktestResult;
  /** of a first decision */
  readonly observation: Observation | null;
}

interface Side {
  readonly stack: BacktestStack;
  readonly disturbed: ReadonlySet<string>;
  isChannel(code: string): boolean;
  /** `work`: what was done ahead, in a run that has it */
  decide(items: readonly HistoryItem[], work: SideWork | undefined): Promise<readonly Decided[]>;
  report(seconds: number): StackReport;
}

const GENUINE: Truth = { isFraud: false };

function createSide(
  stack: BacktestStack,
  truth: ReadonlyMap<string, Truth> | null,
  receivedAtMs: number,
  { minutesPerAlert }: Pick<BacktestRun, 'minutesPerAlert'>,
): Side {
  const { configuration, score, texts } = stack;
  const isLabelled = truth !== null;
  const isChannel = (code: string): boolean => configuration.channels.channels.has(code);
  const parse = createTransactionParser({ isChannel });
  const scorecard = createScorecard();
  const analyst = createAnalyst({ configuration, isLabelled, minutesPerAlert });
  const digest = createHash('sha256');
  const dayName = createDayNames(stack.zoneMinutes);

  const observe = (parsed: ParsedTransaction, result: BacktestResult): Observation | null => {
    if (result.kind === 'rejected') return null;
    const { decision } = result;
    if (decision === undefined) {
      scorecard.repeated(result.isConflict);
      return null;
    }
    const { transaction } = parsed;
    const known = truth?.get(transactionKey(transaction.channel, transaction.transactionId)) ?? GENUINE;
    const observation = { decision, transaction, truth: known, day: dayName(transaction.occurredAtMs) };
    scorecard.decided(decision, known);
    analyst.add(observation);
    return observation;
  };

  return {
    stack,
    disturbed: analyst.disturbed,
    isChannel,
    async decide(items, work) {
      const parsed = items.map((item) => parsedFor(item, isChannel, parse, receivedAtMs));
      // a refused line is not shown to the stack: its channel's fallback has nobody to go to here
      const accepted = items.flatMap(({ bytes }, index) => {
        const own = parsed[index];
        return own?.ok ? [{ bytes, parsed: own, receivedAtMs }] : [];
      });
      if (work !== undefined)
        stack.ahead?.take(
          accepted.map(({ parsed: own }) => own.value.transaction),
          work,
        );
      const chunkStartMs = performance.now();
      const scored = accepted.length === 0 ? [] : await score(accepted);
      scorecard.latency(performance.now() - chunkStartMs + (work?.workMs ?? 0), accepted.length);
      texts.digest(
        scored.flatMap((result) => (result.kind === 'decided' ? [result.bytes] : [])),
        digest,
      );
      let next = 0;
      return parsed.map((own): Decided => {
        if (!own.ok) {
          scorecard.rejected(own.error.code);
          return { result: { kind: 'rejected', rejection: own.error }, observation: null };
        }
        const result = scored[next++];
        if (result?.kind !== 'decided') throw new Error('an accepted transaction of history has no decision');
        return { result, observation: observe(own.value, result) };
      });
    },
    report(seconds) {
      const report = scorecard.report(seconds);
      return {
        configuration: stack.name,
        versions: configuration.generation.versions,
        ...report,
        // without labels nothing is known to be false
        detection: isLabelled ? report.detection : { ...report.detection, precision: null },
        ...analyst.report(),
        decisionsSha256: digest.digest('hex'),
      };
    },
  };
}
