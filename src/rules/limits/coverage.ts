/**
 * The coverage report of a regulatory pack: clause → object → test, as Markdown. An object counts as covered where a test that
 * names the clause saw it take effect. Pure; `vigil limits coverage` prints it, docs/limits-coverage.md is the shipped one.
 */
import { formatMoney } from '../../domain/money.ts';
import type { LimitClause, LimitDefinition } from './limit-set.ts';

/** A test case that names clauses, as it ran. */
export interface ClauseTest {
  readonly clauses: readonly string[];
  readonly title: string;
  readonly file: string;
  readonly passed: boolean;
  /** "limit:<id>" and "list:<name>" that took effect in it */
  readonly reached: ReadonlySet<string>;
}

export interface CoverageSources {
  readonly clauses: readonly LimitClause[];
  /** of the limits' amounts */
  readonly currency: string;
  readonly limits: readonly LimitDefinition[];
  /** lists that a clause may name */
  readonly lists: readonly {
    readonly name: string;
    readonly kind: string;
    readonly outcome: string | null;
    readonly byLaw: boolean;
  }[];
  readonly tests: readonly ClauseTest[];
}

export interface CoverageGap {
  readonly clause: string;
  readonly gap: string;
}

const testsOf = (clause: LimitClause, { tests }: CoverageSources): readonly ClauseTest[] =>
  tests.filter((test) => test.clauses.includes(clause.id));

/** What keeps a clause from being covered. */
export function coverageGaps(sources: CoverageSources): readonly CoverageGap[] {
  const known = new Set(sources.clauses.map((clause) => clause.id));
  const strangers = sources.tests.flatMap(({ clauses, file, title }) =>
    clauses
      .filter((clause) => !known.has(clause))
      .map((clause) => ({ clause, gap: `the test "${title}" in ${file} names a clause that no limits file has` })),
  );
  return [...sources.clauses.flatMap((clause) => [...gapsOf(clause, sources)]), ...strangers];
}

function* gapsOf(clause: LimitClause, sources: CoverageSources): Generator<CoverageGap> {
  const tests = testsOf(clause, sources);
  const gap = (text: string): CoverageGap => ({ clause: clause.id, gap: text });
  if (tests.length === 0) yield gap('no test names it');
  for (const { title, passed } of tests) if (!passed) yield gap(`its test "${title}" fails`);
  for (const object of clause.objects) {
    if (describeObject(object, sources) === undefined) yield gap(`${object} is not there`);
    else if (tests.length > 0 && !tests.some(({ reached }) => reached.has(object)))
      yield gap(`${object} takes effect in none of its tests`);
  }
}

export function coverageReport(sources: CoverageSources): string {
  const sections = sources.clauses.map((clause) => {
    const tests = testsOf(clause, sources);
    const objects = clause.objects.map((object) => {
      const seen = tests.filter(({ reached }) => reached.has(object)).length;
      return `- \`${object}\`: ${describeObject(object, sources) ?? 'not there'}; takes effect in ${seen} of the tests`;
    });
    const lines = tests.map(({ title, file, passed }) => `- ${title} (\`${file}\`)${passed ? '' : ': **fails**'}`);
    return [
      `## ${clause.id}`,
      `${clause.source}: ${clause.text['zh-CN']}  \n${clause.text.en}`,
      `Objects:\n\n${objects.join('\n')}`,
      `Tests:\n\n${lines.length === 0 ? '- none' : lines.join('\n')}`,
    ].join('\n\n');
  });
  const head = [
    'Clauses of `limits/*.yaml`, the limits and lists that answer them, and the tests beside limits and lists that name them.',
    'Printed by `vigil limits coverage`, which runs these tests.',
  ];
  return `# Regulatory thresholds: clause, object, test\n\n${head.join('\n')}\n\n${sections.join('\n\n')}\n`;
}

const HOUR_MS = 3_600_000;

function describeObject(object: string, { limits, lists, currency }: CoverageSources): string | undefined {
  const [kind, name] = object.split(':');
  const limit = kind === 'limit' ? limits.find(({ id }) => id === name) : undefined;
  if (limit !== undefined) return describeLimit(limit, currency);
  const list = kind === 'list' ? lists.find((entry) => entry.name === name) : undefined;
  if (list === undefined) return undefined;
  return `list of kind ${list.kind}, ${list.outcome ?? 'no outcome'}${list.byLaw ? ', by law' : ''}`;
}

function describeLimit(limit: LimitDefinition, currency: string): string {
  const most = limit.measure === 'count' ? String(limit.max) : formatMoney(limit.max, currency);
  const what = limit.kind === 'reminder' ? 'a reminder' : limit.outcome;
  const delay = limit.holdMs === null ? '' : ` for ${limit.holdMs / HOUR_MS} hours`;
  return `${limit.measure} per ${limit.period}, at most ${most}, then ${what}${delay}${limit.byLaw ? ', by law' : ''}`;
}
