import { describe, expect, it } from 'vitest';
import { budgetFor, withinBudget } from '../../../src/pipeline/fair-budget.ts';

const budget = (ms: number) => ({ ms, monotonicMs: () => performance.now() });
const late = () => new Error('late');
const answerIn = (ms: number) => new Promise<string>((resolve) => setTimeout(() => resolve('answer'), ms));
const block = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

describe('a fair time budget', () => {
  it('lets an answer in time through and gives up a late one', async () => {
    await expect(withinBudget(answerIn(1), budget(200), late)).resolves.toBe('answer');
    await expect(withinBudget(new Promise(() => {}), budget(20), late)).rejects.toThrow('late');
  });

  it('does not call an answer late that waited while this process was busy', async () => {
    const work = withinBudget(answerIn(5), budget(20), late);
    setTimeout(() => block(80), 1);
    await expect(work).resolves.toBe('answer');
  });

  it('passes the failure of the work on', async () => {
    await expect(withinBudget(Promise.reject(new Error('broken')), budget(20), late)).rejects.toThrow('broken');
  });

  it('is without end where it is infinite', async () => {
    await expect(withinBudget(answerIn(30), budget(Number.POSITIVE_INFINITY), late)).resolves.toBe('answer');
  });

  it('grows with the calls of 64 that a chunk needs', () => {
    expect([1, 64, 65, 256].map((n) => budgetFor(budget(20), n).ms)).toEqual([20, 20, 40, 80]);
  });
});
