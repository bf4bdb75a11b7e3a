/** Networks small enough to compute by hand, then random ones against the completeness axiom. */
import { describe, expect, it } from 'vitest';
import { createDenseNetwork, explainLogit, networkLogit } from '../../../src/models/dense-network.ts';
import { createRandom } from '../../../src/models/training/random.ts';

// h = relu([x0 + x1 − 1, 2·x0]); logit = 3·h0 − h1 + ½
const byHand = createDenseNetwork([
  { inputs: 2, units: 2, kernel: [1, 2, 1, 0], bias: [-1, 0] },
  { inputs: 2, units: 1, kernel: [3, -1], bias: [0.5] },
]);

function randomNetwork(seed: number, sizes: readonly number[]) {
  const random = createRandom(seed);
  const normals = (n: number, deviation: number) => Float64Array.from({ length: n }, () => random.normal() * deviation);
  return createDenseNetwork(
    sizes.slice(1).map((units, i) => {
      const inputs = sizes[i] ?? 0;
      return { inputs, units, kernel: normals(inputs * units, Math.sqrt(2 / inputs)), bias: normals(units, 0.3) };
    }),
  );
}

describe('the network in plain arithmetic', () => {
  it('gives the logit that is worked out by hand', () => {
    // x = (1, 2): h = (2, 2) → 6 − 2 + ½
    expect(networkLogit(byHand, [1, 2])).toBe(4.5);
    // x = (−1, 0): both hidden units closed
    expect(networkLogit(byHand, [-1, 0])).toBe(0.5);
  });

  it('splits a difference of logits among the inputs as worked out by hand', () => {
    // from (0,0) to (1,2): h1 open all the way: −2 for x0; h0 = 3α − 1 opens at α = ⅓, so ⅔ of 3·(1, 2)
    const { contributions, logit, baselineLogit } = explainLogit(byHand, [1, 2], [0, 0], 0.0001);
    expect([logit, baselineLogit]).toEqual([4.5, 0.5]);
    expect(contributions[0]).toBeCloseTo(2 - 2, 2);
    expect(contributions[1]).toBeCloseTo(4, 2);
  });

  it('gives an input that does not differ from the baseline no share', () => {
    const { contributions } = explainLogit(byHand, [1, 2], [0, 2]);
    expect(contributions[1]).toBe(0);
  });

  it('keeps the completeness error below one percent where a decision would be explained', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const network = randomNetwork(seed, [40, 128, 128, 1]);
      const random = createRandom(1000 + seed);
      const x = Float64Array.from({ length: 40 }, () => random.normal() * 2);
      const baseline = new Float64Array(40);
      const explanation = explainLogit(network, x, baseline);
      if (Math.abs(explanation.logit - explanation.baselineLogit) < 1) continue;
      const sum = explanation.contributions.reduce((total, value) => total + value, 0);
      const difference = networkLogit(network, x) - networkLogit(network, baseline);
      expect(Math.abs(sum - difference) / Math.abs(difference), `seed ${seed}`).toBeLessThan(0.01);
    }
  });

  it('refuses layers that do not fit each other', () => {
    const first = { inputs: 2, units: 2, kernel: [1, 2, 1, 0], bias: [0, 0] };
    expect(() => createDenseNetwork([first, { inputs: 3, units: 1, kernel: [1, 1, 1], bias: [0] }])).toThrow(/layer 0/);
    expect(() => createDenseNetwork([first, { inputs: 2, units: 1, kernel: [1], bias: [0] }])).toThrow(/layer 1/);
  });
});
