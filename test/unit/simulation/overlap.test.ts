/** Honest and fraudulent behaviour overlap in every sign, so that no detector can be right every time. */
import { describe, expect, it } from 'vitest';
import { aBank, parameters } from './a-bank.ts';
import { countSigns, SIGNS, type SignCount } from './signs.ts';

const NAMES = [...Object.keys(SIGNS), 'tiny sums at one shop within minutes'];
const signsOf = (quiet: boolean): ReadonlyMap<string, SignCount> => {
  const occasionsPerYear = Object.fromEntries(
    Object.keys(parameters.occasionsPerYear).map((name) => [name, 0]),
  ) as typeof parameters.occasionsPerYear;
  const own = quiet
    ? { ...parameters, occasionsPerYear, ordinary: { ...parameters.ordinary, sharedCardShare: 0, otherDeviceShare: 0 } }
    : parameters;
  return countSigns([...aBank({ seed: 21, customers: 2500, parameters: own }).transactions({ count: 40_000 })]);
};

describe('the signs of fraud', () => {
  const counts = signsOf(false);

  it.each(NAMES)('%s: honest customers give it at least as often as thieves', (name) => {
    const { fraud, honest } = counts.get(name) ?? { fraud: 0, honest: 0 };
    expect(fraud).toBeGreaterThan(0);
    expect(honest).toBeGreaterThanOrEqual(fraud);
  });

  it('are mostly gone from honest behaviour when the occasions are switched off', () => {
    const quiet = signsOf(true);
    for (const name of ['faster than an airliner', 'money out within a day of a changed number']) {
      expect(quiet.get(name)?.honest ?? 0, name).toBeLessThan((counts.get(name)?.honest ?? 0) / 4);
    }
  });
});
