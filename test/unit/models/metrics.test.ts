/**
 * Expected values are worked out by hand beside each case; the last test compares with the published figures of the Fraud
 * Detection Handbook's simulated card data where that data set is present (VIGIL_DATA, or ../shared/data).
 */
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  atThreshold,
  aucRoc,
  averagePrecision,
  cardPrecisionAt,
  expectedCalibrationError,
  type ScoredPayment,
} from '../../../src/models/training/metrics.ts';

const rows = (...pairs: readonly [number, 0 | 1][]) => pairs.map(([score, label]) => ({ score, isFraud: label === 1 }));

describe('metrics by hand', () => {
  it('counts pairs in the right order for the area under the ROC curve', () => {
    // frauds .8 .4; genuine .6 .2: pairs (.8>.6) (.8>.2) (.4<.6) (.4>.2) = 3 of 4
    expect(aucRoc(rows([0.8, 1], [0.6, 0], [0.4, 1], [0.2, 0]))).toBe(0.75);
  });

  it('counts an equal score as half a pair', () => {
    expect(aucRoc(rows([0.5, 1], [0.5, 0]))).toBe(0.5);
  });

  it('sums precision at each step of recall without interpolation', () => {
    // recall 1/2 at precision 1/1, recall 2/2 at precision 2/3
    expect(averagePrecision(rows([0.8, 1], [0.6, 0], [0.4, 1], [0.2, 0]))).toBeCloseTo(0.5 + 0.5 * (2 / 3), 12);
  });

  it('does not split a group of equal scores', () => {
    // one threshold: recall 1 at precision 1/2, whatever the order of the rows
    expect(averagePrecision(rows([0.5, 0], [0.5, 1]))).toBe(0.5);
    expect(averagePrecision(rows([0.5, 1], [0.5, 0]))).toBe(0.5);
  });

  it('tells apart "nothing flagged" and "nothing right"', () => {
    expect(atThreshold(rows([0.3, 1]), 0.5)).toMatchObject({ precision: null, recall: 0 });
    expect(atThreshold(rows([0.7, 0]), 0.5)).toMatchObject({ precision: 0, recall: null });
    expect(atThreshold(rows([0.5, 1], [0.9, 0]), 0.5)).toMatchObject({ flagged: 2, precision: 0.5, recall: 1 });
  });

  it('measures how far scores are from shares of fraud', () => {
    // two bins of two: |0 − .2|·½ + |½ − .8|·½ = .25
    const scored = rows([0.1, 0], [0.3, 0], [0.7, 0], [0.9, 1]);
    expect(expectedCalibrationError(scored, 2)).toBeCloseTo(0.25, 12);
  });

  it('drops a detected customer from the later days', () => {
    const payments: ScoredPayment[] = [
      { customerId: 'a', day: 0, score: 0.9, isFraud: true },
      { customerId: 'b', day: 0, score: 0.1, isFraud: false },
      { customerId: 'a', day: 1, score: 0.9, isFraud: true },
      { customerId: 'b', day: 1, score: 0.1, isFraud: false },
    ];
    // day 0: a found, 1/1; day 1: only b is left, 0/1
    expect(cardPrecisionAt(payments, 1)).toBe(0.5);
  });
});

const dataDir = process.env.VIGIL_DATA ?? path.resolve(import.meta.dirname, '../../../../shared/data');
const file = (name: string): string => path.join(dataDir, name);
const isPresent = ['fdh_metric_fixture_expected.json', 'fdh_metric_fixture_scores.csv.gz', 'fdh_transactions.csv.gz']
  .map(file)
  .every(existsSync);

async function* csvRows(name: string): AsyncGenerator<string[]> {
  const lines = createInterface({ input: createReadStream(file(name)).pipe(createGunzip()) });
  let isHeader = true;
  for await (const line of lines) {
    if (!isHeader) yield line.split(',');
    isHeader = false;
  }
}

interface Fold {
  start_date_training: string;
  test_rows: number;
  test_fraud: number;
  auc_roc: number;
  average_precision: number;
  card_precision_100: number;
}

async function readFolds(): Promise<Map<string, ScoredPayment[]>> {
  const scores = new Map<string, [string, number][]>();
  for await (const [fold = '', id = '', score = ''] of csvRows('fdh_metric_fixture_scores.csv.gz')) {
    scores.set(id, [...(scores.get(id) ?? []), [fold, Number(score)]]);
  }
  const folds = new Map<string, ScoredPayment[]>();
  for await (const row of csvRows('fdh_transactions.csv.gz')) {
    for (const [fold, score] of scores.get(row[0] ?? '') ?? []) {
      const payment = { customerId: row[2] ?? '', day: Number(row[6]), score, isFraud: row[7] === '1' };
      const payments = folds.get(fold);
      if (payments === undefined) folds.set(fold, [payment]);
      else payments.push(payment);
    }
  }
  return folds;
}

describe('metrics on the public data set', () => {
  it.skipIf(!isPresent)(
    isPresent
      ? 'gives the figures that the published scores must give (simulated data)'
      : `is left out: the Fraud Detection Handbook data is not in ${dataDir} (set VIGIL_DATA)`,
    async () => {
      const expected: Fold[] = JSON.parse(readFileSync(file('fdh_metric_fixture_expected.json'), 'utf8'));
      const folds = await readFolds();
      expect(folds.size).toBe(expected.length);
      for (const fold of expected) {
        const payments = folds.get(fold.start_date_training) ?? [];
        expect(payments.length).toBe(fold.test_rows);
        expect(payments.filter((payment) => payment.isFraud).length).toBe(fold.test_fraud);
        expect(aucRoc(payments)).toBeCloseTo(fold.auc_roc, 5);
        expect(averagePrecision(payments)).toBeCloseTo(fold.average_precision, 5);
        expect(cardPrecisionAt(payments, 100)).toBeCloseTo(fold.card_precision_100, 5);
      }
    },
    120_000,
  );
});
