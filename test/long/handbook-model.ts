/**
 * Our training on public data: the Fraud Detection Handbook's simulated card payments, its 15 published features, its protocol
 * (training week, 7 days of label delay, test week; customers known to be compromised are left out; four test folds), its
 * metrics. Nothing is chosen here. Says so when the data is not there (VIGIL_DATA, or ../shared/data).
 * Measured: AUC .871 ± .009, AP .651 ± .013, CP@100 .298 ± .011, 45 s of CPU a fold; logarithms of amounts and counts do not help here.
 *   npm run verify:handbook-model
 */
import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { networkLogit } from '../../src/models/dense-network.ts';
import { startBackend } from '../../src/models/tfjs-runtime.ts';
import { createDatasetBuilder, fitScaler } from '../../src/models/training/dataset.ts';
import { aucRoc, averagePrecision, cardPrecisionAt, type ScoredPayment } from '../../src/models/training/metrics.ts';
import { DEFAULT_RECIPE, type Recipe, trainNetwork } from '../../src/models/training/train-network.ts';

const DATA = process.env.VIGIL_DATA ?? path.resolve(import.meta.dirname, '../../../shared/data');
const TRANSACTIONS = path.join(DATA, 'fdh_transactions.csv.gz');
const FEATURES = path.join(DATA, 'fdh_transformed_features.csv.gz');
const FIRST_DAY = '2018-04-01';
/** start of the training week → rows and frauds of the training and the test week, as published */
const FOLDS: Readonly<Record<string, readonly [number, number, number, number]>> = {
  '2018-08-15': [67_049, 594, 57_604, 422],
  '2018-08-08': [67_080, 568, 58_337, 408],
  '2018-08-01': [66_975, 626, 57_937, 387],
  '2018-07-25': [67_240, 598, 58_264, 385],
};
const WIDTH = 15;
const RECIPE: Recipe = { ...DEFAULT_RECIPE, hidden: [128, 128], dropout: 0.4, seed: 1 };

interface Payment {
  readonly customerId: string;
  readonly day: number;
  readonly isFraud: boolean;
  readonly inputs: readonly number[];
}

const dayOf = (date: string): number => (Date.parse(date) - Date.parse(FIRST_DAY)) / 86_400_000;

async function* rowsOf(file: string): AsyncGenerator<readonly string[]> {
  let isHeader = true;
  for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
    if (!isHeader) yield line.split(',');
    isHeader = false;
  }
}

/** Both files have the same transactions in the same order. */
async function readPayments(fromDay: number): Promise<Payment[]> {
  const payments: Payment[] = [];
  const features = rowsOf(FEATURES);
  for await (const row of rowsOf(TRANSACTIONS)) {
    const next = await features.next();
    const own: readonly string[] = next.done === true ? [] : next.value;
    if (own[0] !== row[0]) throw new Error(`transaction ${row[0]} has no features beside it`);
    const day = Number(row[6]);
    if (day < fromDay) continue;
    const inputs = [row[4], ...own.slice(1)].map(Number);
    payments.push({ customerId: row[2] ?? '', day, isFraud: row[7] === '1', inputs });
  }
  return payments;
}

interface Fold {
  readonly train: readonly Payment[];
  readonly test: readonly Payment[];
}

function foldOf(payments: readonly Payment[], start: number): Fold {
  const train = payments.filter(({ day }) => day >= start && day < start + 7);
  const compromised = new Set(train.filter(({ isFraud }) => isFraud).map(({ customerId }) => customerId));
  const test: Payment[] = [];
  for (let d = 0; d < 7; d++) {
    const delayDay = start + 7 + d - 1;
    for (const { day, isFraud, customerId } of payments) if (day === delayDay && isFraud) compromised.add(customerId);
    test.push(...payments.filter(({ day, customerId }) => day === start + 14 + d && !compromised.has(customerId)));
  }
  return { train, test };
}

function scoreFold({ train, test }: Fold): ScoredPayment[] {
  const builder = createDatasetBuilder(WIDTH, train.length);
  for (const { inputs } of train) builder.add({ inputs, occurredAtMs: 0, fraud: null });
  const dataset = builder.build();
  const scaler = fitScaler(dataset, Int32Array.from(train.keys()), new Array<boolean>(WIDTH).fill(false));
  const standardise = (inputs: readonly number[]): number[] =>
    inputs.map((value, i) => (value - (scaler.mean[i] ?? 0)) / (scaler.deviation[i] ?? 1));
  const network = trainNetwork(
    {
      width: WIDTH,
      inputs: Float32Array.from(train.flatMap(({ inputs }) => standardise(inputs))),
      labels: Uint8Array.from(train, ({ isFraud }) => (isFraud ? 1 : 0)),
    },
    RECIPE,
  );
  return test.map(({ inputs, ...payment }) => ({ ...payment, score: networkLogit(network, standardise(inputs)) }));
}

const frauds = (payments: readonly Payment[]): number => payments.filter(({ isFraud }) => isFraud).length;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values: readonly number[]): number =>
  Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
const shown = (values: readonly number[]): string => `${mean(values).toFixed(3)} ± ${spread(values).toFixed(3)}`;

async function verify(): Promise<number> {
  if (!existsSync(TRANSACTIONS) || !existsSync(FEATURES)) {
    console.log(`left out: the Fraud Detection Handbook data is not in ${DATA} (set VIGIL_DATA)`);
    return 0;
  }
  await startBackend('wasm');
  const payments = await readPayments(dayOf('2018-07-25'));
  const [auc, ap, cp]: [number[], number[], number[]] = [[], [], []];
  for (const [date, expected] of Object.entries(FOLDS)) {
    const fold = foldOf(payments, dayOf(date));
    const counts = [fold.train.length, frauds(fold.train), fold.test.length, frauds(fold.test)];
    if (counts.join() !== expected.join()) throw new Error(`fold ${date} has ${counts}, published are ${expected}`);
    const scored = scoreFold(fold);
    auc.push(aucRoc(scored));
    ap.push(averagePrecision(scored));
    cp.push(cardPrecisionAt(scored, 100));
    console.log(`${date}  AUC ${auc.at(-1)?.toFixed(3)}  AP ${ap.at(-1)?.toFixed(3)}  CP@100 ${cp.at(-1)?.toFixed(3)}`);
  }
  console.log('simulated card data, 15 published features, 4 test folds, mean ± deviation:');
  console.log(`ours                    AUC ${shown(auc)}  AP ${shown(ap)}  CP@100 ${shown(cp)}`);
  console.log('published, feed-forward AUC 0.876          AP 0.675          CP@100 0.303');
  console.log('published, XGBoost      AUC 0.869          AP 0.687          CP@100 0.303');
  return 0;
}

process.exitCode = await verify();
