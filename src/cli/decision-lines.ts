/** A decision for people at a terminal: what came out, which points and requests made it so, and each rule step by step. */
import type { Decision, LimitHit } from '../domain/decision.ts';
import { formatMoney } from '../domain/money.ts';
import { formatRfc3339 } from '../domain/time.ts';
import type { ExplainedRule } from '../pipeline/generation.ts';
import type { ListPart, OutcomeRequest, ScorePart, VerdictExplanation } from '../rules/explain-verdict.ts';

export function headLine({ outcome, riskScore, alert, level }: Decision): string {
  return `${outcome}, score ${riskScore}, ${alert ? 'alert' : 'no alert'}, level ${level}`;
}

/** `currency`: that of the limits. */
export function* decisionLines(
  decision: Decision,
  verdict: VerdictExplanation | null,
  currency: string,
): Generator<string> {
  const { evidence, challenge, hold, degraded, flags, reasons, reminders, limits } = decision;
  yield `  ${transactionText(evidence?.transaction ?? {})}`;
  for (const { code, text } of reasons) yield `  reason    ${code}  ${text.en} · ${text['zh-CN']}`;
  for (const { code, text } of reminders) yield `  reminder  ${code}  ${text.en} · ${text['zh-CN']}`;
  if (challenge !== undefined) yield `  challenge by ${challenge.methods.join(', ')}`;
  if (hold !== undefined) yield `  held until ${formatRfc3339(hold.untilMs)}`;
  if (degraded.length > 0) yield `  degraded: ${degraded.join(', ')}`;
  if (flags.length > 0) yield `  flags: ${flags.join(', ')}`;
  if (verdict !== null) yield* verdictLines(verdict);
  yield* modelLines(decision);
  for (const limit of limits) yield limitLine(limit, currency);
  const { ruleset, features, limits: ofLimits, lists, policy } = decision.versions;
  yield `  versions: ruleset ${ruleset}, features ${features}, limits ${ofLimits}, lists ${lists}, policy ${policy}`;
}

/** What moved, from whom to whom: enough to know which transaction this is. */
function transactionText(transaction: Readonly<Record<string, unknown>>): string {
  const { occurredAt, type, amountMinor, currency, customerId, counterparty } = transaction;
  const isAmount = typeof amountMinor === 'number' && typeof currency === 'string';
  const to = (counterparty as { readonly accountId?: unknown } | undefined)?.accountId;
  return [
    occurredAt,
    type,
    ...(isAmount ? [formatMoney(amountMinor, currency)] : []),
    `of customer ${customerId}`,
    ...(to === undefined ? [] : [`to ${to}`]),
  ].join(' ');
}

// ── how it came about ────────────────────────────────────────────────────────────────────────────────────────────────

const POINTS_FROM: Readonly<Record<ScorePart['from'], string>> = {
  level: 'level',
  rule: 'rule',
  limit: 'limit',
  'unread-limits': 'counters that could not be read:',
  model: 'model',
};

const ASKED_BY: Readonly<Record<OutcomeRequest['from'], string>> = {
  score: 'score',
  rule: 'rule',
  limit: 'limit',
  'unread-limits': 'counters that could not be read:',
  list: 'list',
  'static-limit': 'the static limit of',
  'no-usable-challenge': 'no method of challenge that this customer can use on',
};

function* verdictLines({ score, asked, lists }: VerdictExplanation): Generator<string> {
  if (score.length > 0)
    yield `  points: ${score.map(({ from, id, points }) => `${points} ${POINTS_FROM[from]} ${id}`).join(' + ')}`;
  for (const { from, id, outcome, takenBack } of asked)
    yield `  asked for ${outcome.padEnd(9)} by ${ASKED_BY[from]} ${id}${takenBack ? ', taken back by an allow list' : ''}`;
  for (const part of lists) yield listLine(part);
}

function listLine({ list, kind, entity, id, source, reason, person, expires }: ListPart): string {
  const until = expires === null ? '' : `, until ${expires}`;
  return `  on list ${list} (${kind}): ${entity} ${id}, ${reason} (${source}, ${person}${until})`;
}

function* modelLines({ model }: Decision): Generator<string> {
  if (model === undefined) return;
  const parts = model.contributions.map(({ feature, value }) => `${feature} ${value > 0 ? '+' : ''}${value}`);
  yield `  model ${model.version}: probability of fraud ${model.score}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
}

function limitLine(limit: LimitHit, currency: string): string {
  const show = (value: number): string => (limit.measure === 'count' ? `${value}` : formatMoney(value, currency));
  const word = limit.unread ? 'could not be read' : limit.exceeded ? 'exceeded' : 'within';
  const marks = [...(limit.binding ? ['binds'] : []), ...(limit.byLaw ? ['by law'] : [])].map((mark) => `, ${mark}`);
  return `  limit ${limit.limitId} (${limit.period}): used ${show(limit.usedBefore)}, asked ${show(limit.requested)}, max ${show(limit.max)}: ${word}${marks.join('')}`;
}

// ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const MARKS = { true: '✓', false: '✗', error: '!' } as const;
const ORDER: readonly ExplainedRule['status'][] = ['hit', 'errored', 'miss'];
const NOT_ASKED: Readonly<Record<'out-of-scope' | 'no-features' | 'off', string>> = {
  'out-of-scope': 'out of their scope',
  'no-features': 'without the values that they read',
  off: 'switched off',
};

export const isAsked = ({ status }: Pick<ExplainedRule, 'status'>): boolean => ORDER.includes(status);

/** Those that hit first, then those that could not be evaluated, then the others; rules that were not asked in one line each. */
export function* ruleLines(rules: readonly ExplainedRule[]): Generator<string> {
  for (const status of ORDER)
    for (const rule of rules.filter((one) => one.status === status)) yield* explainedRuleLines(rule);
  for (const [status, why] of Object.entries(NOT_ASKED)) {
    const ids = rules.filter((rule) => rule.status === status).map(({ ruleId }) => ruleId);
    if (ids.length > 0) yield `  not asked, ${why}: ${ids.join(', ')}`;
  }
}

export function explainedRuleLines(rule: ExplainedRule): readonly string[] {
  const mode = rule.mode === 'live' ? '' : ` [${rule.mode}]`;
  const { estimated = [], warmingUp = [] } = rule;
  const unsure = (name: string): string => {
    const feature = name.replace(/^features\./, '');
    return estimated.includes(feature) ? ' (estimate)' : warmingUp.includes(feature) ? ' (window not full yet)' : '';
  };
  const values = Object.entries(rule.values).map(
    ([name, value]) => `${name} = ${value === null ? 'absent' : JSON.stringify(value)}${unsure(name)}`,
  );
  return [
    `  ${rule.status.padEnd(12)} ${rule.ruleId}${mode}, ${rule.outcome} ${rule.score}  ${rule.title.en} · ${rule.title['zh-CN']}`,
    ...rule.steps.map(
      ({ condition, result, error }) =>
        `      ${MARKS[`${result}`]} ${condition}${error === undefined ? '' : `  (${error})`}`,
    ),
    ...(rule.steps.length === 0 ? [] : [`      saw ${values.join(', ')}`]),
    ...(rule.error === undefined ? [] : [`      could not be evaluated: ${rule.error}`]),
  ];
}
