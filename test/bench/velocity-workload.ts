/**
 * The agreed workload of the velocity benchmarks: seeded transactions in 32-byte records, 2 % late by up to two hours,
 * customers, counterparties and devices drawn from Zipf distributions, amounts log-normal. Same numbers for the same seed.
 */
import type { ParsedTransaction } from '../../src/domain/transaction.ts';

export interface WorkloadOptions {
  readonly transactions: number;
  readonly meanGapMs: number;
  readonly customers: number;
  readonly counterparties: number;
  readonly devices: number;
  readonly seed: number;
}

/** 1,020,000 transactions over about 61 days. */
export const AGREED_WORKLOAD: WorkloadOptions = {
  transactions: 1_020_000,
  meanGapMs: 5_184,
  customers: 50_000,
  counterparties: 20_000,
  devices: 60_000,
  seed: 20_261_125,
};

export interface Workload {
  readonly size: number;
  readonly timesMs: Float64Array;
  readonly customers: Uint32Array;
  readonly counterparties: Uint32Array;
  readonly devices: Uint32Array;
  readonly amounts: Float64Array;
}

export function makeWorkload(options: WorkloadOptions): Workload {
  let state = options.seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const size = options.transactions;
  const workload: Workload = {
    size,
    timesMs: new Float64Array(size),
    customers: new Uint32Array(size),
    counterparties: new Uint32Array(size),
    devices: new Uint32Array(size),
    amounts: new Float64Array(size),
  };
  const customer = zipf(options.customers, 0.8, random);
  const counterparty = zipf(options.counterparties, 0.9, random);
  const device = zipf(options.devices, 0.7, random);
  let clock = 1_700_000_000_000;
  for (let index = 0; index < size; index++) {
    clock += Math.ceil(-Math.log(1 - random()) * options.meanGapMs);
    const isLate = random() < 0.02;
    workload.timesMs[index] = isLate ? clock - 1 - Math.floor(random() * 7_200_000) : clock;
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(6.283185307179586 * random());
    workload.amounts[index] = Math.min(100_000_000, 1 + Math.floor(Math.exp(8 + 1.5 * normal)));
    workload.customers[index] = customer();
    workload.counterparties[index] = counterparty();
    workload.devices[index] = device();
  }
  return workload;
}

function zipf(size: number, exponent: number, random: () => number): () => number {
  const cumulative = new Float64Array(size);
  let total = 0;
  for (let index = 0; index < size; index++) {
    total += (index + 1) ** -exponent;
    cumulative[index] = total;
  }
  return () => {
    const target = random() * total;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 0) < target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

export function transactionOf(workload: Workload, index: number): ParsedTransaction {
  return {
    transaction: {
      transactionId: `T${index}`,
      occurredAtMs: workload.timesMs[index] ?? 0,
      channel: 'MOBILE_BANKING',
      type: 'TRANSFER',
      customerId: `C${workload.customers[index]}`,
      amountMinor: workload.amounts[index] ?? 0,
      currency: 'CNY',
      counterparty: { accountId: `A${workload.counterparties[index]}` },
      device: { id: `D${workload.devices[index]}` },
      authentication: [],
      accessibility: [],
      attributes: {},
    },
    fingerprint: '',
    flags: [],
  };
}

/** Transactions from … to − 1 in chunks. */
export function* chunksOf(
  workload: Workload,
  from: number,
  to: number,
  size: number,
): Generator<readonly ParsedTransaction[]> {
  for (let start = from; start < to; start += size) {
    const chunk: ParsedTransaction[] = [];
    for (let index = start; index < Math.min(to, start + size); index++) chunk.push(transactionOf(workload, index));
    yield chunk;
  }
}

const WINDOWS = ['10m', '1h', '24h', '7d', '30d'];

/** Exact count and sum over five windows for three entities, the customer's max over 7 d and distinct payees over 30 d. */
export const AGREED_FEATURES: readonly string[] = [
  ...['customer', 'counterparty', 'device'].flatMap((entity) =>
    WINDOWS.flatMap((window) => [
      `name: ${entity}_count_${window}, entity: [${entity}], aggregate: count, window: ${window}`,
      `name: ${entity}_sum_${window}, entity: [${entity}], aggregate: sum, of: amountMinor, window: ${window}`,
    ]),
  ),
  'name: customer_max_7d, entity: [customer], aggregate: max, of: amountMinor, window: 7d',
  'name: customer_payees_30d, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: 30d',
];
