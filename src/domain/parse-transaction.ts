/**
 * Bytes → Transaction, or a typed rejection: never an exception, whatever the bytes are. contracts: version 1 of the
 * transaction message. What is let through with a remark (unknown fields, times up to a day ahead) is flagged.
 */
import { hash } from 'node:crypto';
import { containsCardNumber, maskCardNumbers } from './card-number.ts';
import { err, ok, type Result } from './result.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  NumberLexeme,
  parseStrictJson,
  StrictJsonError,
} from './strict-json.ts';
import { formatRfc3339, parseRfc3339 } from './time.ts';
import {
  type Counterparty,
  type Device,
  type InputFlag,
  type Location,
  type Merchant,
  MONETARY_TYPES,
  type OriginalReference,
  type ParsedTransaction,
  type Rejection,
  type RejectionCode,
  TRANSACTION_TYPES,
  type Transaction,
  type TransactionType,
} from './transaction.ts';
import {
  FieldFault,
  readAmountMinor,
  readAttributes,
  readBoolean,
  readCodes,
  readCountry,
  readCurrency,
  readDegrees,
  readId,
  readIp,
  readMcc,
  readObject,
  readOptional,
  readRequired,
  withoutUndefined,
} from './transaction-reader.ts';

export const MAX_MESSAGE_BYTES = 65_536;
export const MAX_DEPTH = 16;
const ACCEPTED_AHEAD_MS = 5 * 60_000;
const FLAGGED_AHEAD_MS = 24 * 3_600_000;

const KNOWN_FIELDS = new Set(
  'schemaVersion transactionId occurredAt channel type customerId accountId cardToken amountMinor currency counterparty merchant terminalId device location branchId productCode customerSegment authentication accessibility original attributes'.split(
    ' ',
  ),
);
/** of fields inside fields too: none of them is a secret's name or can hold a card number */
const KNOWN_NAMES: ReadonlySet<string> = new Set([
  ...KNOWN_FIELDS,
  ...'bankCode country id mcc ip trusted lat lon stan rrn'.split(' '),
]);
/** PCI DSS 3.3: never kept after authorisation, so never taken in */
const SENSITIVE_KEYS = new Set(
  'cvv cvv2 cvc cvc2 cid cav2 pin pinblock track track1 track2 track1data track2data magstripe'.split(' '),
);
const TYPES: ReadonlySet<string> = new Set(TRANSACTION_TYPES);

export interface ParseOptions {
  /** the closed list of config/channels.yaml */
  readonly isChannel: (code: string) => boolean;
}

/** `receivedAtMs` is the receiving clock: times ahead of it are accepted, flagged or refused. */
export type ParseTransaction = (bytes: Uint8Array | null, receivedAtMs: number) => Result<ParsedTransaction, Rejection>;

export function createTransactionParser(options: ParseOptions): ParseTransaction {
  return (bytes, receivedAtMs) => {
    const decoded = decode(bytes);
    if (!decoded.ok) return decoded;
    let object: JsonObject = {};
    try {
      object = parseObject(decoded.value);
      return ok(readTransaction(object, receivedAtMs, options));
    } catch (error) {
      if (error instanceof StrictJsonError) {
        return reject(error.fault, '', error.message, recoverIdentity(error.partial, decoded.value, options));
      }
      if (error instanceof FieldFault)
        return reject(error.code, error.path, error.message, identityOf(object, options));
      throw error;
    }
  };
}

type Identity = Pick<Rejection, 'transactionId' | 'channel' | 'customerId'>;

