/**
 * Rows for training and evaluation: the inputs of each transaction as the live path encodes them, what it truly was, and when
 * that became known. Splits follow time: what a bank could not have known at the moment of training is not used.
 */
export interface Dataset {
  readonly width: number;
  readonly rows: number;
  /** rows × width, encoded and not yet standardised */
  readonly inputs: Float32Array;
  readonly occurredAtMs: Float64Array;
  readonly isFraud: Uint8Array;
  /** when the label FRAUD became known; +∞ for genuine rows */
  readonly knownAtMs: Float64Array;
  /** '' for genuine rows */
  readonly scenarios: readonly string[];
}

export interface DatasetBuilder {
  add(row: { inputs: ArrayLike<number>; occurredAtMs: number; fraud: FraudTruth | null }): void;
  build(): Dataset;
}

export interface FraudTruth {
  readonly knownAtMs: number;
  readonly scenario: string;
}

export function createDatasetBuilder(width: number, capacity: number): DatasetBuilder {
  const inputs = new Float32Array(capacity * width);
  const occurredAtMs = new Float64Array(capacity);
  const isFraud = new Uint8Array(capacity);
  const knownAtMs = new Float64Array(capacity);
  const scenarios: string[] = [];
  let rows = 0;
  return {
    add({ inputs: values, occurredAtMs: at, fraud }) {
      if (rows >= capacity) throw new RangeError(`the data set holds ${capacity} rows`);
      inputs.set(values, rows * width);
      occurredAtMs[rows] = at;
      isFraud[rows] = fraud === null ? 0 : 1;
      knownAtMs[rows] = fraud?.knownAtMs ?? Number.POSITIVE_INFINITY;
      scenarios.push(fraud?.scenario ?? '');
      rows++;
    },
    build: () => ({
      width,
      rows,
      inputs: inputs.subarray(0, rows * width),
      occurredAtMs: occurredAtMs.subarray(0, rows),
      isFraud: isFraud.subarray(0, rows),
      knownAtMs: knownAtMs.subarray(0, rows),
      scenarios,
    }),
  };
}

/** Rows of [fromMs, toMs) by index. */
export function rowsBetween(dataset: Dataset, fromMs: number, toMs: number): Int32Array {
  const picked: number[] = [];
  for (let i = 0; i < dataset.rows; i++) {
    const at = dataset.occurredAtMs[i] ?? Number.NaN;
    if (at >= fromMs && at < toMs) picked.push(i);
  }
  return Int32Array.from(picked);
}

/** 1 where a fraud was known at `knownByMs`; one that was reported later passed for genuine at that time. */
export const labelsKnownBy = (dataset: Dataset, rows: Int32Array, knownByMs: number): Uint8Array =>
  Uint8Array.from(rows, (row) => ((dataset.knownAtMs[row] ?? Number.POSITIVE_INFINITY) <= knownByMs ? 1 : 0));

export interface Split {
  readonly train: Int32Array;
  readonly trainLabels: Uint8Array;
  readonly calibration: Int32Array;
  readonly calibrationLabels: Uint8Array;
  readonly test: Int32Array;
  readonly trainFromMs: number;
  /** the moment of training: rows end one label delay before it */
  readonly trainedAtMs: number;
  /** the test rows begin here; calibration rows end one label delay before it */
  readonly calibratedAtMs: number;
  readonly testToMs: number;
}

/**
 * |— warm-up —|—— train ——|delay| trained at |—— calibration ——|delay| calibrated at |—— test ——|
 * The warm-up fills windows and profiles. The weights see only labels that were known when they were trained. Calibration is
 * the last act before release, at the end of the test period, with the labels known by then: with those known at its own end,
 * frauds that are reported late (structuring: weeks) would pass for genuine and every probability would be too low. Test
 * rows have their true labels, and choose nothing.
 */
export function splitByTime(dataset: Dataset, trainFromMs: number, labelDelayMs: number): Split {
  const testToMs = (dataset.occurredAtMs.reduce((newest, at) => Math.max(newest, at), trainFromMs) ?? trainFromMs) + 1;
  const length = testToMs - trainFromMs;
  const trainedAtMs = trainFromMs + length * 0.6;
  const calibratedAtMs = trainFromMs + length * 0.8;
  const train = rowsBetween(dataset, trainFromMs, trainedAtMs - labelDelayMs);
  const calibration = rowsBetween(dataset, trainedAtMs, calibratedAtMs - labelDelayMs);
  return {
    train,
    trainLabels: labelsKnownBy(dataset, train, trainedAtMs),
    calibration,
    calibrationLabels: labelsKnownBy(dataset, calibration, testToMs),
    test: rowsBetween(dataset, calibratedAtMs, testToMs),
    trainFromMs,
    trainedAtMs,
    calibratedAtMs,
    testToMs,
  };
}

export interface Scaler {
  readonly mean: number[];
  readonly deviation: number[];
}

/** Mean and population deviation over the rows; indicators stay as they are, an input that never varies is only centred. */
export function fitScaler(dataset: Dataset, rows: Int32Array, isIndicator: readonly boolean[]): Scaler {
  const mean = columnMeans(dataset, rows, (value) => value);
  const square = columnMeans(dataset, rows, (value, i) => (value - (mean[i] ?? 0)) ** 2);
  const deviation = square.map((variance) => (variance > 1e-12 ? Math.sqrt(variance) : 1));
  return {
    mean: mean.map((value, i) => (isIndicator[i] === true ? 0 : value)),
    deviation: deviation.map((value, i) => (isIndicator[i] === true ? 1 : value)),
  };
}

function columnMeans(dataset: Dataset, rows: Int32Array, of: (value: number, column: number) => number): number[] {
  const sums = new Float64Array(dataset.width);
  for (const row of rows) {
    for (let i = 0; i < dataset.width; i++)
      sums[i] = (sums[i] ?? 0) + of(dataset.inputs[row * dataset.width + i] ?? 0, i);
  }
  return Array.from(sums, (sum) => sum / Math.max(rows.length, 1));
}

/** Median of each input over the genuine rows of the training window. */
export function typicalInputs(dataset: Dataset, rows: Int32Array, labels: Uint8Array): number[] {
  const genuine = rows.filter((_, i) => labels[i] === 0);
  return Array.from({ length: dataset.width }, (_, column) => {
    const values = Float64Array.from(genuine, (row) => dataset.inputs[row * dataset.width + column] ?? 0).sort();
    return values[values.length >> 1] ?? 0;
  });
}
