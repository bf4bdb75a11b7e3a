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
import type { RuleExplanation } from '../rules/explain-rules.ts';
import { type CommandIo, EXIT, type ExitCode } from './io.ts';

// ── printing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const MARKS = { true: '✓', false: '✗', error: '!' } as const;

export function explanationLines(rule: RuleExplanation): readonly string[] {
  const mode = rule.mode === 'live' ? '' : ` [${rule.mode}]`;
  const values = Object.entries(rule.values).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return [
    `  ${rule.status.padEnd(12)} ${rule.ruleId}${mode}  ${rule.title.en} · ${rule.title['zh-CN']}`,
    ...rule.steps.map(
      ({ condition, result, error }) =>
        `      ${MARKS[`${result}`]} ${condition}${error === undefined ? '' : `  (${error})`}`,
    ),
    ...(rule.steps.length === 0 ? [] : [`      saw ${values.join(', ')}`]),
  ];
}

function decisionLines(name: string, { decision }: Trial): readonly string[] {
  const reasons = decision.reasons.map((reason) => reason.code).join(', ');
  return [
    `${name}: ${decision.outcome}, score ${decision.riskScore}, ${decision.alert ? 'alert' : 'no alert'}, level ${decision.level}`,
    `  ruleset ${decision.versions.ruleset}, policy ${decision.versions.policy}; reasons: ${reasons === '' ? 'none' : reasons}`,
  ];
}

const INTERESTING: ReadonlySet<string> = new Set(['hit', 'errored']);

function differenceLines(live: Trial, candidate: Trial): readonly string[] {
  const before = new Map(live.rules.map((rule) => [rule.ruleId, rule.status]));
  const after = new Map(candidate.rules.map((rule) => [rule.ruleId, rule.status]));
  const ids = [...new Set([...before.keys(), ...after.keys()])];
  const changed = ids.filter((id) => before.get(id) !== after.get(id));
  return changed.map((id) => `  ${id}: ${before.get(id) ?? 'not there'} → ${after.get(id) ?? 'not there'}`);
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
  if (options.json === true) {
    io.out(JSON.stringify({ live, ...(candidate === undefined ? {} : { candidate }) }));
    return EXIT.done;
  }
  for (const [name, trial] of [
    ['live', live] as const,
    ...(candidate === undefined ? [] : [['candidate', candidate] as const]),
  ]) {
    for (const line of decisionLines(name, trial)) io.out(line);
    const shown = options.all === true ? trial.rules : trial.rules.filter((rule) => INTERESTING.has(rule.status));
    for (const line of shown.flatMap(explanationLines)) io.out(line);
  }
  if (candidate !== undefined) {
    const differences = differenceLines(live, candidate);
    io.out(differences.length === 0 ? 'no rule differs' : 'rules that differ:');
    for (const line of differences) io.out(line);
  }
  return EXIT.done;
}