const reject = (
  code: RejectionCode,
  path: string,
  message: string,
  identity: Identity = {},
): Result<never, Rejection> =>
  // a key of the message may itself be a secret, and rejections are logged
  err({ code, path: maskCardNumbers(path), message: maskCardNumbers(message), ...identity });

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array | null): Result<string, Rejection> {
  if (bytes === null || bytes.length === 0) return reject('EMPTY', '', 'the message is empty');
  if (bytes.length > MAX_MESSAGE_BYTES)
    return reject('TOO_LARGE', '', `the message is larger than ${MAX_MESSAGE_BYTES} bytes`);
  try {
    return ok(decoder.decode(bytes));
  } catch {
    return reject('NOT_UTF8', '', 'the message is not UTF-8');
  }
}

function parseObject(text: string): JsonObject {
  const value = parseStrictJson(text, MAX_DEPTH);
  if (!isJsonObject(value)) throw new FieldFault('NOT_AN_OBJECT', '', 'the message must be one JSON object');
  return value;
}

/** What of the identity is readable in a message that is refused. */
function identityOf(object: JsonObject, options: ParseOptions): Identity {
  const id = (key: string): string | undefined => {
    try {
      return readOptional(object, key, '', readId);
    } catch {
      return undefined; // an unreadable id is no id; the rejection itself names the fault
    }
  };
  const channel = object.channel;
  return withoutUndefined<Identity>({
    transactionId: id('transactionId'),
    channel: typeof channel === 'string' && options.isChannel(channel) ? channel : undefined,
    customerId: withoutCardNumber(id('customerId')),
  });
}

const withoutCardNumber = (text: string | undefined): string | undefined =>
  text !== undefined && containsCardNumber(text) ? undefined : text;

/** For text that is no JSON: the members read so far, and otherwise a member that stands exactly once in the text. */
function recoverIdentity(partial: JsonObject, text: string, options: ParseOptions): Identity {
  const candidate: JsonObject = Object.create(null);
  for (const key of ['transactionId', 'channel', 'customerId']) {
    const matches = [...text.matchAll(new RegExp(`"${key}"\\s*:\\s*"([^"\\\\]{1,1024})"`, 'g'))].map((m) => m[1]);
    const value = new Set(matches).size === 1 ? matches[0] : partial[key];
    if (typeof value === 'string') candidate[key] = value;
  }
  return identityOf(candidate, options);
}

function readTransaction(object: JsonObject, receivedAtMs: number, options: ParseOptions): ParsedTransaction {
  const flags: InputFlag[] = [];
  refuseSecrets(object);
  const version = readRequired(object, 'schemaVersion');
  if (version !== 1) throw new FieldFault('UNSUPPORTED_SCHEMA_VERSION', '/schemaVersion', 'schemaVersion must be 1');
  const transactionId = readId(readRequired(object, 'transactionId'), '/transactionId');
  const channel = readRequired(object, 'channel');
  if (typeof channel !== 'string' || !options.isChannel(channel)) {
    throw new FieldFault('UNKNOWN_CHANNEL', '/channel', 'channel is not one of the configured channels');
  }
  const type = readType(object);
  const occurredAtMs = readOccurredAt(object, receivedAtMs, flags);
  const isMonetary = MONETARY_TYPES.has(type);
  if (isMonetary) for (const key of ['amountMinor', 'currency']) readRequired(object, key);
  const fields: Draft = {
    transactionId,
    occurredAtMs,
    channel,
    type,
    customerId: readId(readRequired(object, 'customerId'), '/customerId'),
  };
  readFields(object, fields);
  const authentication = readOptional(object, 'authentication', '', readCodes) ?? [];
  const accessibility = readOptional(object, 'accessibility', '', readCodes) ?? [];
  const original = readOriginal(object, options);
  const attributes = readOptional(object, 'attributes', '', readAttributes) ?? Object.create(null);
  if ((fields.amountMinor === undefined) !== (fields.currency === undefined)) {
    throw new FieldFault('MISSING_FIELD', '/currency', 'amountMinor and currency stand together');
  }
  if (hasUnknownFields(object)) flags.push('UNKNOWN_FIELDS');
  const values = original === undefined ? fields : { ...fields, original };
  const fingerprint = fingerprintOf(values, attributes, authentication, accessibility);
  fields.authentication = authentication;
  fields.accessibility = accessibility;
  if (original !== undefined) fields.original = original;
  fields.attributes = attributes;
  return { transaction: fields as Transaction, fingerprint, flags };
}

