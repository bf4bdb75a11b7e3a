/**
 * `vigil rules shadow`: what the rules in shadow would have done, from recorded decisions (`vigil backtest --out FILE`, or
 * an export of the decisions topic) and, once they are there, labels.
 */
import { createDailySeries } from '../backtest/daily-series.ts';
import { createDayNames } from '../backtest/observation.ts';
import { readLabels } from '../backtest/read-labels.ts';
import { readLines } from '../backtest/read-lines.ts';
import { type Truth, truthOf } from '../backtest/truth.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { parserOf } from '../composition/parser-of.ts';
import { zoneMinutes } from '../composition/scoring-stack.ts';
import type { Decision } from '../domain/decision.ts';
import { formatMoney } from '../domain/money.ts';
import type { ParseTransaction } from '../domain/parse-transaction.ts';
import { type Transaction, transactionKey } from '../domain/transaction.ts';
import { listEffects } from '../rules/lists/list-effects.ts';
import { createShadowRecorder, type ShadowReport, type ShadowRuleReport } from '../rules/shadow-report.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';
import { MAX_DECISION_BYTES, readDecision } from './read-decision.ts';

export interface RulesShadowOptions {
  readonly configuration: LoadedConfiguration;
  /** decisions, one JSON a line */
  readonly in: string;
  readonly labels?: string | undefined;
  readonly minutesPerAlert?: number | undefined;
  readonly json?: boolean | undefined;
}

function transactionOf(decision: Decision, parse: ParseTransaction): Transaction | undefined {
  if (decision.evidence === null) return undefined;
  const parsed = parse(Buffer.from(JSON.stringify(decision.evidence.transaction), 'utf8'), Number.MAX_SAFE_INTEGER);
  return parsed.ok ? parsed.value.transaction : undefined;
}

async function readTruth({ configuration, labels }: RulesShadowOptions): Promise<ReadonlyMap<string, Truth>> {
  if (labels === undefined) return new Map();
  const read = await readLabels(labels, (code) => configuration.channels.channels.has(code));
  if (!read.ok) throw new ConfigurationRefused(read.error);
  return truthOf(read.value);
}

/** `decidedOtherwise`: how many decisions were made by another policy or other lists than those that decide here. */
async function collect(options: RulesShadowOptions): Promise<ShadowReport & { readonly decidedOtherwise: number }> {
  const { generation, lists } = options.configuration;
  const truth = await readTruth(options);
  const parse = parserOf(options.configuration);
  const { minutesPerAlert } = options;
  const seen = new Set<string>();
  let decidedOtherwise = 0;
  const daily = createDailySeries();
  const dayName = createDayNames(zoneMinutes(options.configuration));
  const recorder = createShadowRecorder(minutesPerAlert === undefined ? {} : { minutesPerAlert });
  for await (const { bytes, number } of readLines(options.in, MAX_DECISION_BYTES)) {
    if (bytes.length === 0) continue;
    const decision = readDecision(bytes.toString('utf8'), number, options.in);
    // the topic is written at least once, and a transaction sent again repeats its decision
    if (seen.has(decision.decisionId)) continue;
    seen.add(decision.decisionId);
    const transaction = transactionOf(decision, parse);
    if (transaction === undefined) continue; // a fallback: no rule has seen it
    const isFraud = truth.get(transactionKey(decision.channel, decision.transactionId))?.isFraud;
    daily.add({ decision, transaction, truth: { isFraud: isFraud === true }, day: dayName(transaction.occurredAtMs) });
    const { level, limits: limitHits, model, versions } = decision;
    if (versions.policy !== generation.versions.policy || versions.lists !== generation.versions.lists)
      decidedOtherwise += 1;
    recorder.record({
      decision,
      isFraud,
      decideWith: (hits) =>
        generation.decide({
          transaction,
          evaluation: { hits, limitHits, listEffects: listEffects(lists, transaction) },
          modelScore: model?.score ?? null,
          level,
        }),
    });
  }
  return { ...recorder.report(daily.workingDays()), decidedOtherwise };
}

function* ruleLines(rule: ShadowRuleReport): Generator<string> {
  const held = Object.entries(rule.heldMinor).map(([currency, minor]) => formatMoney(minor, currency));
  const overlap = rule.overlap.slice(0, 5).map(({ ruleId, hits }) => `${ruleId} ${hits}`);
  const { CHALLENGE, HOLD, BLOCK } = rule.stricter;
  yield `${rule.ruleId}: ${rule.hits} hits, ${rule.errored} errored`;
  yield `  new alerts ${rule.newAlerts} (${rule.newAlertsPerDay.toFixed(2)} a day, ${rule.analystHoursPerDay.toFixed(2)} analyst hours a day)`;
  yield `  stricter decisions: CHALLENGE ${CHALLENGE}, HOLD ${HOLD}, BLOCK ${BLOCK}; money newly held: ${held.join(', ') || 'none'}`;
  yield `  without any live rule ${rule.alone}; with ${overlap.join(', ') || 'none'}`;
  yield `  precision ${precisionText(rule)}; frauds that had raised no alert ${rule.newFrauds}`;
}

/** Labels come for what somebody has looked at: the second figure takes every other hit for genuine, as a backtest does. */
function precisionText({ precision, labelled, hits }: ShadowRuleReport): string {
  if (precision === null) return 'no labels yet';
  const ofAll = ((precision * labelled) / hits) * 100;
  return `${(precision * 100).toFixed(1)} % of ${labelled} labelled, ${ofAll.toFixed(1)} % of all hits`;
}

export async function runRulesShadow(options: RulesShadowOptions, io: CommandIo): Promise<ExitCode> {
  const report = await collect(options);
  if (report.decidedOtherwise > 0)
    io.note(
      `${report.decidedOtherwise} decisions were made by another policy or other lists: what a rule would have changed in them is told with those in force.`,
    );
  if (options.json === true) io.out(JSON.stringify(report));
  else {
    for (const rule of report.rules) for (const line of ruleLines(rule)) io.out(line);
    io.out(`${report.rules.length} rules in shadow hit in ${report.days} working days`);
  }
  return EXIT.done;
}
