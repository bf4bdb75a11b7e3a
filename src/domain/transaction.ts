/**
 * The canonical transaction, after parsing (see parse-transaction.ts for what is refused). Identity is
 * (channel, transactionId). Money is integer minor units of ISO 4217, times are milliseconds since the epoch.
 */
export const TRANSACTION_TYPES = [
  'TRANSFER',
  'PAYMENT',
  'PURCHASE',
  'WITHDRAWAL',
  'DEPOSIT',
  'REFUND',
  'REVERSAL',
  'LOGIN',
  'PASSWORD_CHANGE',
  'PAYEE_ADD',
  'DEVICE_BIND',
  'LIMIT_CHANGE',
  'CONTACT_CHANGE',
] as const;
export type TransactionType = (typeof TRANSACTION_TYPES)[number];

export const MONETARY_TYPES: ReadonlySet<TransactionType> = new Set([
  'TRANSFER',
  'PAYMENT',
  'PURCHASE',
  'WITHDRAWAL',
  'DEPOSIT',
  'REFUND',
  'REVERSAL',
]);

/** A code of config/channels.yaml: the closed list is data, so that it can be read by people who do not program. */
export type Channel = string;

export interface Counterparty {
  readonly accountId?: string;
  readonly bankCode?: string;
  readonly country?: string;
}
export interface Merchant {
  readonly id?: string;
  readonly mcc?: string;
  readonly country?: string;
}
export interface Device {
  readonly id?: string;
  /** canonical form: RFC 5952, an IPv4-mapped IPv6 address as IPv4 */
  readonly ip?: string;
  readonly trusted?: boolean;
}
export interface Location {
  /** degrees, WGS 84; lat and lon are either both there or both absent */
  readonly lat?: number;
  readonly lon?: number;
  readonly country?: string;
}
/** How a REVERSAL or REFUND names its original: by id, or by the rails' own references. */
export interface OriginalReference {
  readonly transactionId?: string;
  readonly channel?: Channel;
  /** ISO 8583 DE11 and DE37 */
  readonly stan?: string;
  readonly rrn?: string;
}

export interface Transaction {
  readonly transactionId: string;
  readonly occurredAtMs: number;
  readonly channel: Channel;
  readonly type: TransactionType;
  readonly customerId: string;
  readonly accountId?: string;
  readonly cardToken?: string;
  /** integer, 0 … 2^53 − 1; there for every monetary type */
  readonly amountMinor?: number;
  /** ISO 4217 alphabetic code; there for every monetary type */
  readonly currency?: string;
  readonly counterparty?: Counterparty;
  readonly merchant?: Merchant;
  readonly terminalId?: string;
  readonly device?: Device;
  readonly location?: Location;
  readonly branchId?: string;
  readonly productCode?: string;
  readonly customerSegment?: string;
  readonly authentication: readonly string[];
  readonly accessibility: readonly string[];
  readonly original?: OriginalReference;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** What the parser noticed and let through: counted, and written into the decision's `flags`. */
export type InputFlag = 'UNKNOWN_FIELDS' | 'FUTURE_TIME';

export interface ParsedTransaction {
  readonly transaction: Transaction;
  /** sha256 (first 16 bytes, base64url) of the canonical values: equal for repeats, different for a conflict */
  readonly fingerprint: string;
  readonly flags: readonly InputFlag[];
}

/** The identity as one string that no pair of ids can share: the channel is from a closed list without "/". */
export const transactionKey = (channel: Channel, transactionId: string): string => `${channel}/${transactionId}`;

/** A message that is refused. It occupies no id: the mended message under the same id is decided as new. */
export interface Rejection {
  readonly code: RejectionCode;
  /** JSON pointer of the faulty value, '' for the whole message */
  readonly path: string;
  /** one sentence, never with the value itself when it could be a secret */
  readonly message: string;
  /** there when they could be read: the channel then gets the declared fallback decision */
  readonly transactionId?: string;
  readonly channel?: Channel;
  readonly customerId?: string;
}

export const REJECTION_CODES = [
  'EMPTY',
  'TOO_LARGE',
  'NOT_UTF8',
  'NOT_JSON',
  'TOO_DEEP',
  'DUPLICATE_KEY',
  'FORBIDDEN_KEY',
  'NOT_AN_OBJECT',
  'UNSUPPORTED_SCHEMA_VERSION',
  'MISSING_FIELD',
  'WRONG_TYPE',
  'INVALID_ID',
  'INVALID_TIME',
  'TIME_IN_FUTURE',
  'UNKNOWN_CHANNEL',
  'UNKNOWN_TYPE',
  'INVALID_AMOUNT',
  'AMOUNT_OUT_OF_RANGE',
  'UNKNOWN_CURRENCY',
  'INVALID_IP',
  'INVALID_LOCATION',
  'INVALID_COUNTRY',
  'INVALID_VALUE',
  'CARD_NUMBER_IN_CLEAR',
  'SENSITIVE_AUTHENTICATION_DATA',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];
