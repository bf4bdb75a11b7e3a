/** What a bank could not have known at the moment of training must not be learned from. Days are milliseconds here. */
import { describe, expect, it } from 'vitest';
import {
  createDatasetBuilder,
  type FraudTruth,
  fitScaler,
  labelsKnownBy,
  rowsBetween,
  splitByTime,
  typicalInputs,
} from '../../../src/models/training/dataset.ts';

function aDataset(rows: readonly { at: number; inputs?: readonly number[]; fraud?: FraudTruth }[]) {
  const builder = createDatasetBuilder(2, rows.length);
  for (const { at, inputs = [at, 1], fraud = null } of rows) builder.add({ inputs, occurredAtMs: at, fraud });
  return builder.build();
}

const fraud = (knownAtMs: number): FraudTruth => ({ knownAtMs, scenario: 'sim-swap' });
/** one row a day, 0 … 100 */
const daily = (frauds: Record<number, number> = {}) =>
  aDataset(
    Array.from({ length: 101 }, (_, at) => ({
      at,
      ...(frauds[at] === undefined ? {} : { fraud: fraud(frauds[at] ?? 0) }),
    })),
  );

describe('splits by time', () => {
  it('leave out the warm-up and one label delay before training and before the test', () => {
    // from day 1 to 101: trained at 61, calibrated at 81, delay 7
    const split = splitByTime(daily(), 1, 7);
    expect([split.trainedAtMs, split.calibratedAtMs, split.testToMs]).toEqual([61, 81, 101]);
    expect([split.train[0], split.train.at(-1)]).toEqual([1, 53]);
    expect([split.calibration[0], split.calibration.at(-1)]).toEqual([61, 73]);
    expect([split.test[0], split.test.at(-1)]).toEqual([81, 100]);
  });

  it('take a fraud that was reported after the training for genuine, as the bank did', () => {
    const split = splitByTime(daily({ 10: 12, 20: 61, 30: 62 }), 1, 7);
    const labelOf = (row: number): number | undefined => split.trainLabels[split.train.indexOf(row)];
    expect([labelOf(10), labelOf(20), labelOf(30), labelOf(40)]).toEqual([1, 1, 0, 0]);
  });

  it('give the same training labels whatever becomes known later', () => {
    const before = splitByTime(daily({ 10: 12, 30: 90, 50: 1e9 }), 1, 7);
    const after = splitByTime(daily({ 10: 12 }), 1, 7);
    expect(before.trainLabels).toEqual(after.trainLabels);
  });
});

describe('rows', () => {
  it('are picked from the start on and before the end', () => {
    expect([...rowsBetween(daily(), 3, 6)]).toEqual([3, 4, 5]);
  });

  it('are labelled by what was known at a time', () => {
    expect([...labelsKnownBy(daily({ 4: 9 }), Int32Array.of(3, 4), 8)]).toEqual([0, 0]);
    expect([...labelsKnownBy(daily({ 4: 9 }), Int32Array.of(3, 4), 9)]).toEqual([0, 1]);
  });

  it('are refused beyond the capacity', () => {
    const builder = createDatasetBuilder(1, 0);
    expect(() => builder.add({ inputs: [1], occurredAtMs: 0, fraud: null })).toThrow(/holds 0 rows/);
  });

  it('are standardised by mean and population deviation, indicators and constants left in their scale', () => {
    const dataset = aDataset([
      { at: 0, inputs: [1, 1] },
      { at: 1, inputs: [3, 0] },
      { at: 2, inputs: [100, 0] },
    ]);
    const rows = Int32Array.of(0, 1);
    expect(fitScaler(dataset, rows, [false, true])).toEqual({ mean: [2, 0], deviation: [1, 1] });
    expect(fitScaler(dataset, Int32Array.of(1), [false, false])).toEqual({ mean: [3, 0], deviation: [1, 1] });
  });

  it('have the median of the genuine ones as their typical value', () => {
    const dataset = aDataset([
      { at: 0, inputs: [1, 5] },
      { at: 1, inputs: [2, 7] },
      { at: 2, inputs: [9, 6] },
      { at: 3, inputs: [1000, 1000] },
    ]);
    expect(typicalInputs(dataset, Int32Array.of(0, 1, 2, 3), Uint8Array.of(0, 0, 0, 1))).toEqual([2, 6]);
  });
});
