/**
 * `vigil explain` and `vigil redecide`: why a transaction was decided as it was, and the same decision computed again. The
 * decision comes from the alert store of the configuration, or from a file that `vigil backtest --out` wrote.
 */
import { createPostgresAlertStore } from '../alerts/postgres-alert-store.ts';
import { readLines } from '../backtest/read-lines.ts';
import { createEarlierConfigurations, type EarlierConfigurations } from '../composition/earlier-configurations.ts';
import { explainWithEarlier, redecideWithEarlier } from '../composition/http-service.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { openConfigStore } from '../composition/start-configuration.ts';
import { systemClock } from '../composition/system-clock.ts';
import { readEnvironment } from '../config/environment.ts';
import type { Decision } from '../domain/decision.ts';
import { VigilError } from '../domain/errors.ts';
import type { DecisionRecord } from '../domain/ports.ts';
import type { Explanation } from '../http/api-types.ts';
import type { ExplainedRule } from '../pipeline/generation.ts';
import type { Redecided } from '../pipeline/redecide.ts';
import type { VerdictExplanation } from '../rules/explain-verdict.ts';
import { decisionLines, headLine, ruleLines } from './decision-lines.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';
import { MAX_DECISION_BYTES, readDecision } from './read-decision.ts';

export interface ExplainOptions {
  readonly transactionId: string;
  readonly channel?: string;
  /** decisions as NDJSON; the alert store where it is not given */
  readonly in?: string;
  readonly config?: string;
  readonly json?: boolean;
}

export async function runExplain(options: ExplainOptions, io: CommandIo): Promise<ExitCode> {
  const configuration = await loadOrRefuse(options.config);
  const records = await findRecords(options, configuration);
  await withEarlier(options, configuration, async (earlier) => {
    for (const record of records) {
      const explanation = await explainWithEarlier(record, configuration, earlier);
      if (options.json === true) io.out(JSON.stringify(explanation));
      else for (const line of explanationLines(record.decision, explanation, configuration)) io.out(line);
    }
  });
  return EXIT.done;
}

/** Exit code 1 when the bytes differ or a version is no longer there. */
export async function runRedecide(options: ExplainOptions, io: CommandIo): Promise<ExitCode> {
  const configuration = await loadOrRefuse(options.config);
  const records = await findRecords(options, configuration);
  const results: Redecided[] = [];
  await withEarlier(options, configuration, async (earlier) => {
    for (const record of records) results.push(await redecideWithEarlier(record, configuration, earlier));
  });
  for (const [index, result] of results.entries()) {
    io.out(`${records[index]?.decision.channel} ${options.transactionId}: ${redecidedText(result)}`);
    if (result.status !== 'different') continue;
    const was: unknown = JSON.parse(records[index]?.bytes ?? 'null');
    for (const line of differingValues(was, JSON.parse(result.bytes))) io.out(line);
    io.out(result.bytes);
  }
  return results.every(({ status }) => status === 'same') ? EXIT.done : EXIT.failed;
}

/** Decisions of a file need no database: then only a folder of versions (reload.stateDir) is asked. */
async function withEarlier(
  options: ExplainOptions,
  configuration: LoadedConfiguration,
  work: (earlier: EarlierConfigurations) => Promise<void>,
): Promise<void> {
  const store = await openConfigStore(configuration.settings, options.in === undefined ? 'real' : 'embedded');
  try {
    await work(createEarlierConfigurations({ current: () => configuration, store, environment: readEnvironment() }));
  } finally {
    await store?.close();
  }
}

function redecidedText(result: Redecided): string {
  switch (result.status) {
    case 'same':
      return 'the same bytes again';
    case 'different':
      return 'other bytes';
    case 'version-missing':
      return `cannot be computed again: it was made with ${result.part} ${result.wanted}, which is not there any more; in force here is ${result.inForce}`;
    case 'nothing-kept':
      return 'a provisional fallback for a refused message: there is nothing to compute';
  }
}

const SHOWN_DIFFERENCES = 20;

/** "  hits.0.score: 200 → 300": what is other in the second one, the first few. */
function differingValues(was: unknown, is: unknown): readonly string[] {
  const [before, after] = [leavesOf(was), leavesOf(is)];
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter((at) => before.get(at) !== after.get(at));
  const shown = paths
    .slice(0, SHOWN_DIFFERENCES)
    .map((at) => `  ${at}: ${before.get(at) ?? 'not there'} → ${after.get(at) ?? 'not there'}`);
  const more = paths.length - shown.length;
  return more > 0 ? [...shown, `  and ${more} more`] : shown;
}

function leavesOf(value: unknown, at = '', found = new Map<string, string>()): ReadonlyMap<string, string> {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (inner.length === 0) found.set(at, JSON.stringify(value));
  for (const [key, one] of inner) leavesOf(one, at === '' ? key : `${at}.${key}`, found);
  return found;
}

/** The decisions under this id, on the named channel or on every channel. */
async function findRecords(
  options: ExplainOptions,
  configuration: LoadedConfiguration,
): Promise<readonly DecisionRecord[]> {
  const records = options.in === undefined ? await inStore(options, configuration) : await inFile(options.in, options);
  if (records.length === 0)
    throw new VigilError('NOT_FOUND', `There is no decision for transaction ${options.transactionId}.`);
  return records;
}

async function inStore(
  { transactionId, channel }: ExplainOptions,
  { settings, channels }: LoadedConfiguration,
): Promise<readonly DecisionRecord[]> {
  const store = createPostgresAlertStore({ connection: settings.postgres.url, clock: systemClock });
  try {
    const wanted = channel === undefined ? [...channels.channels.keys()] : [channel];
    return await store.decisionsById(transactionId, wanted);
  } finally {
    await store.close();
  }
}

async function inFile(file: string, { transactionId, channel }: ExplainOptions): Promise<readonly DecisionRecord[]> {
  const found = new Map<string, DecisionRecord>();
  for await (const { number, bytes } of readLines(file, MAX_DECISION_BYTES)) {
    const text = bytes.toString('utf8');
    if (!text.includes(JSON.stringify(transactionId))) continue;
    const decision = readDecision(text, number, file);
    if (decision.transactionId !== transactionId || (channel !== undefined && decision.channel !== channel)) continue;
    if (!found.has(decision.decisionId)) found.set(decision.decisionId, withoutFeatures(decision, text));
  }
  return [...found.values()];
}

/** `vigil backtest --with-features` writes them behind the decision: they are no part of its bytes. */
function withoutFeatures(line: Decision & { readonly features?: unknown }, bytes: string): DecisionRecord {
  if (line.features === undefined) return { decision: line, bytes };
  const { features: _, ...decision } = line;
  return { decision, bytes: JSON.stringify(decision) };
}

function* explanationLines(
  decision: Decision,
  explanation: Explanation,
  { limits }: LoadedConfiguration,
): Generator<string> {
  yield `${decision.channel} ${decision.transactionId}: ${headLine(decision)}`;
  yield* decisionLines(decision, explanation.verdict as VerdictExplanation | null, limits.settings.currency);
  yield* ruleLines(explanation.rules as readonly ExplainedRule[]);
  yield `  computed again: ${redecidedText(explanation.redecided as Redecided)}`;
}
