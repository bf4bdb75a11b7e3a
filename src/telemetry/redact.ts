/**
 * What may leave the process in a log line. Fields that hold secrets, names or raw payloads are replaced whole, card numbers
 * are masked in every text, bytes are never printed, and nothing is longer or deeper than a line can bear. The rule is applied
 * to everything that is logged: nobody has to remember it.
 */
import { maskCardNumbers } from '../domain/card-number.ts';

const SECRET_KEY =
  /pass(word|wd|phrase)|secret|token|authori[sz]ation|cookie|credential|^(pan|cvv2?|cvc2?|pin|track[12]?)$|card_?number|^(customer|holder|payee|full|first|last)_?name$|^(payload|raw|body|value|bytes|message_?bytes)$|(postgres|redis)_?url/i;
const MAX_TEXT = 2_000;
const MAX_DEPTH = 6;
const MAX_ENTRIES = 100;

export const REDACTED = '[redacted]';

/** user:password@ in an address */
const CREDENTIALS_IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;

export function cleanText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
  return maskCardNumbers(cut.replace(CREDENTIALS_IN_URL, `$1${REDACTED}@`));
}

export function cleanFields(fields: Record<string, unknown>): Record<string, unknown> {
  return cleanObject(fields, 0);
}

function cleanObject(object: object, depth: number): Record<string, unknown> {
  const cleaned: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object).slice(0, MAX_ENTRIES)) {
    cleaned[cleanText(key)] =
      SECRET_KEY.test(key) && value !== null && value !== undefined ? REDACTED : clean(value, depth + 1);
  }
  return cleaned;
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint') return value.toString();
  // 13 digits and more may be a card number that lost its quotes
  if (typeof value === 'number') return Math.abs(value) >= 1e12 ? numberOrMask(value) : value;
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (value instanceof Error) return cleanError(value, depth);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return value.toISOString();
  if (depth > MAX_DEPTH) return '[deeper]';
  if (value instanceof Map) return cleanObject(Object.fromEntries(value), depth);
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, MAX_ENTRIES).map((entry) => clean(entry, depth + 1));
  return cleanObject(value, depth);
}

function numberOrMask(value: number): number | string {
  const text = String(value);
  const masked = maskCardNumbers(text);
  return masked === text ? value : masked;
}

/** Type, code, message, stack, context and cause: what is needed to find it, cleaned like everything else. */
function cleanError(error: Error, depth: number): Record<string, unknown> {
  const { code, context } = error as { code?: unknown; context?: unknown };
  return {
    type: error.name,
    ...(code === undefined ? {} : { code: clean(code, depth) }),
    message: cleanText(error.message),
    ...(error.stack === undefined ? {} : { stack: cleanText(error.stack) }),
    ...(context === undefined ? {} : { context: clean(context, depth + 1) }),
    ...(error.cause === undefined || depth > MAX_DEPTH ? {} : { cause: clean(error.cause, depth + 1) }),
  };
}
