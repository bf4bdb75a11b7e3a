/** What is allowed and probably not meant: the warnings of `vigil rules check`, each with its place. */
import type { ConfigFault } from '../domain/config-fault.ts';
import { neverTrueWarning } from './expression/always-true.ts';
import { unguardedUses } from './expression/guards.ts';
import { expressionFault, type FaultDetails } from './expression/place.ts';
import { type ASTNode, childrenOf } from './expression/syntax.ts';
import type { Vocabulary } from './expression/vocabulary.ts';
import type { Rule } from './rule.ts';

interface Remark extends FaultDetails {
  readonly offset: number;
}

const CALENDAR = /^get(FullYear|Month|Date|DayOfMonth|DayOfWeek|DayOfYear|Hours)$/;

/** A day that ends by UTC: 08:00 in the morning in China. */
function* utcCalendar(node: ASTNode): Generator<Remark> {
  if (node.op === 'rcall') {
    const [method, , args] = node.args;
    if (CALENDAR.test(method) && args.length === 0)
      yield {
        offset: node.start,
        message: `${method}() without a zone counts by UTC`,
        suggestion: `${method}("Asia/Shanghai")`,
      };
  }
  for (const child of childrenOf(node)) yield* utcCalendar(child);
}

function* remarksOf(rule: Rule, vocabulary: Vocabulary): Generator<Remark> {
  const { ast } = rule.expression;
  const never = neverTrueWarning(ast, vocabulary);
  if (never !== undefined) yield { offset: 0, message: never };
  for (const { path, offset, guard } of unguardedUses(ast, vocabulary))
    yield { offset, message: `${path} can be absent, and the rule is then errored`, suggestion: guard };
  yield* utcCalendar(ast);
  if (rule.mode !== 'off' && rule.score === 0 && rule.outcome === 'ALLOW')
    yield { offset: 0, message: 'a hit changes nothing: its score is 0 and its outcome ALLOW' };
  if (rule.mode !== 'off' && rule.rollout.percent === 0)
    yield { offset: 0, message: 'the roll-out is 0 %: the rule takes part in nothing' };
}

export function lintRules(rules: readonly Rule[], vocabulary: Vocabulary): readonly ConfigFault[] {
  return rules.flatMap((rule) =>
    [...remarksOf(rule, vocabulary)].map(({ offset, ...details }) =>
      expressionFault(rule.place, rule.when, offset, { ...details, message: `${rule.id}: ${details.message}` }),
    ),
  );
}
