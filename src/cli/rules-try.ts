/**
 * `vigil rules try`: one event against the live and a candidate configuration, on the live code path with stores of its
 * own. Nothing is stored. With --history the events before it are played first, so that windows and habits are there.
 */
import { readFile } from 'node:fs/promises';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { type Trial, tryEvent } from '../composition/try-event.ts';
import { VigilError } from '../domain/errors.ts';
import type { FraudModel } from '../domain/ports.ts';
import { parseRfc3339 } from '../domain/time.ts';
import { decisionLines, headLine, ruleLines } from './decision-lines.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';

// ── printing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function* trialLines(name: string, trial: Trial, { limits }: LoadedConfiguration, isWhole: boolean): Generator<string> {
  const { decision, verdict, rules } = trial;
  yield `${name}: ${headLine(decision)}`;
  yield* decisionLines(decision, verdict, limits.settings.currency);
  yield* ruleLines(isWhole ? rules : rules.filter(({ status }) => status === 'hit' || status === 'errored'));
}

/** Rules have lines of their own. */
const requestsOf = ({ verdict }: Trial): readonly string[] =>
  (verdict?.asked ?? [])
    .filter(({ from }) => from !== 'score' && from !== 'rule')
    .map(({ from, id, outcome }) => `${from} ${id}: ${outcome}`);

/** What the candidate changes: the decision, limits and lists, and rules; those that come or go without a hit are counted. */
function* differenceLines(live: Trial, candidate: Trial): Generator<string> {
  const [wasHead, isHead] = [live, candidate].map(({ decision }) => headLine(decision));
  if (wasHead !== isHead) yield `  ${wasHead} → ${isHead}`;
  const [was = [], is = []] = [live, candidate].map(requestsOf);
  for (const gone of was.filter((text) => !is.includes(text))) yield `  no longer: ${gone}`;
  for (const come of is.filter((text) => !was.includes(text))) yield `  new: ${come}`;
  const before = new Map(live.rules.map((rule) => [rule.ruleId, rule.status]));
  const after = new Map(candidate.rules.map((rule) => [rule.ruleId, rule.status]));
  const ids = [...new Set([...before.keys(), ...after.keys()])].filter((id) => before.get(id) !== after.get(id));
  const isQuiet = (id: string): boolean =>
    [before, after].some((side) => !side.has(id)) && ![before.get(id), after.get(id)].some(isFelt);
  for (const id of ids.filter((id) => !isQuiet(id)))
    yield `  ${id}: ${before.get(id) ?? 'not there'} → ${after.get(id) ?? 'not there'}`;
  const quiet = ids.filter(isQuiet).length;
  if (quiet > 0)
    yield `  ${quiet} more ${quiet === 1 ? 'rule stands' : 'rules stand'} in one of the two alone and did not hit`;
}

const isFelt = (status: string | undefined): boolean => status === 'hit' || status === 'errored';

const SHOWN_REFUSALS = 5;

function refusedNote({ refused }: Trial, events: number): string {
  const shown = refused.slice(0, SHOWN_REFUSALS).map(({ event, code }) => `${event} ${code}`);
  const more = refused.length > shown.length ? ` and ${refused.length - shown.length} more` : '';
  return `${refused.length} of ${events} events of the history are refused and take no part: ${shown.join(', ')}${more}.`;
}

export interface RulesTryOptions {
  readonly configuration: LoadedConfiguration;
  readonly candidate?: LoadedConfiguration | undefined;
  /** the models of the two; without them rules only. They stay the caller's */
  readonly model?: FraudModel | null;
  readonly candidateModel?: FraudModel | null;
  /** a file with the event as JSON */
  readonly event: string;
  /** NDJSON, oldest first */
  readonly history?: string | undefined;
  /** every rule, not only those that hit or failed */
  readonly all?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly now?: () => number;
}

async function readEvent(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new VigilError('USAGE', `${file} cannot be read: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

const readHistory = async (file: string): Promise<readonly Uint8Array[]> =>
  Buffer.from(await readEvent(file))
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => Buffer.from(line, 'utf8'));

/** An event of any year is tried at its own time: it may lie ahead of the wall clock. */
function eventClock(event: Uint8Array, fallback: () => number): () => number {
  try {
    const message: unknown = JSON.parse(Buffer.from(event).toString('utf8'));
    const written =
      typeof message === 'object' && message !== null && 'occurredAt' in message ? message.occurredAt : '';
    const atMs = typeof written === 'string' ? parseRfc3339(written) : undefined;
    return atMs === undefined ? fallback : () => atMs;
  } catch {
    return fallback; // not JSON: the parser says so with its code
  }
}

export async function runRulesTry(options: RulesTryOptions, io: CommandIo): Promise<ExitCode> {
  const event = await readEvent(options.event);
  const history = options.history === undefined ? [] : await readHistory(options.history);
  const now = eventClock(event, options.now ?? (() => performance.timeOrigin + performance.now()));
  const common = { event, history, now, modelBudgetMs: () => Number.POSITIVE_INFINITY };
  const live = await tryEvent({ ...common, configuration: options.configuration, model: options.model ?? null });
  const { candidate: other } = options;
  const candidate =
    other === undefined
      ? undefined
      : await tryEvent({ ...common, configuration: other, model: options.candidateModel ?? null });
  if (live.refused.length > 0) io.note(refusedNote(live, history.length));
  if (options.json === true) {
    io.out(JSON.stringify({ live, ...(candidate === undefined ? {} : { candidate }) }));
    return EXIT.done;
  }
  const isWhole = options.all === true;
  for (const line of trialLines('live', live, options.configuration, isWhole)) io.out(line);
  if (candidate === undefined || other === undefined) return EXIT.done;
  for (const line of trialLines('candidate', candidate, other, isWhole)) io.out(line);
  const differences = [...differenceLines(live, candidate)];
  io.out(differences.length === 0 ? 'the candidate changes nothing' : 'what the candidate changes:');
  for (const line of differences) io.out(line);
  return EXIT.done;
}
