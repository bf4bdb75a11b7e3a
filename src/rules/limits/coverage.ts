/** The coverage report of a regulatory pack: clause → object → test, as Markdown. Pure; docs/limits-coverage.md is made from it. */
import type { LimitClause, LimitDefinition } from './limit-set.ts';

export interface CoverageSources {
  readonly clauses: readonly LimitClause[];
  readonly limits: readonly LimitDefinition[];
  /** lists that a clause may name */
  readonly lists: readonly {
    readonly name: string;
    readonly kind: string;
    readonly outcome: string | null;
    readonly byLaw: boolean;
  }[];
  /** titles of tests that begin with the clause's id in brackets, with the file they stand in */
  readonly tests: readonly { readonly clause: string; readonly title: string; readonly file: string }[];
}

export interface CoverageGap {
  readonly clause: string;
  readonly gap: string;
}

/** What keeps a clause from being covered: an object that is not there, or no test that names it. */
export function coverageGaps(sources: CoverageSources): readonly CoverageGap[] {
  const gaps: CoverageGap[] = [];
  for (const { id, objects } of sources.clauses) {
    for (const object of objects) {
      if (describeObject(object, sources) === undefined) gaps.push({ clause: id, gap: `${object} is not there` });
    }
    if (!sources.tests.some((test) => test.clause === id)) gaps.push({ clause: id, gap: 'no test names it' });
  }
  const known = new Set(sources.clauses.map((clause) => clause.id));
  for (const { clause, file } of sources.tests) {
    if (!known.has(clause)) gaps.push({ clause, gap: `a test in ${file} names a clause that is not in the pack` });
  }
  return gaps;
}

export function coverageReport(sources: CoverageSources): string {
  const sections = sources.clauses.map((clause) => {
    const objects = clause.objects.map(
      (object) => `- \`${object}\`: ${describeObject(object, sources) ?? 'not there'}`,
    );
    const tests = sources.tests
      .filter((test) => test.clause === clause.id)
      .map(({ title, file }) => `- ${title} (\`${file}\`)`);
    return [
      `## ${clause.id}`,
      `${clause.source}: ${clause.text['zh-CN']}  \n${clause.text.en}`,
      `Objects:\n\n${objects.join('\n')}`,
      `Tests:\n\n${tests.length === 0 ? '- none' : tests.join('\n')}`,
    ].join('\n\n');
  });
  const head = [
    '# Regulatory thresholds: clause, object, test',
    'Generated from `config/limits/cn-regulatory.yaml` and the tests that name its clauses; a test holds this page equal to them',
    '(`npx vitest run --project unit test/unit/limits/cn-regulatory.test.ts -u` writes it anew). Amounts in minor units (fen).',
  ];
  return `${head[0]}\n\n${head.slice(1).join('\n')}\n\n${sections.join('\n\n')}\n`;
}

function describeObject(object: string, { limits, lists }: CoverageSources): string | undefined {
  const [kind, name] = object.split(':');
  const limit = kind === 'limit' ? limits.find(({ id }) => id === name) : undefined;
  if (limit !== undefined) {
    const what = limit.kind === 'reminder' ? 'reminder' : limit.outcome;
    return `${limit.measure} per ${limit.period}, at most ${limit.max}, then ${what}${limit.byLaw ? ', by law' : ''}`;
  }
  const list = kind === 'list' ? lists.find((entry) => entry.name === name) : undefined;
  if (list === undefined) return undefined;
  return `list of kind ${list.kind}, ${list.outcome ?? 'no outcome'}${list.byLaw ? ', by law' : ''}`;
}
