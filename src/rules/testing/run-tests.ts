/** Runs test cases on whatever decides: the live code path is passed in, so that nothing here can differ from it. */
import type { Decision } from '../../domain/decision.ts';
import { compareDecision, type Difference } from './compare.ts';
import type { TestCase } from './test-case.ts';

/** Decides the case's transaction after its history, on fresh state; a refused message is told by its code. */
export type DecideCase = (
  testCase: TestCase,
) => Promise<{ readonly decision: Decision } | { readonly refused: string; readonly path: string }>;

export interface CaseResult {
  readonly testCase: TestCase;
  readonly differences: readonly Difference[];
  readonly decision: Decision | undefined;
  readonly durationMs: number;
}

export async function runTestCase(testCase: TestCase, decide: DecideCase, now: () => number): Promise<CaseResult> {
  const startMs = now();
  const answer = await decide(testCase);
  const durationMs = now() - startMs;
  if ('decision' in answer) {
    const { decision } = answer;
    return { testCase, differences: compareDecision(testCase.expect, decision), decision, durationMs };
  }
  const difference = { what: answer.path, expected: 'a message that is accepted', actual: answer.refused };
  return { testCase, differences: [difference], decision: undefined, durationMs };
}
