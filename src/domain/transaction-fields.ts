/**
 * The fields of a transaction as configuration names them: `tx.<path>` in expressions, `of: <path>` in features. One list
 * for the rule checker, the feature catalogue and the limits, so that a path means the same everywhere. Pure.
 */
import { canonicalIp } from './ip-address.ts';
import { CURRENCIES } from './money.ts';
import { TRANSACTION_TYPES, type Transaction } from './transaction.ts';

/** `dynamic`: a value of `attributes`, a string, number or boolean known only when it is there. */
export type FieldType = 'string' | 'int' | 'double' | 'bool' | 'timestamp' | 'list' | 'map' | 'dynamic';

/** What a text of this field can be, as the parser lets it through: whatever is compared with another text is never equal. */
export interface FieldWords {
  readonly fits: (text: string) => boolean;
  /** "four digits (ISO 18245)" */
  readonly wanted: string;
  /** all of them, where the parser lets no other through */
  readonly values?: readonly string[];
  /** those that are known, for suggestions */
  readonly known?: readonly string[];
}

export interface TransactionField {
  readonly path: string;
  readonly type: FieldType;
  /** can be absent in a valid transaction (its object, or the field itself) */
  readonly nullable: boolean;
  /** of a text, or of each entry of a list */
  readonly words?: FieldWords;
  /** the value, undefined when absent; milliseconds since the epoch for a timestamp */
  readonly read: (
    transaction: Transaction,
  ) => string | number | boolean | readonly string[] | Readonly<Record<string, string | number | boolean>> | undefined;
}

const field = (
  path: string,
  type: FieldType,
  nullable: boolean,
  read: TransactionField['read'],
  words?: FieldWords,
): TransactionField => ({ path, type, nullable, read, ...(words === undefined ? {} : { words }) });

const oneOf = (values: readonly string[], wanted: string): FieldWords => ({
  fits: (text) => values.includes(text),
  wanted,
  values,
});
const matching = (pattern: RegExp, wanted: string): FieldWords => ({ fits: (text) => pattern.test(text), wanted });

const TYPE = oneOf(TRANSACTION_TYPES, `one of ${TRANSACTION_TYPES.join(', ')}`);
const CURRENCY = oneOf(CURRENCIES, 'a code of ISO 4217');
const COUNTRY = matching(/^[A-Z]{2}$/, 'two capital letters (ISO 3166-1)');
const MCC = matching(/^\d{4}$/, 'four digits (ISO 18245)');
const CODES = matching(/^[A-Z][A-Z0-9_]{0,63}$/, 'codes in capital letters');
const IP: FieldWords = {
  fits: (text) => canonicalIp(text) === text,
  wanted: 'an address in canonical form (RFC 5952)',
};
const ID: FieldWords = {
  fits: (text) => text.trim() !== '' && text.normalize('NFC') === text,
  wanted: 'text in NFC that is never empty: ask has(…) whether it is there',
};

export const TRANSACTION_FIELDS: readonly TransactionField[] = [
  field('transactionId', 'string', false, (tx) => tx.transactionId, ID),
  field('occurredAt', 'timestamp', false, (tx) => tx.occurredAtMs),
  field('occurredAtMs', 'int', false, (tx) => tx.occurredAtMs),
  field('channel', 'string', false, (tx) => tx.channel, ID),
  field('type', 'string', false, (tx) => tx.type, TYPE),
  field('customerId', 'string', false, (tx) => tx.customerId, ID),
  field('accountId', 'string', true, (tx) => tx.accountId, ID),
  field('cardToken', 'string', true, (tx) => tx.cardToken, ID),
  field('amountMinor', 'int', true, (tx) => tx.amountMinor),
  field('currency', 'string', true, (tx) => tx.currency, CURRENCY),
  field('counterparty.accountId', 'string', true, (tx) => tx.counterparty?.accountId, ID),
  field('counterparty.bankCode', 'string', true, (tx) => tx.counterparty?.bankCode, ID),
  field('counterparty.country', 'string', true, (tx) => tx.counterparty?.country, COUNTRY),
  field('merchant.id', 'string', true, (tx) => tx.merchant?.id, ID),
  field('merchant.mcc', 'string', true, (tx) => tx.merchant?.mcc, MCC),
  field('merchant.country', 'string', true, (tx) => tx.merchant?.country, COUNTRY),
  field('terminalId', 'string', true, (tx) => tx.terminalId, ID),
  field('device.id', 'string', true, (tx) => tx.device?.id, ID),
  field('device.ip', 'string', true, (tx) => tx.device?.ip, IP),
  field('device.trusted', 'bool', true, (tx) => tx.device?.trusted),
  field('location.lat', 'double', true, (tx) => tx.location?.lat),
  field('location.lon', 'double', true, (tx) => tx.location?.lon),
  field('location.country', 'string', true, (tx) => tx.location?.country, COUNTRY),
  field('branchId', 'string', true, (tx) => tx.branchId, ID),
  field('productCode', 'string', true, (tx) => tx.productCode, ID),
  field('customerSegment', 'string', true, (tx) => tx.customerSegment, ID),
  field('authentication', 'list', false, (tx) => tx.authentication, CODES),
  field('accessibility', 'list', false, (tx) => tx.accessibility, CODES),
  field('original.transactionId', 'string', true, (tx) => tx.original?.transactionId, ID),
  field('original.channel', 'string', true, (tx) => tx.original?.channel, ID),
  field('original.stan', 'string', true, (tx) => tx.original?.stan, ID),
  field('original.rrn', 'string', true, (tx) => tx.original?.rrn, ID),
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