type Draft = { -readonly [K in keyof Transaction]?: Transaction[K] };

/**
 * Field by field, in the order of the transaction and only those that are there: of names written in one order the engine
 * makes objects that are read and told quickly, of computed names a table for each object.
 */
function readFields(object: JsonObject, fields: Draft): void {
  const accountId = readOptional(object, 'accountId', '', readId);
  if (accountId !== undefined) fields.accountId = accountId;
  const cardToken = readOptional(object, 'cardToken', '', readId);
  if (cardToken !== undefined) fields.cardToken = cardToken;
  const amountMinor = readOptional(object, 'amountMinor', '', readAmountMinor);
  if (amountMinor !== undefined) fields.amountMinor = amountMinor;
  const currency = readOptional(object, 'currency', '', readCurrency);
  if (currency !== undefined) fields.currency = currency;
  const counterparty = readGroup(object, 'counterparty', COUNTERPARTY);
  if (counterparty !== undefined) fields.counterparty = counterparty;
  const merchant = readGroup(object, 'merchant', MERCHANT);
  if (merchant !== undefined) fields.merchant = merchant;
  const terminalId = readOptional(object, 'terminalId', '', readId);
  if (terminalId !== undefined) fields.terminalId = terminalId;
  const device = readGroup(object, 'device', DEVICE);
  if (device !== undefined) fields.device = device;
  const location = readLocation(object);
  if (location !== undefined) fields.location = location;
  const branchId = readOptional(object, 'branchId', '', readId);
  if (branchId !== undefined) fields.branchId = branchId;
  const productCode = readOptional(object, 'productCode', '', readId);
  if (productCode !== undefined) fields.productCode = productCode;
  const customerSegment = readOptional(object, 'customerSegment', '', readId);
  if (customerSegment !== undefined) fields.customerSegment = customerSegment;
}

function hasUnknownFields(object: JsonObject): boolean {
  for (const key in object) if (!KNOWN_FIELDS.has(key)) return true;
  return false;
}

function readType(object: JsonObject): TransactionType {
  const type = readRequired(object, 'type');
  if (typeof type !== 'string' || !TYPES.has(type)) {
    throw new FieldFault('UNKNOWN_TYPE', '/type', 'type is not one of the transaction types');
  }
  return type as TransactionType;
}

function readOccurredAt(object: JsonObject, receivedAtMs: number, flags: InputFlag[]): number {
  const value = readRequired(object, 'occurredAt');
  const ms = typeof value === 'string' ? parseRfc3339(value) : undefined;
  if (ms === undefined) {
    throw new FieldFault('INVALID_TIME', '/occurredAt', 'occurredAt must be a date-time of RFC 3339 with a zone');
  }
  if (ms > receivedAtMs + FLAGGED_AHEAD_MS) {
    throw new FieldFault(
      'TIME_IN_FUTURE',
      '/occurredAt',
      'occurredAt is more than 24 hours ahead of the receiving clock',
    );
  }
  if (ms > receivedAtMs + ACCEPTED_AHEAD_MS) flags.push('FUTURE_TIME');
  return ms;
}

type Readers<T> = { [K in keyof T]-?: (value: JsonValue, path: string) => Exclude<T[K], undefined> };

interface Group<T> {
  readonly names: readonly (keyof T & string)[];
  readonly readers: Readers<T>;
}

const groupOf = <T extends object>(readers: Readers<T>): Group<T> => ({
  names: Object.keys(readers) as (keyof T & string)[],
  readers,
});

