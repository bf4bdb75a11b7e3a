/** `vigil rules test`: runs config/rules/tests/*.test.yaml on the live code path and prints like a test runner. */

import { knownNames } from '../composition/known-names.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { createCaseDecider, factsOf, listsFor } from '../composition/rules-case.ts';
import { type Coverage, type CoverageReport, createCoverage } from '../rules/testing/coverage.ts';
import { toJunit } from '../rules/testing/junit.ts';
import { type CaseResult, runTestCase } from '../rules/testing/run-tests.ts';
import { parseRuleTests, placeOf, type TestCase } from '../rules/testing/test-case.ts';
import { checkOutputs, writeOutput } from './backtest-outputs.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';

export interface RulesTestOptions {
  readonly configuration: LoadedConfiguration;
  /** only cases whose suite, name or rules contain this text */
  readonly only?: string | undefined;
  /** write JUnit XML to this file */
  readonly junit?: string | undefined;
  /** list what no test has exercised */
  readonly coverage?: boolean | undefined;
  readonly now?: () => number;
}

const mentions = (testCase: TestCase, text: string): boolean =>
  [testCase.suite, testCase.name, JSON.stringify(testCase.expect)].some((part) => part.includes(text));

function printResult({ testCase, differences, durationMs, decision }: CaseResult, io: CommandIo): void {
  if (differences.length === 0) {
    io.out(`  ✓ ${testCase.name} (${durationMs.toFixed(0)} ms)`);
    return;
  }
  io.out(`  ✗ ${testCase.name}  ${placeOf(testCase)}`);
  for (const { what, expected, actual } of differences) {
    io.out(`      ${what}`);
    io.out(`        - expected  ${expected}`);
    io.out(`        + actual    ${actual}`);
  }
  for (const hit of decision?.hits ?? []) {
    const values = Object.entries(hit.values).map(([name, value]) => `${name}=${value}`);
    io.out(
      `      ${hit.ruleId} ${hit.mode} ${hit.status}${hit.error === undefined ? '' : ` (${hit.error})`}: ${values.join(' ')}`,
    );
  }
}

export const coverageLine = (seen: CoverageReport): string =>
  [
    `coverage: ${seen.hit} of ${seen.rules} rules seen to hit, ${seen.silent} seen silent`,
    `${seen.branchesSeen} of ${seen.branches} branches of conditions`,
    `${seen.limitsExceeded} of ${seen.limits} limits seen exceeded`,
  ].join('; ');

async function runCases(
  cases: readonly TestCase[],
  options: RulesTestOptions,
  coverage: Coverage,
  io: CommandIo,
): Promise<readonly CaseResult[]> {
  const { configuration } = options;
  const decide = createCaseDecider(configuration);
  const now = options.now ?? (() => performance.now());
  const results: CaseResult[] = [];
  for (const [index, testCase] of cases.entries()) {
    if (cases[index - 1]?.suite !== testCase.suite) io.out(testCase.suite);
    const result = await runTestCase(testCase, decide, now);
    printResult(result, io);
    results.push(result);
    const lists = listsFor(configuration, testCase);
    const { decision } = result;
    const facts = decision === undefined ? undefined : factsOf(decision, configuration, lists);
    if (decision !== undefined && facts !== undefined) coverage.record(facts, decision.limits);
  }
  return results;
}

export async function runRulesTest(options: RulesTestOptions, io: CommandIo): Promise<ExitCode> {
  const { ruleset, limits, sources } = options.configuration;
  const parsed = parseRuleTests(sources.ruleTests, knownNames(options.configuration));
  if (!parsed.ok) throw new ConfigurationRefused(parsed.error);
  const { only, junit } = options;
  // seconds of tests are not run for a result that has no place
  if (junit !== undefined) await checkOutputs([{ option: '--junit', file: junit }], []);
  const cases = only === undefined ? parsed.value : parsed.value.filter((testCase) => mentions(testCase, only));
  const coverage = createCoverage(
    ruleset,
    limits.limits.map(({ id }) => id),
  );
  const results = await runCases(cases, options, coverage, io);
  const failed = results.filter((result) => result.differences.length > 0).length;
  const report = coverage.report();
  if (options.coverage === true) for (const line of report.missing) io.out(`  not covered  ${line}`);
  io.out('');
  io.out(coverageLine(report));
  io.out(`${results.length - failed} passed, ${failed} failed, ${results.length} in all`);
  if (junit !== undefined) await writeOutput('--junit', junit, toJunit(results));
  if (results.length === 0)
    io.note(only === undefined ? 'There are no tests of rules.' : `No test mentions "${only}".`);
  return failed > 0 || results.length === 0 ? EXIT.failed : EXIT.done;
}
