/**
 * The features of contracts.md, computed by looking at every event again: slow, obvious, and written without a look at
 * the stores. Integers are BigInt, the deviation is an integer square root of exact integers.
 */
import type { CompiledFeature, EntityKind, FeatureCatalogue } from '../../src/domain/feature.ts';
import type { Label } from '../../src/domain/label.ts';
import type { Transaction } from '../../src/domain/transaction.ts';

interface OracleEvent {
  readonly key: string;
  readonly transaction: Transaction;
}
interface OracleLog {
  /** in order of time, equal times in order of arrival */
  readonly events: OracleEvent[];
}
interface OracleLabel {
  readonly atMs: number;
  readonly isFraud: boolean;
}
export interface OracleReading {
  readonly values: readonly (number | null)[];
  readonly isLate: boolean;
  readonly isTooLate: boolean;
}

export interface FeatureOracle {
  record(transaction: Transaction): OracleReading;
  label(label: Label): void;
}

export function createFeatureOracle(catalogue: FeatureCatalogue): FeatureOracle {
  const logs = new Map<string, OracleLog>();
  const labels = new Map<string, OracleLabel[]>();
  const first = new Map<string, OracleReading>();

  const logOf = (feature: CompiledFeature, transaction: Transaction): OracleLog | undefined => {
    const kinds = [...feature.entity].sort();
    const ids = kinds.map((kind) => idOf(transaction, kind));
    if (ids.includes(undefined)) return undefined;
    const key = JSON.stringify([kinds, ids, feature.where ?? null]);
    const log = logs.get(key) ?? { events: [] };
    logs.set(key, log);
    return log;
  };

  return {
    record(transaction) {
      const key = `${transaction.channel} ${transaction.transactionId}`;
      const known = first.get(key);
      if (known !== undefined) return known;
      const touched = new Set<OracleLog>();
      const values = catalogue.features.map((feature) => {
        const log = logOf(feature, transaction);
        if (log === undefined) return null;
        const belongs = feature.matches === undefined || feature.matches(transaction);
        if (belongs) touched.add(log);
        const earlier = log.events.filter((event) => event.transaction.occurredAtMs <= transaction.occurredAtMs);
        return featureValue(feature, earlier, transaction, key, belongs, labels);
      });
      let isLate = false;
      let isTooLate = false;
      for (const log of touched) {
        const newest = log.events.at(-1)?.transaction.occurredAtMs ?? Number.NEGATIVE_INFINITY;
        if (transaction.occurredAtMs < newest - catalogue.allowedLatenessMs) {
          isTooLate = true;
          continue;
        }
        if (transaction.occurredAtMs < newest) isLate = true;
        let place = log.events.length;
        while (place > 0 && (log.events[place - 1]?.transaction.occurredAtMs ?? 0) > transaction.occurredAtMs) place--;
        log.events.splice(place, 0, { key, transaction });
      }
      const reading = { values, isLate, isTooLate };
      first.set(key, reading);
      return reading;
    },
    label(label) {
      const key = `${label.channel} ${label.transactionId}`;
      const list = labels.get(key) ?? [];
      list.push({ atMs: label.labelledAtMs ?? Number.NEGATIVE_INFINITY, isFraud: label.label === 'FRAUD' });
      labels.set(key, list);
    },
  };
}

function featureValue(
  feature: CompiledFeature,
  earlier: readonly OracleEvent[],
  transaction: Transaction,
  key: string,
  belongs: boolean,
  labels: ReadonlyMap<string, readonly OracleLabel[]>,
): number | null {
  const t = transaction.occurredAtMs;
  const to = t - feature.delayMs;
  const from = to - feature.windowMs;
  const before = earlier.filter(({ transaction: { occurredAtMs } }) => occurredAtMs > from && occurredAtMs <= to);
  const hasCurrent = belongs && feature.delayMs === 0 && !feature.excludeCurrent;
  const inside = hasCurrent ? [...before, { key, transaction }] : before;
  const amounts = inside.map((event) => event.transaction.amountMinor).filter((amount) => amount !== undefined);
  switch (feature.aggregate) {
    case 'count':
      return inside.length;
    case 'sum':
      return Number(total(amounts));
    case 'avg':
      return amounts.length === 0 ? null : Number(total(amounts)) / amounts.length;
    case 'stddev':
      return amounts.length === 0 ? null : deviation(amounts);
    case 'min':
      return amounts.length === 0 ? null : Math.min(...amounts);
    case 'max':
      return amounts.length === 0 ? null : Math.max(...amounts);
    case 'distinct':
      return new Set(inside.map((event) => fieldOf(event.transaction, feature.of ?? '')).filter((v) => v !== undefined))
        .size;
    case 'timeSinceLast': {
      const last = before.at(-1);
      return last === undefined ? null : (t - last.transaction.occurredAtMs) / 1000;
    }
    case 'timeSinceFirst': {
      const [head] = before;
      return head === undefined ? null : (t - head.transaction.occurredAtMs) / 1000;
    }
    case 'labelRate': {
      const frauds = inside.filter((event) => isFraud(labels.get(event.key) ?? [], event, t)).length;
      return inside.length === 0 ? 0 : frauds / inside.length;
    }
  }
}

function isFraud(labels: readonly OracleLabel[], event: OracleEvent, t: number): boolean {
  let best: OracleLabel | undefined;
  for (const label of labels) {
    const atMs = Number.isFinite(label.atMs) ? label.atMs : event.transaction.occurredAtMs;
    if (atMs <= t && (best === undefined || atMs >= best.atMs)) best = { ...label, atMs };
  }
  return best?.isFraud ?? false;
}

const total = (amounts: readonly number[]): bigint => amounts.reduce((sum, amount) => sum + BigInt(amount), 0n);

/** sqrt(n Σx² − (Σx)²) / n with twelve decimal digits beyond the integer root. */
function deviation(amounts: readonly number[]): number {
  const n = BigInt(amounts.length);
  const squares = amounts.reduce((sum, amount) => sum + BigInt(amount) * BigInt(amount), 0n);
  const sum = total(amounts);
  const scale = 10n ** 12n;
  return Number(integerRoot((n * squares - sum * sum) * scale * scale)) / 1e12 / amounts.length;
}

function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function idOf(transaction: Transaction, kind: EntityKind): string | undefined {
  const ids: Record<EntityKind, string | undefined> = {
    customer: transaction.customerId,
    account: transaction.accountId,
    card: transaction.cardToken,
    device: transaction.device?.id,
    ip: transaction.device?.ip,
    counterparty: transaction.counterparty?.accountId,
    merchant: transaction.merchant?.id,
    terminal: transaction.terminalId,
  };
  return ids[kind];
}

function fieldOf(transaction: Transaction, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined,
      transaction,
    );
}
