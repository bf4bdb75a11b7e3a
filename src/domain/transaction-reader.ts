/**
 * Reads the fields of a parsed JSON object one by one and stops at the first fault. A null stands for an absent optional
 * field; everything else must have exactly its type.
 */
import { canonicalIp } from './ip-address.ts';
import { isCurrency, MAX_AMOUNT_MINOR } from './money.ts';
import { isJsonObject, type JsonObject, type JsonValue, NumberLexeme } from './strict-json.ts';
import type { RejectionCode } from './transaction.ts';

export class FieldFault extends Error {
  readonly code: RejectionCode;
  readonly path: string;

  constructor(code: RejectionCode, path: string, message: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

const MAX_ID_BYTES = 1024;
const MAX_CODE_LENGTH = 64;
const MAX_LIST_LENGTH = 16;
const MAX_ATTRIBUTES = 64;
const MAX_ATTRIBUTE_LENGTH = 2048;
const encoder = new TextEncoder();

const isAbsent = (value: JsonValue | undefined): value is null | undefined => value === undefined || value === null;

export function readRequired(object: JsonObject, key: string): JsonValue {
  const value = object[key];
  if (isAbsent(value)) throw new FieldFault('MISSING_FIELD', `/${key}`, `${key} is missing`);
  return value;
}

function requireString(value: JsonValue, path: string): string {
  if (typeof value !== 'string') throw new FieldFault('WRONG_TYPE', path, `${path} must be a string`);
  return value;
}

/** An identifier: compared as it is, after Unicode NFC; 1 to 1,024 bytes of UTF-8, no NUL, no lone surrogate, not blank. */
export function readId(value: JsonValue, path: string): string {
  const text = requireString(value, path);
  if (isPlain(text)) return text;
  const id = isAscii(text) ? text : text.normalize('NFC');
  const isTooLong =
    id.length > MAX_ID_BYTES || (id.length > MAX_ID_BYTES / 3 && encoder.encode(id).length > MAX_ID_BYTES);
  if (id.trim() === '' || isTooLong || id.includes('\0') || !id.isWellFormed()) {
    throw new FieldFault('INVALID_ID', path, `${path} must be 1 to ${MAX_ID_BYTES} bytes of well-formed text`);
  }
  return id;
}

/** Printable ASCII without a blank: what nearly every id is. */
function isPlain(text: string): boolean {
  const { length } = text;
  if (length === 0 || length > MAX_ID_BYTES) return false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code > 126) return false;
  }
  return true;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** Absent → undefined; otherwise what `read` makes of the value. */
export function readOptional<T>(
  object: JsonObject,
  key: string,
  path: string,
  read: (value: JsonValue, path: string) => T,
): T | undefined {
  const value = object[key];
  return isAbsent(value) ? undefined : read(value, `${path}/${key}`);
}

export function readObject(value: JsonValue, path: string): JsonObject {
  if (!isJsonObject(value)) throw new FieldFault('WRONG_TYPE', path, `${path} must be an object`);
  return value;
}

export function readBoolean(value: JsonValue, path: string): boolean {
  if (typeof value !== 'boolean') throw new FieldFault('WRONG_TYPE', path, `${path} must be true or false`);
  return value;
}

/** Integer minor units: a JSON integer or a string of ASCII digits, 0 … 2^53 − 1. No sign, fraction or exponent. */
export function readAmountMinor(value: JsonValue, path: string): number {
  const text = value instanceof NumberLexeme ? value.text : typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^-?\d+$/.test(text)) {
    throw new FieldFault('INVALID_AMOUNT', path, `${path} must be an integer or a string of digits, in minor units`);
  }
  const amount = Number(text);
  if (text.startsWith('-') || amount > MAX_AMOUNT_MINOR) {
    throw new FieldFault('AMOUNT_OUT_OF_RANGE', path, `${path} must be from 0 to 2^53 - 1`);
  }
  return amount;
}

export function readCurrency(value: JsonValue, path: string): string {
  const code = requireString(value, path);
  if (!isCurrency(code)) throw new FieldFault('UNKNOWN_CURRENCY', path, `${path} is not a code of ISO 4217`);
  return code;
}

