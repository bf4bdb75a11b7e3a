/** `vigil limits coverage`: which clause of a regulation is answered by which limit or list, and which test shows it. */
import { writeFile } from 'node:fs/promises';
import { knownNames } from '../composition/known-names.ts';
import type { LoadedConfiguration } from '../composition/load-generation.ts';
import { createCaseDecider } from '../composition/rules-case.ts';
import { type ClauseTest, type CoverageSources, coverageGaps, coverageReport } from '../rules/limits/coverage.ts';
import { type CaseResult, runTestCase } from '../rules/testing/run-tests.ts';
import { parseRuleTests } from '../rules/testing/test-case.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

export interface LimitsCoverageOptions {
  /** write the report there instead of printing it */
  readonly out?: string | undefined;
}

export async function limitsCoverageCommand(
  options: LimitsCoverageOptions & { readonly config?: string },
  io: CommandIo,
): Promise<ExitCode> {
  return runLimitsCoverage({ ...options, configuration: await loadOrRefuse(options.config) }, io);
}

export async function runLimitsCoverage(
  { configuration, out }: LimitsCoverageOptions & { readonly configuration: LoadedConfiguration },
  io: CommandIo,
): Promise<ExitCode> {
  const sources = await coverageSources(configuration);
  const report = coverageReport(sources);
  if (out === undefined) io.out(report.trimEnd());
  else await writeFile(out, report);
  const gaps = coverageGaps(sources);
  for (const { clause, gap } of gaps) io.note(`gap: ${clause}: ${gap}`);
  io.note(`${sources.clauses.length} clauses, ${sources.tests.length} tests, ${gaps.length} gaps`);
  return gaps.length > 0 ? EXIT.failed : EXIT.done;
}

async function coverageSources(configuration: LoadedConfiguration): Promise<CoverageSources> {
  const { limits, lists } = configuration;
  return {
    clauses: limits.clauses,
    currency: limits.settings.currency,
    limits: limits.limits,
    lists: lists.definitions,
    tests: await runClauseTests(configuration),
  };
}

/** Each file once: those beside the rules, too, may name a clause. */
async function runClauseTests(configuration: LoadedConfiguration): Promise<readonly ClauseTest[]> {
  const { ruleTests, limitTests } = configuration.sources;
  const files = new Map([...ruleTests, ...limitTests].map((source) => [source.file, source]));
  const parsed = parseRuleTests([...files.values()], knownNames(configuration));
  if (!parsed.ok) throw new ConfigurationRefused(parsed.error);
  const decide = createCaseDecider(configuration);
  const tests: ClauseTest[] = [];
  for (const testCase of parsed.value) {
    if (testCase.clauses.length === 0) continue;
    const result = await runTestCase(testCase, decide, () => performance.now());
    tests.push({
      clauses: testCase.clauses,
      title: testCase.name,
      file: testCase.file,
      passed: result.differences.length === 0,
      reached: reachedObjects(result, configuration),
    });
  }
  return tests;
}

/** A limit that was exceeded; a list whose reason the decision gives. */
function reachedObjects({ decision }: CaseResult, { lists }: LoadedConfiguration): ReadonlySet<string> {
  const limits = decision?.limits.filter(({ exceeded }) => exceeded).map(({ limitId }) => `limit:${limitId}`) ?? [];
  const codes = new Set(decision?.reasons.map(({ code }) => code));
  const named = lists.definitions.filter(({ reason }) => reason !== null && codes.has(reason));
  return new Set([...limits, ...named.map(({ name }) => `list:${name}`)]);
}
