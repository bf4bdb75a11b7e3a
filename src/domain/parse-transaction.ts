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
  type InputFlag,
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
  const transaction = withoutUndefined<Transaction>({
    transactionId,
    occurredAtMs,
    channel,
    type,
    customerId: readId(readRequired(object, 'customerId'), '/customerId'),
    accountId: readOptional(object, 'accountId', '', readId),
    cardToken: readOptional(object, 'cardToken', '', readId),
    amountMinor: readOptional(object, 'amountMinor', '', readAmountMinor),
    currency: readOptional(object, 'currency', '', readCurrency),
    counterparty: readGroup(object, 'counterparty', { accountId: readId, bankCode: readId, country: readCountry }),
    merchant: readGroup(object, 'merchant', { id: readId, mcc: readMcc, country: readCountry }),
    terminalId: readOptional(object, 'terminalId', '', readId),
    device: readGroup(object, 'device', { id: readId, ip: readIp, trusted: readBoolean }),
    location: readLocation(object),
    branchId: readOptional(object, 'branchId', '', readId),
    productCode: readOptional(object, 'productCode', '', readId),
    customerSegment: readOptional(object, 'customerSegment', '', readId),
    authentication: readOptional(object, 'authentication', '', readCodes) ?? [],
    accessibility: readOptional(object, 'accessibility', '', readCodes) ?? [],
    original: readOriginal(object, options),
    attributes: readOptional(object, 'attributes', '', readAttributes) ?? Object.create(null),
  });
  if (hasAmountWithoutCurrency(transaction)) {
    throw new FieldFault('MISSING_FIELD', '/currency', 'amountMinor and currency stand together');
  }
  for (const key in object)
    if (!KNOWN_FIELDS.has(key) && !flags.includes('UNKNOWN_FIELDS')) flags.push('UNKNOWN_FIELDS');
  return { transaction, fingerprint: fingerprintOf(transaction), flags };
}

const hasAmountWithoutCurrency = (t: Transaction): boolean =>
  (t.amountMinor === undefined) !== (t.currency === undefined);

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

/** An object without any known field reads as absent. */
function readGroup<T extends object>(object: JsonObject, key: string, readers: Readers<T>): T | undefined {
  const group = readOptional(object, key, '', readObject);
  if (group === undefined) return undefined;
  const out: Partial<T> = {};
  for (const name of Object.keys(readers) as (keyof T & string)[]) {
    const value = readOptional(group, name, `/${key}`, readers[name]);
    if (value !== undefined) out[name] = value;
  }
  return Object.keys(out).length === 0 ? undefined : (out as T);
}

function readLocation(object: JsonObject): Transaction['location'] {
  const location = readGroup(object, 'location', { lat: readDegrees(90), lon: readDegrees(180), country: readCountry });
  if (location !== undefined && (location.lat === undefined) !== (location.lon === undefined)) {
    throw new FieldFault('INVALID_LOCATION', '/location', 'lat and lon stand together');
  }
  return location;
}

function readOriginal(object: JsonObject, options: ParseOptions): OriginalReference | undefined {
  const original = readGroup(object, 'original', { transactionId: readId, channel: readId, stan: readId, rrn: readId });
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
  if (value !== null && SENSITIVE_KEYS.has(key.toLowerCase().replace(/[-_ ]/g, ''))) {
    throw new FieldFault(
      'SENSITIVE_AUTHENTICATION_DATA',
      path,
      'card verification values, track data and PINs are refused',
    );
  }
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'object' && !(value instanceof NumberLexeme)) {
    for (const [name, child] of Object.entries(value))
      refuseSecretsIn(child, Array.isArray(value) ? key : name, `${path}/${name}`);
  } else if (containsCardNumber(key) || (key !== 'amountMinor' && containsCardNumber(scalarText(value)))) {
    throw new FieldFault('CARD_NUMBER_IN_CLEAR', path, 'a card number stands in clear: send its token');
  }
}

const scalarText = (value: string | number | NumberLexeme): string =>
  value instanceof NumberLexeme ? value.text : String(value);

/** Equal for messages whose parsed values are equal, whatever their key order, blanks or spelling of time and amount. */
function fingerprintOf(transaction: Transaction): string {
  const { attributes, authentication, accessibility, ...rest } = transaction;
  const canonical = JSON.stringify([
    rest,
    Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)),
    authentication,
    accessibility,
  ]);
  return hash('sha256', canonical, 'base64url').slice(0, 22);
}

/** The transaction in the wire format of version 1, with canonical spellings. */
export function toWire(transaction: Transaction): Readonly<Record<string, unknown>> {
  const { occurredAtMs, transactionId, ...rest } = transaction;
  return { schemaVersion: 1, transactionId, occurredAt: formatRfc3339(occurredAtMs), ...rest };
}
