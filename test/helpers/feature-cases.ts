/** A catalogue with every aggregate and option, and seeded streams of events that are hard on windows. */
import type { FeatureCatalogue } from '../../src/domain/feature.ts';
import { ok } from '../../src/domain/result.ts';
import type { ParsedTransaction, Transaction, TransactionType } from '../../src/domain/transaction.ts';
import { type CompileWhere, parseFeatureCatalogue } from '../../src/features/catalogue.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Knows `tx.type == "X"` only: enough for the stores, which know no language. */
export const compileTypeOnly: CompileWhere = (expression) => {
  const type = /^tx\.type == "([A-Z_]+)"$/.exec(expression)?.[1];
  return ok((transaction) => transaction.type === type);
};

export function catalogueOf(lines: readonly string[], latenessMs = DAY, repeatHorizonMs = DAY): FeatureCatalogue {
  const text = `version: 1\nfeatures:\n${lines.map((line) => `  - { ${line} }\n`).join('')}`;
  const result = parseFeatureCatalogue(
    { file: 'features.yaml', text },
    { compileWhere: compileTypeOnly, allowedLatenessMs: latenessMs, repeatHorizonMs },
  );
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const EVERY_AGGREGATE = ['count', 'sum', 'avg', 'stddev', 'min', 'max', 'distinct', 'timeSinceLast', 'timeSinceFirst'];

function ofFor(aggregate: string): string {
  if (aggregate === 'distinct') return 'of: counterparty.accountId, ';
  return ['sum', 'avg', 'stddev', 'min', 'max'].includes(aggregate) ? 'of: amountMinor, ' : '';
}

/** Every aggregate over the customer in two windows, excluded, delayed and conditional, and over pairs and devices. */
const FULL_LINES = [
  ...EVERY_AGGREGATE.flatMap((aggregate) => [
    `name: c_${aggregate}_10m, entity: [customer], aggregate: ${aggregate}, ${ofFor(aggregate)}window: 10m`,
    `name: c_${aggregate}_7d, entity: [customer], aggregate: ${aggregate}, ${ofFor(aggregate)}window: 7d`,
    `name: x_${aggregate}_24h, entity: [customer], aggregate: ${aggregate}, ${ofFor(aggregate)}window: 24h, excludeCurrent: true`,
    `name: d_${aggregate}_6h, entity: [customer], aggregate: ${aggregate}, ${ofFor(aggregate)}window: 6h, delay: 3h`,
    `name: w_${aggregate}_24h, entity: [customer], aggregate: ${aggregate}, ${ofFor(aggregate)}window: 24h, where: 'tx.type == "TRANSFER"'`,
  ]),
  'name: p_count_30d, entity: [counterparty, customer], aggregate: count, window: 30d',
  'name: p_max_30d, entity: [customer, counterparty], aggregate: max, of: amountMinor, window: 30d',
  'name: v_customers_24h, entity: [device], aggregate: distinct, of: customerId, window: 24h',
  'name: v_channels_1h, entity: [device], aggregate: distinct, of: channel, window: 1h',
  'name: b_sum_1m, entity: [counterparty], aggregate: sum, of: amountMinor, window: 1m',
  'name: m_since_90d, entity: [merchant], aggregate: timeSinceFirst, window: 90d',
  'name: l_rate_7d, entity: [counterparty], aggregate: labelRate, window: 7d, delay: 1d',
  'name: l_rate_30d, entity: [customer], aggregate: labelRate, window: 30d',
  ...['count, ', 'sum, of: amountMinor, '].flatMap((aggregate) => {
    const name = aggregate.slice(0, 3);
    return [
      `name: n_${name}_10m, entity: [customer], aggregate: ${aggregate}window: 10m, net: true`,
      `name: n_${name}_7d, entity: [customer], aggregate: ${aggregate}window: 7d, net: true`,
      `name: nx_${name}_24h, entity: [customer], aggregate: ${aggregate}window: 24h, excludeCurrent: true, net: true`,
      `name: nd_${name}_6h, entity: [customer], aggregate: ${aggregate}window: 6h, delay: 3h, net: true`,
      `name: nw_${name}_24h, entity: [customer], aggregate: ${aggregate}window: 24h, net: true, where: 'tx.type == "TRANSFER"'`,
      `name: np_${name}_1h, entity: [customer, counterparty], aggregate: ${aggregate}window: 1h, net: true`,
    ];
  }),
  'name: nb_count_24h, entity: [counterparty], aggregate: count, window: 24h, net: true',
];
export const FULL_CATALOGUE = catalogueOf(FULL_LINES, DAY, 90 * DAY);
/** Repeats find no slot: they must be known from the logs alone. */
export const FORGETFUL_CATALOGUE = catalogueOf(FULL_LINES, DAY, 0);

/** Deterministic numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface StreamOptions {
  readonly seed: number;
  readonly events: number;
  readonly customers: number;
  readonly counterparties: number;
  readonly devices: number;
  readonly meanGapMs: number;
  /** how late the latest may be; 30 hours when not said */
  readonly latestMs?: number;
  /** share of reversals, refunds and corrected versions, of what was before, of nothing, of themselves; 0 when not said */
  readonly corrections?: number;
  readonly amounts: 'mixed' | 'rising' | 'falling' | 'huge' | 'equal' | 'tiny after huge';
}

