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
  /** of a net log: what is left of it, null when it is not counted (any more) */
  left: number | null;
}
interface OracleLog {
  /** in order of time, equal times in order of arrival */
  events: OracleEvent[];
  /** which event stands where another one stood */
  readonly replaced: Map<string, string>;
}
interface OracleLabel {
  readonly atMs: number;
  readonly isFraud: boolean;
}
export interface OracleReading {
  readonly values: readonly (number | null)[];
  readonly isLate: boolean;
  readonly isTooLate: boolean;
  readonly isOriginalMissing: boolean;
}

export interface FeatureOracle {
  record(transaction: Transaction): OracleReading;
  label(label: Label): void;
}

type LogDefinition = Pick<CompiledFeature, 'entity' | 'where' | 'net'>;
/** every store knows all of a customer's transactions */
const EVERYTHING: LogDefinition = { entity: ['customer'] };

const hasEvent = (log: OracleLog | undefined, key: string): boolean =>
  log?.events.some((event) => event.key === key) === true;

/** Is the original known in the log? Then what it asks for is done there. */
function correctOne(log: OracleLog, isNet: boolean, name: string, transaction: Transaction, key: string): boolean {
  const { type, amountMinor = 0, currency } = transaction;
  const isReplacing = type !== 'REVERSAL' && type !== 'REFUND';
  let target = name;
  if (isReplacing) while (log.replaced.has(target)) target = log.replaced.get(target) as string;
  const event = log.events.find((other) => other.key === target);
  if (event === undefined && !log.replaced.has(name)) return false;
  if (isReplacing) log.replaced.set(target, key);
  if (event === undefined) return true;
  if (!isNet) {
    if (isReplacing) log.events = log.events.filter((other) => other !== event);
  } else if (event.left !== null) {
    if (type !== 'REFUND' || amountMinor >= event.left) {
      if (type !== 'REFUND' || currency === event.transaction.currency) event.left = null;
    } else if (currency === event.transaction.currency) event.left -= amountMinor;
  }
  return true;
}

export function createFeatureOracle(catalogue: FeatureCatalogue): FeatureOracle {
  const logs = new Map<string, OracleLog>();
  const labels = new Map<string, OracleLabel[]>();
  const first = new Map<string, OracleReading>();
  /** per customer: the rails' references of its transactions */
  const references = new Map<string, string>();
  const hasNet = catalogue.features.some((feature) => feature.net === true);

  const logOf = (feature: LogDefinition, transaction: Transaction): OracleLog | undefined => {
    const kinds = [...feature.entity].sort();
    const ids = kinds.map((kind) => idOf(transaction, kind));
    if (ids.includes(undefined)) return undefined;
    const key = JSON.stringify([kinds, ids, feature.where ?? null, feature.net ?? false]);
    const log = logs.get(key) ?? { events: [], replaced: new Map() };
    logs.set(key, log);
    return log;
  };

  /** Gives back, or replaces; answers what the logs that were asked said. */
  const correct = (transaction: Transaction, key: string): readonly ('unknown' | 'known' | 'done')[] => {
    const { original, type, channel, customerId } = transaction;
    const isBack = type === 'REVERSAL' || type === 'REFUND';
    if (original === undefined || transaction.amountMinor === undefined || (isBack && !hasNet)) return [];
    const on = original.channel ?? channel;
    const names = [
      original.transactionId === undefined ? undefined : `${on} ${original.transactionId}`,
      references.get(JSON.stringify([customerId, on, original.stan, original.rrn])),
    ].filter((name) => name !== undefined && name !== key);
    const asked = new Map<OracleLog, boolean>();
    for (const feature of [EVERYTHING, ...catalogue.features]) {
      const log = logOf(feature, transaction);
      if (log !== undefined && (!isBack || feature.net === true || feature === EVERYTHING))
        asked.set(log, feature.net === true);
    }
    return [...asked].map(([log, isNet]) => {
      const newest = log.events.at(-1)?.transaction.occurredAtMs ?? Number.NEGATIVE_INFINITY;
      if (transaction.occurredAtMs < newest - catalogue.allowedLatenessMs) return 'done';
      for (const name of names as string[]) {
        if (correctOne(log, isNet, name, transaction, key)) return 'known';
      }
      return 'unknown';
    });
  };

  return {
    record(transaction) {
      const key = `${transaction.channel} ${transaction.transactionId}`;
      const known = first.get(key);
      if (known !== undefined) return known;
      const answers = correct(transaction, key);
      const isBack = transaction.type === 'REVERSAL' || transaction.type === 'REFUND';
      const touched = new Map<OracleLog, boolean>();
      touched.set(logOf(EVERYTHING, transaction) as OracleLog, false);
      const values = catalogue.features.map((feature) => {
        const log = logOf(feature, transaction);
        if (log === undefined) return null;
        const matches = feature.matches === undefined || feature.matches(transaction);
        const belongs = matches && !(feature.net === true && isBack);
        const isNote = feature.net === true && isBack && transaction.original !== undefined;
        if (belongs || isNote) touched.set(log, feature.net === true);
        const earlier = log.events.filter((event) => event.transaction.occurredAtMs <= transaction.occurredAtMs);
        return featureValue(feature, earlier, transaction, key, belongs, labels);
      });
      let isLate = false;
      let isTooLate = false;
      for (const [log, isNet] of touched) {
        const newest = log.events.at(-1)?.transaction.occurredAtMs ?? Number.NEGATIVE_INFINITY;
        if (transaction.occurredAtMs < newest - catalogue.allowedLatenessMs) {
          isTooLate = true;
          continue;
        }
        if (transaction.occurredAtMs < newest) isLate = true;
        let place = log.events.length;
        while (place > 0 && (log.events[place - 1]?.transaction.occurredAtMs ?? 0) > transaction.occurredAtMs) place--;
        log.events.splice(place, 0, {
          key,
          transaction,
          left: isNet && isBack ? null : (transaction.amountMinor ?? 0),
        });
      }
      const { stan, rrn } = transaction.attributes;
      const isKnownToAll = hasEvent(logOf(EVERYTHING, transaction), key);
      if (stan !== undefined && rrn !== undefined && isKnownToAll)
        references.set(JSON.stringify([transaction.customerId, transaction.channel, stan, rrn]), key);
      const isOriginalMissing = answers.length > 0 && answers.every((answer) => answer === 'unknown');
      const reading = { values, isLate, isTooLate, isOriginalMissing };
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
  const inside = hasCurrent ? [...before, { key, transaction, left: transaction.amountMinor ?? 0 }] : before;
  if (feature.net === true) {
    const left = inside.map((event) => event.left).filter((amount) => amount !== null);
    return feature.aggregate === 'count' ? left.length : Number(total(left));
  }
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
