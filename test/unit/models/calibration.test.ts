import { describe, expect, it } from 'vitest';
import { type Calibration, calibrate, calibrationFault, sigmoid } from '../../../src/models/calibration.ts';
import { fitCalibration, fitIsotonic, fitPlatt } from '../../../src/models/training/fit-calibration.ts';
import { createRandom } from '../../../src/models/training/random.ts';

const knots: Calibration = { method: 'isotonic', logits: [-2, 0, 2], probabilities: [0.1, 0.2, 0.8] };

function drawn(seed: number, n: number, truth: (logit: number) => number) {
  const random = createRandom(seed);
  const logits = Array.from({ length: n }, () => random.normal() * 3);
  return { logits, labels: logits.map((logit) => (random.uniform() < truth(logit) ? 1 : 0)) };
}

describe('calibration', () => {
  it('draws straight lines between knots and stays level outside', () => {
    expect([-5, -2, -1, 0, 1, 2, 9].map((logit) => Number(calibrate(knots, logit).toFixed(12)))).toEqual([
      0.1, 0.1, 0.15, 0.2, 0.5, 0.8, 0.8,
    ]);
  });

  it('lets a NaN through, so that it is refused and not taken for harmless', () => {
    expect(calibrate(knots, Number.NaN)).toBeNaN();
    expect(calibrate({ method: 'platt', slope: 1, intercept: 0 }, Number.NaN)).toBeNaN();
  });

  it('finds the line that made the labels', () => {
    const { logits, labels } = drawn(5, 40_000, (logit) => sigmoid(0.7 * logit - 1.5));
    const fit = fitPlatt(logits, labels);
    expect(fit.method === 'platt' && fit.slope).toBeCloseTo(0.7, 1);
    expect(fit.method === 'platt' && fit.intercept).toBeCloseTo(-1.5, 1);
  });

  it('pools what falls, as worked out by hand', () => {
    // labels 0 1 0 1 by rising logit: the middle two pool to ½ at the mean logit 1.5
    const fit = fitIsotonic([3, 0, 2, 1], [1, 0, 0, 1]);
    expect(fit).toEqual({ method: 'isotonic', logits: [0, 1.5, 3], probabilities: [1 / 6, 0.5, 5 / 6] });
  });

  it('never falls, and is sound, on random data of either size', () => {
    for (const [seed, n] of [
      [1, 300],
      [2, 20_000],
    ] as const) {
      const { logits, labels } = drawn(seed, n, (logit) => sigmoid(logit - 3));
      const fit = fitCalibration(logits, labels);
      expect(fit.method).toBe(n === 300 ? 'platt' : 'isotonic');
      expect(calibrationFault(fit)).toBeNull();
      const sorted = [...logits].sort((a, b) => a - b).map((logit) => calibrate(fit, logit));
      expect(sorted.every((p, i) => p >= 0 && p <= 1 && (i === 0 || p >= (sorted[i - 1] ?? 0)))).toBe(true);
    }
  });

  it('says what is wrong with a calibration', () => {
    expect(calibrationFault({ method: 'platt', slope: 0, intercept: 0 })).toMatch(/slope/);
    expect(calibrationFault({ ...knots, probabilities: [0.3, 0.2, 0.8] })).toMatch(/knot 1/);
    expect(calibrationFault({ ...knots, logits: [0, 0, 1] })).toMatch(/knot 1/);
    expect(calibrationFault({ ...knots, probabilities: [0.1, 0.2, Number.NaN] })).toMatch(/knot 2/);
  });
});
