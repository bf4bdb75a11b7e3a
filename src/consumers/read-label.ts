/** Bytes of `vigil.feedback` → Label, or a rejection with the codes of a transaction's. */
import type { Label, LabelValue } from '../domain/label.ts';
import { err, ok, type Result } from '../domain/result.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
  StrictJsonError,
} from '../domain/strict-json.ts';
import { parseRfc3339 } from '../domain/time.ts';
import type { Rejection } from '../domain/transaction.ts';
import { FieldFault, readId } from '../domain/transaction-reader.ts';

export interface ReadLabelOptions {
  readonly isChannel: (code: string) => boolean;
  /** of the receiving clock */
  readonly receivedAtMs: number;
}

const MAX_LABEL_BYTES = 16_384;
const MAX_DEPTH = 4;
const MAX_AHEAD_MS = 24 * 3_600_000;
const LABELS: readonly string[] = ['FRAUD', 'GENUINE'] satisfies readonly LabelValue[];
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function readLabel(value: Uint8Array | null, options: ReadLabelOptions): Result<Label, Rejection> {
  if (value === null || value.length === 0) return refuse('EMPTY', '', 'the message is empty');
  if (value.length > MAX_LABEL_BYTES) return refuse('TOO_LARGE', '', `the message has ${value.length} bytes`);
  try {
    const parsed = parseStrictJson(decoder.decode(value), MAX_DEPTH);
    if (!isJsonObject(parsed)) return refuse('NOT_AN_OBJECT', '', 'the message is not a JSON object');
    return ok(toLabel(parsed, options));
  } catch (error) {
    if (error instanceof FieldFault) return refuse(error.code, error.path, error.message);
    if (error instanceof StrictJsonError) return refuse(error.fault, '', error.message);
    if (error instanceof TypeError) return refuse('NOT_UTF8', '', 'the message is not UTF-8');
    throw error;
  }
}

const refuse = (code: Rejection['code'], path: string, message: string): Result<Label, Rejection> =>
  err({ code, path, message });

function toLabel(object: JsonObject, options: ReadLabelOptions): Label {
  const source = object.source;
  return {
    transactionId: readId(required(object, 'transactionId'), '/transactionId'),
    channel: channelOf(required(object, 'channel'), options),
    label: labelOf(required(object, 'label')),
    labelledAtMs: timeOf(object.labelledAt, options),
    ...(source === undefined || source === null ? {} : { source: readId(source, '/source') }),
  };
}

function required(object: JsonObject, name: string): JsonValue {
  const value = object[name];
  if (value === undefined || value === null) throw new FieldFault('MISSING_FIELD', `/${name}`, `/${name} is missing`);
  return value;
}

function channelOf(value: JsonValue, { isChannel }: ReadLabelOptions): string {
  if (typeof value !== 'string') throw new FieldFault('WRONG_TYPE', '/channel', '/channel must be a string');
  if (!isChannel(value)) throw new FieldFault('UNKNOWN_CHANNEL', '/channel', '/channel is not a channel');
  return value;
}

function labelOf(value: JsonValue): LabelValue {
  if (value === 'FRAUD' || value === 'GENUINE') return value;
  throw new FieldFault('INVALID_VALUE', '/label', `/label must be one of ${LABELS.join(', ')}`);
}

/** Absent or null: known at once, as in a labels file. */
function timeOf(value: JsonValue | undefined, { receivedAtMs }: ReadLabelOptions): number | null {
  if (value === undefined || value === null) return null;
  const ms = typeof value === 'string' ? parseRfc3339(value) : undefined;
  if (ms === undefined) throw new FieldFault('INVALID_TIME', '/labelledAt', '/labelledAt must be an RFC 3339 time');
  if (ms > receivedAtMs + MAX_AHEAD_MS) {
    throw new FieldFault('TIME_IN_FUTURE', '/labelledAt', '/labelledAt is more than a day ahead');
  }
  return ms;
}