const TYPES: readonly TransactionType[] = ['TRANSFER', 'TRANSFER', 'PAYMENT', 'WITHDRAWAL', 'LOGIN'];
const CHANNELS = ['MOBILE_BANKING', 'ATM', 'POS'];

function amountFor(options: StreamOptions, index: number, random: () => number): number {
  switch (options.amounts) {
    case 'rising':
      return index * 7;
    case 'falling':
      return Math.max(0, 10_000_000 - index * 7);
    case 'huge':
      return 1e15 + Math.floor(random() * 8e15);
    case 'equal':
      return 1_234_567;
    case 'tiny after huge':
      return index % 40 < 2 ? 9_007_199_254_740_991 : Math.floor(random() * 10);
    case 'mixed':
      return Math.floor(Math.exp(random() * 18));
  }
}

const BACK: readonly TransactionType[] = ['REVERSAL', 'REFUND', 'REFUND', 'TRANSFER', 'PAYMENT'];

/** What makes a transaction a correction of an earlier one. Nothing when there is none of the last hours. */
function correctionFields(
  transactionId: string,
  clock: number,
  recent: readonly ParsedTransaction[],
  random: () => number,
): Partial<Transaction> {
  const candidates = recent.slice(-25).filter(({ transaction }) => transaction.occurredAtMs > clock - 12 * HOUR);
  const target = candidates[Math.floor(random() * candidates.length)]?.transaction;
  if (target === undefined) return {};
  const { customerId, channel, counterparty, device, merchant, attributes } = target;
  const type = BACK[Math.floor(random() * BACK.length)] ?? 'REFUND';
  const amount = Math.floor((target.amountMinor ?? 1) * random() * 1.3);
  const named = random();
  const original =
    named < 0.04
      ? { transactionId: 'nobody' }
      : named < 0.08
        ? { transactionId }
        : named < 0.35 && typeof attributes.stan === 'string' && typeof attributes.rrn === 'string'
          ? { channel, stan: attributes.stan, rrn: attributes.rrn }
          : { channel, transactionId: target.transactionId };
  const parties = {
    ...(counterparty ? { counterparty } : {}),
    ...(device ? { device } : {}),
    ...(merchant ? { merchant } : {}),
  };
  return {
    type,
    original,
    amountMinor: Math.min(amount, Number.MAX_SAFE_INTEGER),
    currency: random() < 0.9 ? 'CNY' : 'USD',
    ...(random() < 0.9 ? { customerId, ...parties } : {}),
  };
}

/** By the index alone: the other draws stay what they are. */
const furtherEntities = (index: number): Partial<Transaction> => ({
  ...(index % 3 === 0 ? {} : { accountId: `A${(index * 7) % 5}` }),
  ...(index % 4 === 0 ? {} : { cardToken: `tok_${(index * 11) % 6}` }),
  ...(index % 5 < 2 ? {} : { terminalId: `T${(index * 13) % 4}` }),
});

/** 5 % late (some beyond a day), 2 % repeats, bursts of one millisecond, absent amounts, devices and counterparties. */
export function* hardStream(options: StreamOptions): Generator<ParsedTransaction> {
  const random = seededRandom(options.seed);
  const recent: ParsedTransaction[] = [];
  const { corrections = 0, latestMs = 30 * HOUR } = options;
  const pick = (count: number): number => Math.floor(random() ** 2 * count);
  let clock = 1_700_000_000_000;
  for (let index = 0; index < options.events; index++) {
    const repeated = recent[Math.floor(random() * recent.length)];
    if (random() < 0.02 && repeated !== undefined) {
      yield repeated;
      continue;
    }
    if (random() > 0.1) clock += Math.ceil(-Math.log(1 - random()) * options.meanGapMs);
    const lateBy = random() < 0.05 ? Math.floor(random() ** 3 * latestMs) : 0;
    const type = TYPES[Math.floor(random() * TYPES.length)] ?? 'TRANSFER';
    const transaction: Transaction = {
      transactionId: `T${index}`,
      occurredAtMs: clock - lateBy,
      channel: CHANNELS[Math.floor(random() * 3)] ?? 'ATM',
      type,
      customerId: `C${pick(options.customers)}`,
      ...furtherEntities(index),
      ...(type === 'LOGIN' ? {} : { amountMinor: amountFor(options, index, random), currency: 'CNY' }),
      ...(random() < 0.85 ? { counterparty: { accountId: `P${pick(options.counterparties)}` } } : {}),
      ...(random() < 0.7 ? { device: { id: `D${pick(options.devices)}`, ip: `203.0.113.${pick(40)}` } } : {}),
      ...(random() < 0.5 ? { merchant: { id: `M${pick(5)}` } } : {}),
      ...(random() < 0.5 ? { location: { lat: random() * 10 + 25, lon: random() * 10 + 110, country: 'CN' } } : {}),
      authentication: [],
      accessibility: [],
      attributes: corrections > 0 && random() < 0.3 ? { stan: `${index % 50}`, rrn: `${index}` } : {},
      ...(corrections > 0 && random() < corrections ? correctionFields(`T${index}`, clock, recent, random) : {}),
    };
    const parsed = { transaction, fingerprint: `F${index}`, flags: [] };
    recent.push(parsed);
    if (recent.length > 200) recent.shift();
    yield parsed;
  }
}