const COUNTERPARTY = groupOf<Counterparty>({ accountId: readId, bankCode: readId, country: readCountry });
const MERCHANT = groupOf<Merchant>({ id: readId, mcc: readMcc, country: readCountry });
const DEVICE = groupOf<Device>({ id: readId, ip: readIp, trusted: readBoolean });
const LOCATION = groupOf<Location>({ lat: readDegrees(90), lon: readDegrees(180), country: readCountry });
const ORIGINAL = groupOf<OriginalReference>({ transactionId: readId, channel: readId, stan: readId, rrn: readId });

/** An object without any known field reads as absent. */
function readGroup<T extends object>(object: JsonObject, key: string, { names, readers }: Group<T>): T | undefined {
  const group = readOptional(object, key, '', readObject);
  if (group === undefined) return undefined;
  let out: Partial<T> | undefined;
  for (const name of names) {
    const value = readOptional(group, name, `/${key}`, readers[name]);
    if (value === undefined) continue;
    out ??= {};
    out[name] = value;
  }
  return out as T | undefined;
}

function readLocation(object: JsonObject): Transaction['location'] {
  const location = readGroup(object, 'location', LOCATION);
  if (location !== undefined && (location.lat === undefined) !== (location.lon === undefined)) {
    throw new FieldFault('INVALID_LOCATION', '/location', 'lat and lon stand together');
  }
  return location;
}

function readOriginal(object: JsonObject, options: ParseOptions): OriginalReference | undefined {
  const original = readGroup(object, 'original', ORIGINAL);
  if (original?.channel !== undefined && !options.isChannel(original.channel)) {
    throw new FieldFault('UNKNOWN_CHANNEL', '/original/channel', 'channel is not one of the configured channels');
  }
  return original;
}

/** Secrets are looked for everywhere but in the identity, also in fields that Vigil does not know. */
function refuseSecrets(object: JsonObject): void {
  for (const key in object) {
    if (key !== 'transactionId' && key !== 'occurredAt') refuseSecretsIn(object[key] ?? null, key, `/${key}`);
  }
}

function refuseSecretsIn(value: JsonValue, key: string, path: string): void {
  const isOurs = KNOWN_NAMES.has(key);
  if (value !== null && !isOurs && SENSITIVE_KEYS.has(key.toLowerCase().replace(/[-_ ]/g, ''))) {
    throw new FieldFault(
      'SENSITIVE_AUTHENTICATION_DATA',
      path,
      'card verification values, track data and PINs are refused',
    );
  }
  if (value === null || typeof value === 'boolean') return;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) refuseSecretsIn(value[index] ?? null, key, `${path}/${index}`);
  } else if (typeof value === 'object' && !(value instanceof NumberLexeme)) {
    for (const name in value) refuseSecretsIn(value[name] ?? null, name, `${path}/${name}`);
  } else if ((!isOurs && containsCardNumber(key)) || (key !== 'amountMinor' && containsCardNumber(scalarText(value)))) {
    throw new FieldFault('CARD_NUMBER_IN_CLEAR', path, 'a card number stands in clear: send its token');
  }
}

const scalarText = (value: string | number | NumberLexeme): string =>
  value instanceof NumberLexeme ? value.text : String(value);

/** Equal for messages whose parsed values are equal, whatever their key order, blanks or spelling of time and amount. */
function fingerprintOf(
  values: Draft,
  attributes: Transaction['attributes'],
  authentication: readonly string[],
  accessibility: readonly string[],
): string {
  const sorted = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = JSON.stringify([values, sorted, authentication, accessibility]);
  return hash('sha256', canonical, 'base64url').slice(0, 22);
}

/** The transaction in the wire format of version 1, with canonical spellings. */
export function toWire(transaction: Transaction): Readonly<Record<string, unknown>> {
  const { occurredAtMs, transactionId, ...rest } = transaction;
  return { schemaVersion: 1, transactionId, occurredAt: formatRfc3339(occurredAtMs), ...rest };
}
