/**
 * The velocity stores against an independent source: the derived features of the Fraud Detection Handbook's simulated card
 * data (1,754,155 transactions), computed by its authors with pandas. Counts must be equal, averages and rates within 1e-5.
 *   npm run verify:handbook-features -- --data DIR [--redis] [--transactions N]
 * DIR (or VIGIL_HANDBOOK_DATA) holds fdh_transactions.csv.gz and fdh_transformed_features.csv.gz; no licence is stated for
 * the data, so it is not part of the project. Without it this says so and ends with 0.
 */
import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { Redis } from 'ioredis';
import type { Label } from '../../src/domain/label.ts';
import type { FeatureStore } from '../../src/domain/ports.ts';
import type { ParsedTransaction } from '../../src/domain/transaction.ts';
import { createMemoryFeatureStore } from '../../src/features/memory-feature-store.ts';
import { createRedisFeatureStore } from '../../src/features/redis-feature-store.ts';
import { catalogueOf } from '../helpers/feature-cases.ts';
import { startRedis } from '../helpers/servers/redis.ts';

const argument = (name: string): string | undefined => {
  const place = process.argv.indexOf(`--${name}`);
  return place < 0 ? undefined : process.argv[place + 1];
};
const folder = argument('data') ?? process.env.VIGIL_HANDBOOK_DATA ?? '';
const usesRedis = process.argv.includes('--redis');
const most = Number(argument('transactions') ?? (usesRedis ? 200_000 : Number.POSITIVE_INFINITY));
const CHUNK = 256;
const TOLERANCE = 1e-5;

/** In the order of the columns of the published file, after the transaction's id, weekend and night. */
const CATALOGUE = catalogueOf(
  [
    ...['1d', '7d', '30d'].flatMap((window) => [
      `name: customer_count_${window}, entity: [customer], aggregate: count, window: ${window}`,
      `name: customer_avg_${window}, entity: [customer], aggregate: avg, of: amountMinor, window: ${window}`,
    ]),
    ...['1d', '7d', '30d'].flatMap((window) => [
      `name: terminal_count_${window}, entity: [terminal], aggregate: count, window: ${window}, delay: 7d`,
      `name: terminal_risk_${window}, entity: [terminal], aggregate: labelRate, window: ${window}, delay: 7d`,
    ]),
  ],
  3_600_000,
);

const linesOf = (file: string): AsyncIterator<string> =>
  createInterface({ input: createReadStream(path.join(folder, file)).pipe(createGunzip()), crlfDelay: 1_000 })[
    Symbol.asyncIterator
  ]();

interface Row {
  readonly parsed: ParsedTransaction;
  readonly isFraud: boolean;
  readonly published: readonly number[];
}

const CUSTOMER_COUNT_30D = 7;

function rowOf(line: string, published: readonly number[]): Row {
  const [id = '', time = '', customer = '', terminal = '', amount = '', , , fraud = ''] = line.split(',');
  return {
    published,
    isFraud: fraud === '1',
    parsed: {
      transaction: {
        transactionId: id,
        occurredAtMs: Date.parse(`${time.replace(' ', 'T')}Z`),
        channel: 'POS',
        type: 'PURCHASE',
        customerId: customer,
        terminalId: terminal,
        amountMinor: Math.round(Number(amount) * 100),
        currency: 'EUR',
        authentication: [],
        accessibility: [],
        attributes: {},
      },
      fingerprint: id,
      flags: [],
    },
  };
}

const isNear = (got: number | null | undefined, want: number): boolean =>
  typeof got === 'number' && Math.abs(got - want) <= TOLERANCE * Math.max(1, Math.abs(want));

/** Of one transaction: the names of the features that differ. */
function differing(values: readonly (number | null)[], published: readonly number[]): readonly string[] {
  return CATALOGUE.features.flatMap(({ name, aggregate }, index) => {
    const want = published[index + 3] ?? Number.NaN;
    const got = values[index];
    const isSame =
      aggregate === 'count'
        ? got === want
        : isNear(aggregate === 'avg' && typeof got === 'number' ? got / 100 : got, want);
    return isSame ? [] : [`${name}: ${got}, not ${want}`];
  });
}

/**
 * Two payments of one customer in one second: pandas sorted such pairs either way, here they count in order of arrival. So
 * they arrive in the order that the published counts show.
 */
function asPublished(a: Row, b: Row): number {
  const [one, other] = [a.parsed.transaction, b.parsed.transaction];
  const byTime = one.occurredAtMs - other.occurredAtMs;
  if (byTime !== 0 || one.customerId !== other.customerId)
    return byTime || (one.customerId < other.customerId ? -1 : 1);
  return (a.published[CUSTOMER_COUNT_30D] ?? 0) - (b.published[CUSTOMER_COUNT_30D] ?? 0);
}

async function verify(store: FeatureStore): Promise<{ readonly checked: number; readonly wrong: number }> {
  const transactions = linesOf('fdh_transactions.csv.gz');
  const features = linesOf('fdh_transformed_features.csv.gz');
  await transactions.next();
  await features.next();
  let checked = 0;
  let wrong = 0;
  for (let isDone = false; !isDone && checked < most; ) {
    const rows: Row[] = [];
    while (rows.length < CHUNK) {
      const line = await transactions.next();
      isDone = line.done === true;
      if (isDone) break;
      rows.push(
        rowOf(
          line.value,
          String((await features.next()).value)
            .split(',')
            .map(Number),
        ),
      );
    }
    rows.sort(asPublished);
    const readings = await store.recordAndRead(rows.map((row) => row.parsed));
    const labels = rows
      .filter((row) => row.isFraud)
      .map(({ parsed: { transaction } }): Label => {
        const { transactionId, channel } = transaction;
        return { transactionId, channel, label: 'FRAUD', labelledAtMs: null };
      });
    await store.applyLabels(labels);
    for (const [index, { parsed, published }] of rows.entries()) {
      const id = parsed.transaction.transactionId;
      if (String(published[0]) !== id) throw new Error('the two files do not match');
      const faults = differing(readings[index]?.values ?? [], published);
      if (faults.length > 0 && wrong++ < 5) process.stdout.write(`${id}: ${faults.join('; ')}\n`);
    }
    checked += rows.length;
    if (checked % (CHUNK * 400) === 0) process.stdout.write(`${checked} transactions, ${wrong} wrong\n`);
  }
  return { checked, wrong };
}

if (!existsSync(path.join(folder, 'fdh_transformed_features.csv.gz'))) {
  process.stdout.write('The handbook’s data is not there (--data DIR or VIGIL_HANDBOOK_DATA): nothing was verified.\n');
} else {
  const server = usesRedis ? await startRedis() : undefined;
  const client = server === undefined ? undefined : new Redis(server.url);
  const options = { catalogue: CATALOGUE, keepsProfiles: false };
  const store =
    client === undefined ? createMemoryFeatureStore(options) : createRedisFeatureStore({ client, ...options });
  const { checked, wrong } = await verify(store);
  const where = client === undefined ? 'in process' : 'through Redis';
  process.stdout.write(
    `${checked} transactions ${where}, ${CATALOGUE.features.length} features each: ${wrong} wrong\n`,
  );
  client?.disconnect();
  await server?.stop();
  process.exitCode = wrong === 0 ? 0 : 1;
}
