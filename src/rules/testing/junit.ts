/** The results as JUnit XML, which every build server reads. */
import type { CaseResult } from './run-tests.ts';
import { placeOf } from './test-case.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Control characters cannot stand in XML 1.0; a name may hold anything. */
const escapeXml = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, (control) => (control === '\n' || control === '\t' ? control : ''))
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

function caseXml({ testCase, differences, durationMs }: CaseResult): string {
  const seconds = (durationMs / 1000).toFixed(3);
  const head = `    <testcase classname="${escapeXml(testCase.suite)}" name="${escapeXml(testCase.name)}" file="${escapeXml(placeOf(testCase))}" time="${seconds}"`;
  if (differences.length === 0) return `${head}/>`;
  const lines = differences.map(({ what, expected, actual }) => `${what}: expected ${expected}, got ${actual}`);
  return `${head}>\n      <failure message="${escapeXml(lines[0] ?? '')}">${escapeXml(lines.join('\n'))}</failure>\n    </testcase>`;
}

export function toJunit(results: readonly CaseResult[]): string {
  const suites = [...new Set(results.map((result) => result.testCase.suite))];
  const parts = suites.map((suite) => {
    const cases = results.filter((result) => result.testCase.suite === suite);
    const failures = cases.filter((result) => result.differences.length > 0).length;
    return `  <testsuite name="${escapeXml(suite)}" tests="${cases.length}" failures="${failures}">\n${cases.map(caseXml).join('\n')}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${parts.join('\n')}\n</testsuites>\n`;
}
