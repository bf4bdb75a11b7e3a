import { beforeAll, describe, expect, it } from 'vitest';
import { networkLogit } from '../../../src/models/dense-network.ts';
import { countTensors, startBackend } from '../../../src/models/tfjs-runtime.ts';
import { aucRoc } from '../../../src/models/training/metrics.ts';
import { createRandom } from '../../../src/models/training/random.ts';
import {
  DEFAULT_RECIPE,
  learningRateAt,
  type Recipe,
  type TrainingSet,
  trainNetwork,
} from '../../../src/models/training/train-network.ts';

const recipe: Recipe = {
  ...DEFAULT_RECIPE,
  seed: 5,
  hidden: [16, 8],
  dropout: 0.1,
  epochs: 25,
  batch: 128,
  learningRate: 1e-2,
};

/** Fraud = both of the first two inputs have the same sign: no single input tells anything. */
function exclusiveOr(seed: number, rows: number): TrainingSet {
  const random = createRandom(seed);
  const width = 4;
  const inputs = Float32Array.from({ length: rows * width }, () => random.normal());
  const labels = Uint8Array.from({ length: rows }, (_, i) =>
    Math.sign(inputs[i * width] ?? 0) === Math.sign(inputs[i * width + 1] ?? 0) ? 1 : 0,
  );
  return { inputs, labels, width };
}

describe('training', () => {
  beforeAll(async () => {
    await startBackend('wasm');
  });

  it('learns what no single input tells', () => {
    const losses: number[] = [];
    const network = trainNetwork(exclusiveOr(1, 2_000), recipe, ({ meanLoss }) => losses.push(meanLoss));
    const fresh = exclusiveOr(2, 1_000);
    const scored = Array.from(fresh.labels, (label, i) => ({
      score: networkLogit(network, fresh.inputs.subarray(i * 4, i * 4 + 4)),
      isFraud: label === 1,
    }));
    expect(losses.length).toBe(25);
    expect(losses[24]).toBeLessThan((losses[0] ?? 0) / 2);
    expect(aucRoc(scored)).toBeGreaterThan(0.97);
  });

  it('gives the same weights for the same seed, others for another, and leaves no tensor behind', () => {
    const short = { ...recipe, epochs: 2 };
    const set = exclusiveOr(1, 500);
    const before = countTensors();
    const [a, b, c] = [trainNetwork(set, short), trainNetwork(set, short), trainNetwork(set, { ...short, seed: 6 })];
    expect(countTensors()).toBe(before);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it('starts from the share of frauds', () => {
    const set = { ...exclusiveOr(1, 400), labels: new Uint8Array(400).fill(1, 0, 3) };
    const network = trainNetwork(set, { ...recipe, epochs: 1, learningRate: 0 });
    expect(network.layers[2]?.bias[0]).toBeCloseTo(Math.log(4 / 398), 5);
  });

  it('warms up in a line and falls along half a cosine to nothing', () => {
    const rate = (step: number): number => learningRateAt(step, 100, { ...recipe, learningRate: 1, warmUp: 0.1 });
    expect([rate(0), rate(4), rate(9), rate(10), rate(55)].map((r) => Number(r.toFixed(6)))).toEqual([
      0.1, 0.5, 1, 1, 0.5,
    ]);
    expect(rate(99)).toBeLessThan(0.001);
  });

  it('moves a parameter as AdamW does, worked out by hand for the first step', () => {
    // Adam's first step is learningRate · sign(gradient) whatever its size; the last bias of two genuine rows has to fall.
    // A kernel also shrinks by learningRate · weightDecay: here 0.01 · 0.5 of itself.
    const set: TrainingSet = { inputs: Float32Array.of(1, 1), labels: Uint8Array.of(0, 0), width: 1 };
    const train = (learningRate: number, weightDecay: number) =>
      trainNetwork(set, {
        ...recipe,
        hidden: [1],
        dropout: 0,
        epochs: 1,
        batch: 2,
        warmUp: 0,
        learningRate,
        weightDecay,
      });
    const [still, moved, decayed] = [train(0, 0), train(0.01, 0), train(0.01, 0.5)];
    expect((moved.layers[1]?.bias[0] ?? 0) - (still.layers[1]?.bias[0] ?? 0)).toBeCloseTo(-0.01, 5);
    expect(decayed.layers[1]?.bias[0]).toBe(moved.layers[1]?.bias[0]);
    const shrunk = (moved.layers[1]?.kernel[0] ?? 0) - (decayed.layers[1]?.kernel[0] ?? 0);
    expect(shrunk).toBeCloseTo(0.005 * (still.layers[1]?.kernel[0] ?? 0), 6);
  });
});
