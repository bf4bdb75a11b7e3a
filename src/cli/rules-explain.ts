/** `vigil rules explain [RULE…]`: what a rule says, where it applies, what it reads and which tests hold it. */

import { knownNames } from '../composition/known-names.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { didYouMean } from '../domain/did-you-mean.ts';
import { VigilError } from '../domain/errors.ts';
import { formatRfc3339 } from '../domain/time.ts';
import type { Rule } from '../rules/rule.ts';
import { parseRuleTests, placeOf, type TestCase } from '../rules/testing/test-case.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';

export interface RulesExplainOptions {
  readonly configuration: LoadedConfiguration;
  /** none: every rule on one line */
  readonly ruleIds: readonly string[];
}

const listed = (words: Iterable<string>, empty: string): string => [...words].join(', ') || empty;

function activeText({ activeFromMs, activeToMs }: Rule): string {
  const from = Number.isFinite(activeFromMs) ? `from ${formatRfc3339(activeFromMs)}` : '';
  const to = Number.isFinite(activeToMs) ? `until ${formatRfc3339(activeToMs)}` : '';
  return `${from} ${to}`.trim() || 'always';
}

function* ruleLines(
  rule: Rule,
  { ruleset, reasons }: LoadedConfiguration,
  tests: readonly TestCase[],
): Generator<string> {
  const { scope, rollout } = rule;
  const reason = reasons.get(rule.reason);
  yield `${rule.id}  ${rule.title.en} · ${rule.title['zh-CN']}`;
  if (rule.description !== undefined) yield `  ${rule.description}`;
  yield `  mode ${rule.mode}; outcome ${rule.outcome}; score ${rule.score}; severity ${rule.severity}; typology ${rule.typology}; owner ${rule.owner}`;
  yield `  reason ${rule.reason}: ${reason?.en ?? ''} · ${reason?.['zh-CN'] ?? ''}`;
  yield `  channels ${listed(scope.channels, 'all')}; segments ${listed(scope.segments, 'all')}; branches ${listed(scope.branches, 'all')}; products ${listed(scope.products, 'all')}`;
  yield `  roll-out ${rollout.percent} % by ${rollout.by}; in force ${activeText(rule)}`;
  yield '  when';
  for (const line of rule.when.trim().split('\n')) yield `    ${line}`;
  yield '  reads';
  for (const name of rule.expression.reads) {
    const term = ruleset.vocabulary.term(name);
    yield `    ${name}: ${term?.type ?? 'object'}${term?.nullable === true ? ', can be absent' : ''}`;
  }
  for (const list of rule.expression.lists) yield `    lists.${list}`;
  yield '  tests';
  for (const test of tests) yield `    ${placeOf(test)}  ${test.name}`;
  if (tests.length === 0) yield '    none';
}

const mentions = ({ expect }: TestCase, id: string): boolean =>
  [expect.hits, expect.noHits, expect.onlyHits, expect.errored, expect.shadow].some(
    (ids) => ids?.includes(id) ?? false,
  );

export async function runRulesExplain(options: RulesExplainOptions, io: CommandIo): Promise<ExitCode> {
  const { configuration, ruleIds } = options;
  const { ruleset, sources } = configuration;
  if (ruleIds.length === 0) {
    const width = Math.max(0, ...ruleset.rules.map((rule) => rule.id.length));
    for (const rule of ruleset.rules)
      io.out(
        `${rule.id.padEnd(width)}  ${rule.mode.padEnd(6)} ${String(rule.score).padStart(4)} ${rule.outcome.padEnd(9)} ${rule.title.en} · ${rule.title['zh-CN']}`,
      );
    return EXIT.done;
  }
  const tests = parseRuleTests(sources.ruleTests, knownNames(configuration));
  if (!tests.ok) throw new ConfigurationRefused(tests.error);
  for (const id of ruleIds) {
    const rule = ruleset.rules.find((candidate) => candidate.id === id);
    if (rule === undefined) {
      const hint = didYouMean(
        id,
        ruleset.rules.map((candidate) => candidate.id),
      );
      throw new VigilError('NOT_FOUND', `There is no rule ${id}${hint === undefined ? '.' : `: ${hint}`}`);
    }
    for (const line of ruleLines(
      rule,
      configuration,
      tests.value.filter((test) => mentions(test, id)),
    ))
      io.out(line);
  }
  return EXIT.done;
}
