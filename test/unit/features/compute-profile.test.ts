import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeProfile } from '../../../src/features/compute-profile.ts';
import { createProfile, createProfileEvent, updateProfile } from '../../../src/features/profile-state.ts';

const anAmount = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 100_000_000 }));

/** Before the last of these amounts, which comes after the others. */
function profileOf(amounts: readonly number[]) {
  const event = createProfileEvent();
  let state = createProfile();
  let profile = computeProfile(state, event);
  amounts.forEach((amount, index) => {
    event.timeMs = index;
    event.amount = amount;
    profile = computeProfile(state, event);
    state = updateProfile(state, event);
  });
  return profile;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

describe('the amounts of a profile', () => {
  it('are measured by median and median absolute deviation of the logarithms of the last 32', () => {
    fc.assert(
      fc.property(fc.array(anAmount, { minLength: 1, maxLength: 80 }), anAmount, (earlier, amount) => {
        const { typicalAmountMinor, amountRatio, amountZ } = profileOf([...earlier, amount]);
        const logs = earlier.slice(-32).map((value) => Math.log(1 + value));
        const location = median(logs);
        const scale = 1.4826 * median(logs.map((log) => Math.abs(log - location)));
        expect(typicalAmountMinor).toBe(Math.exp(location));
        expect(amountRatio).toBe(amount / Math.exp(location));
        expect(amountZ).toBe(logs.length < 5 ? null : (Math.log(1 + amount) - location) / Math.max(scale, 0.1));
      }),
      { numRuns: 2_000 },
    );
  });

  it('are never measured with a scale below a tenth: else any other amount of one who always pays the same were infinitely odd', () => {
    // log(1 + 99) = log 100, log(1 + 9,999) = 2 log 100, and no deviation before
    expect(profileOf([99, 99, 99, 99, 99, 9_999]).amountZ).toBeCloseTo(Math.log(100) / 0.1, 9);
    expect(profileOf([99, 99, 99, 99, 9_999]).amountZ).toBeNull();
    expect(profileOf([1]).typicalAmountMinor).toBeNull();
  });
});
