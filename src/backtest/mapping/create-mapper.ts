/**
 * Turns one record into a transaction message, or says what is wrong with it: the first fault, with field and column, never with
 * a value that could be a card number. Blanks around a text are not part of it. Pure.
 */
import { maskCardNumbers } from '../../domain/card-number.ts';
import { currencyExponent } from '../../domain/money.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { formatRfc3339 } from '../../domain/time.ts';
import type { RejectionCode } from '../../domain/transaction.ts';
import { parseAmount } from './amount-format.ts';
import type { FieldMapping, Mapping, RecordCells } from './mapping.ts';
import { createTimeReader, type TimeReader } from './time-format.ts';

export interface MappingError {
  readonly line: number;
  readonly code: RejectionCode;
  readonly message: string;
}

/** In the wire format of the contract: what the parser of transactions reads. */
export type TransactionMessage = Readonly<Record<string, unknown>>;

export type Mapper = (line: number, cells: RecordCells) => Result<TransactionMessage, MappingError>;

interface FieldFault {
  readonly code: RejectionCode;
  readonly message: string;
}

type Reader = (text: string, context: FieldContext) => Result<unknown, FieldFault>;

interface FieldContext {
  readonly cells: RecordCells;
  readonly currency: string | undefined;
}

const REQUIRED = new Set(['transactionId', 'occurredAt', 'channel', 'type', 'customerId']);

export function createMapper(mapping: Mapping): Mapper {
  const fields = mapping.fields.map((field) => ({ field, steps: field.path.split('.'), read: createReader(field) }));
  return (line, cells) => {
    const message: Record<string, unknown> = { schemaVersion: 1 };
    for (const { field, steps, read } of fields) {
      const value = fieldValue(field, read, { cells, currency: message.currency as string | undefined });
      if (!value.ok) return err({ line, ...value.error });
      if (value.value !== undefined) put(message, steps, value.value);
    }
    return ok(message);
  };
}

function put(message: Record<string, unknown>, steps: readonly string[], value: unknown): void {
  const [first = '', second] = steps;
  if (second === undefined) {
    message[first] = value;
    return;
  }
  const inner = (message[first] ?? {}) as Record<string, unknown>;
  inner[second] = value;
  message[first] = inner;
}

/** undefined = the field is not there in this record. */
function fieldValue(field: FieldMapping, read: Reader, context: FieldContext): Result<unknown, FieldFault> {
  if (field.when !== null) {
    const isIn = field.when.texts.has((context.cells(field.when.column) ?? '').trim());
    if (isIn !== field.when.isIn) return missing(field);
  }
  if (field.source.kind === 'constant') return ok(field.source.value);
  const text = sourceText(field, context.cells);
  if (text === undefined) return missing(field);
  if (text.includes('\uFFFD')) return fault(field, 'NOT_UTF8', 'a character that is not of the stated encoding');
  if (field.values === null) return read(text, context);
  const mapped = field.values.get(text) ?? field.otherwise;
  return mapped === null
    ? fault(field, 'INVALID_VALUE', `"${maskCardNumbers(text.slice(0, 40))}" is not in the table of values`)
    : read(mapped, context);
}

function missing(field: FieldMapping): Result<undefined, FieldFault> {
  return REQUIRED.has(field.path) ? fault(field, 'MISSING_FIELD', 'there is no value') : ok(undefined);
}

function fault(field: FieldMapping, code: RejectionCode, message: string): Result<never, FieldFault> {
  const { source } = field;
  const from = source.kind === 'constant' ? 'a constant' : source.names.join(', ');
  return err({ code, message: `${field.path} from ${from}: ${message}` });
}

function sourceText(field: FieldMapping, cells: RecordCells): string | undefined {
  const { source } = field;
  if (source.kind === 'constant') return undefined;
  const texts = source.names.map((name) => cellText(field, cells(name)));
  if (source.kind === 'firstOf') return texts.find((text) => text !== undefined);
  if (texts.every((text) => text === undefined)) return undefined;
  return texts.map((text) => text ?? '').join(source.join);
}

function cellText({ slice, absent }: FieldMapping, raw: string | undefined): string | undefined {
  const text = (slice === null ? raw : raw?.slice(slice[0], slice[1]))?.trim();
  return text === undefined || text === '' || absent.has(text) ? undefined : text;
}

// ── readers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function createReader(field: FieldMapping): Reader {
  switch (field.type) {
    case 'text':
      return (text) => ok(field.prefix + text);
    case 'list':
      return (text) =>
        ok(
          text
            .split(field.separator ?? ',')
            .map((part) => part.trim())
            .filter((part) => part !== ''),
        );
    case 'integer':
      return (text) => readNumber(field, text, /^-?\d{1,15}$/);
    case 'decimal':
      return (text) => readNumber(field, text, /^-?\d{1,15}(?:\.\d{1,15})?$/);
    case 'boolean':
      return (text) =>
        text === 'true' || text === 'false'
          ? ok(text === 'true')
          : fault(field, 'WRONG_TYPE', 'neither true nor false');
    case 'amount':
      return (text, context) => readAmount(field, text, context);
    case 'instant':
      return createInstantReader(field);
  }
}

function readNumber(field: FieldMapping, text: string, form: RegExp): Result<number, FieldFault> {
  return form.test(text) ? ok(Number(text)) : fault(field, 'WRONG_TYPE', 'not a number of this form');
}

function readAmount(field: FieldMapping, text: string, { currency }: FieldContext): Result<number, FieldFault> {
  const exponent = currency === undefined ? undefined : currencyExponent(currency);
  if (exponent === undefined) return fault(field, 'UNKNOWN_CURRENCY', 'its currency is not a code of ISO 4217');
  if (field.amount === null) return fault(field, 'INVALID_AMOUNT', 'the mapping does not say how amounts are written');
  const amount = parseAmount(text, field.amount, exponent);
  return amount.ok ? amount : fault(field, 'INVALID_AMOUNT', amount.error);
}

function createInstantReader(field: FieldMapping): Reader {
  const reader: TimeReader | undefined = field.time === null ? undefined : createTimeReader(field.time);
  return (text, { cells }) => {
    const instant = reader?.read(text, cells) ?? err('the mapping does not say how times are written');
    return instant.ok ? ok(formatRfc3339(instant.value)) : fault(field, 'INVALID_TIME', instant.error);
  };
}