export function readCountry(value: JsonValue, path: string): string {
  const code = requireString(value, path);
  if (!/^[A-Z]{2}$/.test(code))
    throw new FieldFault('INVALID_COUNTRY', path, `${path} must be two letters (ISO 3166-1)`);
  return code;
}

export function readMcc(value: JsonValue, path: string): string {
  const code = requireString(value, path);
  if (!/^\d{4}$/.test(code)) throw new FieldFault('INVALID_VALUE', path, `${path} must be four digits (ISO 18245)`);
  return code;
}

export function readIp(value: JsonValue, path: string): string {
  const ip = canonicalIp(requireString(value, path));
  if (ip === undefined) throw new FieldFault('INVALID_IP', path, `${path} is not an IP address`);
  return ip;
}

/** Degrees; a bound of 90 for latitudes and 180 for longitudes. */
export const readDegrees =
  (bound: number) =>
  (value: JsonValue, path: string): number => {
    const degrees = value instanceof NumberLexeme ? value.valueOf() : value;
    if (typeof degrees !== 'number' || !(Math.abs(degrees) <= bound)) {
      throw new FieldFault('INVALID_LOCATION', path, `${path} must be a number from -${bound} to ${bound}`);
    }
    return degrees + 0; // −0 and 0 are one place
  };

/** A list of codes such as PASSWORD or HEARING: at most 16, each at most 64 characters; repeated ones once. */
export function readCodes(value: JsonValue, path: string): readonly string[] {
  if (!Array.isArray(value)) throw new FieldFault('WRONG_TYPE', path, `${path} must be a list`);
  if (value.length > MAX_LIST_LENGTH) {
    throw new FieldFault('INVALID_VALUE', path, `${path} has more than ${MAX_LIST_LENGTH} entries`);
  }
  const codes = value.map((entry, index) => {
    const code = requireString(entry, `${path}/${index}`);
    if (!/^[A-Z][A-Z0-9_]*$/.test(code) || code.length > MAX_CODE_LENGTH) {
      throw new FieldFault('INVALID_VALUE', `${path}/${index}`, `${path} must hold codes in capital letters`);
    }
    return code;
  });
  return [...new Set(codes)];
}

/** Free attributes: at most 64 scalars; text of at most 2,048 characters. */
export function readAttributes(value: JsonValue, path: string): Readonly<Record<string, string | number | boolean>> {
  const object = readObject(value, path);
  const keys = Object.keys(object);
  if (keys.length > MAX_ATTRIBUTES) {
    throw new FieldFault('INVALID_VALUE', path, `${path} has more than ${MAX_ATTRIBUTES} entries`);
  }
  const attributes: Record<string, string | number | boolean> = Object.create(null);
  for (const key of keys) {
    const attribute = readAttribute(object[key] ?? null, `${path}/${key}`);
    if (attribute !== undefined) attributes[key] = attribute;
  }
  return attributes;
}

function readAttribute(value: JsonValue, path: string): string | number | boolean | undefined {
  if (value === null) return undefined;
  if (typeof value === 'boolean' || typeof value === 'number') return value;
  // −0 is written as 0 wherever it goes from here
  if (value instanceof NumberLexeme && Number.isFinite(value.valueOf())) return value.valueOf() + 0;
  if (typeof value !== 'string')
    throw new FieldFault('WRONG_TYPE', path, `${path} must be text, a number or a boolean`);
  if (value.length > MAX_ATTRIBUTE_LENGTH || value.includes('\0') || !value.isWellFormed()) {
    throw new FieldFault('INVALID_VALUE', path, `${path} must be at most ${MAX_ATTRIBUTE_LENGTH} characters of text`);
  }
  return value;
}

/** Present fields only, so that an absent one is absent (and not undefined). */
export function withoutUndefined<T extends object>(object: { [K in keyof T]: T[K] | undefined }): T {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) if (value !== undefined) out[key] = value;
  return out as T;
}
