/** Decisions kept outside the heap: a number stands for each, and its text comes back as it was. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createDecisionRing } from '../../../src/backtest/texts/decision-ring.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import { aDecision } from './backtest-builders.ts';

const decisionOf = (n: number) =>
  aDecision({ decisionId: `D${n}`, reasons: [{ code: 'X', text: { en: `n ${n}`, 'zh-CN': '字'.repeat(n % 50) } }] });
const textOf = (n: number): string => JSON.stringify(decisionOf(n));

describe('decisions kept outside the heap', () => {
  it('answers the latest ones, however often the buffers were used again', () => {
    const ring = createDecisionRing({ capacity: 70, segmentBytes: 5_000 });
    for (let n = 0; n < 2_000; n++) {
      expect(ring.keep(decisionOf(n), null)).toBe(String(n));
      const known = Math.max(0, n - 69);
      expect(ring.read(String(known))).toBe(textOf(known));
      expect(ring.read(String(n))).toBe(textOf(n));
    }
  });

  it('takes a decision larger than a buffer, and the next one', () => {
    const ring = createDecisionRing({ capacity: 10, segmentBytes: 16 });
    const numbers = [1, 2, 3].map((n) => ring.keep(decisionOf(n), null));
    expect(numbers.map((number) => ring.read(number))).toEqual([1, 2, 3].map(textOf));
  });

  it('is a bug to ask for one that was forgotten', () => {
    const ring = createDecisionRing({ capacity: 2 });
    for (let n = 0; n < 3; n++) ring.keep(decisionOf(n), null);
    expect(() => ring.read('0')).toThrow(VigilError);
    expect(ring.read('1')).toBe(textOf(1));
  });

  it('feeds a digest with a line each in the order asked for, in one buffer or in many', () => {
    const order = [0, 1, 2, 2, 5, 4, 3, 6, 7];
    const expected = createHash('sha256');
    for (const n of order) expected.update(`${textOf(n)}\n`);
    const digest = expected.digest('hex');
    for (const segmentBytes of [1 << 20, 1_500, 16]) {
      const ring = createDecisionRing({ capacity: 100, segmentBytes });
      for (let n = 0; n < 8; n++) ring.keep(decisionOf(n), null);
      const own = createHash('sha256');
      ring.digest(order.slice(0, 4).map(String), own);
      ring.digest(order.slice(4).map(String), own);
      expect(own.digest('hex')).toBe(digest);
    }
  });
});
