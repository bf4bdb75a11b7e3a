/**
 * The fields of a transaction as configuration names them: `tx.<path>` in expressions, `of: <path>` in features. One list
 * for the rule checker, the feature catalogue and the limits, so that a path means the same everywhere. Pure.
 */
import type { Transaction } from './transaction.ts';

/** `dynamic`: a value of `attributes`, a string, number or boolean known only when it is there. */
export type FieldType = 'string' | 'int' | 'double' | 'bool' | 'timestamp' | 'list' | 'map' | 'dynamic';

export interface TransactionField {
  readonly path: string;
  readonly type: FieldType;
  /** can be absent in a valid transaction (its object, or the field itself) */
  readonly nullable: boolean;
  /** the value, undefined when absent; milliseconds since the epoch for a timestamp */
  readonly read: (
    transaction: Transaction,
  ) => string | number | boolean | readonly string[] | Readonly<Record<string, string | number | boolean>> | undefined;
}

const field = (path: string, type: FieldType, nullable: boolean, read: TransactionField['read']): TransactionField => ({
  path,
  type,
  nullable,
  read,
});

export const TRANSACTION_FIELDS: readonly TransactionField[] = [
  field('transactionId', 'string', false, (tx) => tx.transactionId),
  field('occurredAt', 'timestamp', false, (tx) => tx.occurredAtMs),
  field('occurredAtMs', 'int', false, (tx) => tx.occurredAtMs),
  field('channel', 'string', false, (tx) => tx.channel),
  field('type', 'string', false, (tx) => tx.type),
  field('customerId', 'string', false, (tx) => tx.customerId),
  field('accountId', 'string', true, (tx) => tx.accountId),
  field('cardToken', 'string', true, (tx) => tx.cardToken),
  field('amountMinor', 'int', true, (tx) => tx.amountMinor),
  field('currency', 'string', true, (tx) => tx.currency),
  field('counterparty.accountId', 'string', true, (tx) => tx.counterparty?.accountId),
  field('counterparty.bankCode', 'string', true, (tx) => tx.counterparty?.bankCode),
  field('counterparty.country', 'string', true, (tx) => tx.counterparty?.country),
  field('merchant.id', 'string', true, (tx) => tx.merchant?.id),
  field('merchant.mcc', 'string', true, (tx) => tx.merchant?.mcc),
  field('merchant.country', 'string', true, (tx) => tx.merchant?.country),
  field('terminalId', 'string', true, (tx) => tx.terminalId),
  field('device.id', 'string', true, (tx) => tx.device?.id),
  field('device.ip', 'string', true, (tx) => tx.device?.ip),
  field('device.trusted', 'bool', true, (tx) => tx.device?.trusted),
  field('location.lat', 'double', true, (tx) => tx.location?.lat),
  field('location.lon', 'double', true, (tx) => tx.location?.lon),
  field('location.country', 'string', true, (tx) => tx.location?.country),
  field('branchId', 'string', true, (tx) => tx.branchId),
  field('productCode', 'string', true, (tx) => tx.productCode),
  field('customerSegment', 'string', true, (tx) => tx.customerSegment),
  field('authentication', 'list', false, (tx) => tx.authentication),
  field('accessibility', 'list', false, (tx) => tx.accessibility),
  field('original.transactionId', 'string', true, (tx) => tx.original?.transactionId),
  field('original.channel', 'string', true, (tx) => tx.original?.channel),
  field('original.stan', 'string', true, (tx) => tx.original?.stan),
  field('original.rrn', 'string', true, (tx) => tx.original?.rrn),
  field('attributes', 'map', false, (tx) => tx.attributes),
];

const BY_PATH = new Map(TRANSACTION_FIELDS.map((entry) => [entry.path, entry]));

/** The objects that hold fields and are no values themselves. */
export const TRANSACTION_OBJECTS: readonly string[] = [
  'counterparty',
  'merchant',
  'device',
  'location',
  'original',
  'attributes',
];

/** The field of a path, or undefined when no transaction has it. `attributes.<name>` is dynamic for any name. */
export function transactionField(path: string): TransactionField | undefined {
  const known = BY_PATH.get(path);
  if (known !== undefined) return known;
  if (!path.startsWith('attributes.')) return undefined;
  const name = path.slice('attributes.'.length);
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) return undefined;
  return field(path, 'dynamic', true, (tx) => (Object.hasOwn(tx.attributes, name) ? tx.attributes[name] : undefined));
}
