/** Reads a mapping file and refuses it with all its faults at once: unknown fields, missing statements, wrong patterns. */
import type { ConfigFault, SourceFile } from '../../domain/config-fault.ts';
import { didYouMean } from '../../domain/did-you-mean.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { TRANSACTION_TYPES } from '../../domain/transaction.ts';
import { TRANSACTION_FIELDS } from '../../domain/transaction-fields.ts';
import {
  type DocumentNode,
  type DocumentReader,
  readDocument,
  readKey,
} from '../../rules/documents/document-reader.ts';
import type { CsvLayout, FieldMapping, FieldSource, FieldType, Mapping, XmlLayout } from './mapping.ts';
import { readAmountFormat, readTimeFormat } from './read-formats.ts';

const REQUIRED = ['transactionId', 'occurredAt', 'channel', 'type', 'customerId'] as const;
const DERIVED = new Set(['occurredAtMs', 'attributes']);
const PATHS: readonly string[] = TRANSACTION_FIELDS.map((field) => field.path).filter((path) => !DERIVED.has(path));
const TYPES: Readonly<Record<string, FieldType>> = {
  occurredAt: 'instant',
  amountMinor: 'amount',
  'device.trusted': 'boolean',
  'location.lat': 'decimal',
  'location.lon': 'decimal',
  authentication: 'list',
  accessibility: 'list',
};
const ATTRIBUTE = /^attributes\.[A-Za-z][A-Za-z0-9_]{0,63}$/;
const SOURCES = ['constant', 'column', 'columns', 'firstOf'] as const;
const OPTIONS = [
  'join',
  'absent',
  'slice',
  'values',
  'otherwise',
  'prefix',
  'separator',
  'when',
  'amount',
  'time',
  'as',
] as const;

export function readMapping(source: SourceFile): Result<Mapping, readonly ConfigFault[]> {
  const reader = readDocument(source);
  const top =
    reader.root && reader.fields(reader.root, { required: ['version', 'layout', 'fields'], optional: ['note'] });
  readKey(top, 'version', (at) => reader.integer(at, { min: 1, max: 1 }));
  readKey(top, 'note', (at) => reader.text(at, { maxLength: 5000 }));
  const layout = readKey(top, 'layout', (at) => readLayout(at, reader));
  const fields = readKey(top, 'fields', (at) => readFields(at, reader));
  if (layout !== undefined && fields !== undefined) checkColumns(layout, fields, top?.get('fields'), reader);
  if (reader.faults.length > 0 || layout === undefined || fields === undefined) return err(reader.faults);
  return ok({ layout, fields, columns: columnsOf(fields) });
}

// ── layout ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function readLayout(at: DocumentNode, reader: DocumentReader): CsvLayout | XmlLayout | undefined {
  const isXml = typeof at.value === 'object' && at.value !== null && 'kind' in at.value && at.value.kind === 'xml';
  if (isXml) {
    const fields = reader.fields(at, { required: ['kind', 'record'] });
    const record = readKey(fields, 'record', (node) =>
      reader.text(node, { pattern: /^[\w.-]+(?:\/[\w.-]+)*$/, wanted: 'a path of element names' }),
    );
    return record === undefined ? undefined : { kind: 'xml', record };
  }
  const fields = reader.fields(at, { required: ['kind', 'separator', 'quote'], optional: ['encoding', 'columns'] });
  const kind = readKey(fields, 'kind', (node) => reader.choice(node, ['csv', 'xml'] as const));
  const separator = readKey(fields, 'separator', (node) => readSeparator(node, reader));
  const quote = readKey(fields, 'quote', (node) => reader.choice(node, ['"', "'", 'none'] as const));
  const encoding = readKey(fields, 'encoding', (node) => readEncoding(node, reader)) ?? 'utf-8';
  const columns = readKey(fields, 'columns', reader.texts) ?? null;
  if (columns !== null && new Set(columns).size < columns.length) reader.fault(at, 'a column stands twice');
  if (kind === undefined || separator === undefined || quote === undefined) return undefined;
  return { kind: 'csv', encoding, separator, quote: quote === 'none' ? null : quote, columns };
}

/** A blank or a tab is a separator too: `text` would take it for nothing. */
function readSeparator(at: DocumentNode, reader: DocumentReader): string | undefined {
  if (typeof at.value === 'string' && at.value.length === 1 && !/["'\n\r]/.test(at.value)) return at.value;
  reader.fault(at, 'must be one character, in quotes');
  return undefined;
}

function readEncoding(at: DocumentNode, reader: DocumentReader): string | undefined {
  const name = reader.text(at);
  if (name === undefined) return undefined;
  try {
    return new TextDecoder(name).encoding;
  } catch {
    reader.fault(at, `the encoding "${name}" is not known (utf-8, gb18030, latin1, …)`);
    return undefined;
  }
}

// ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function readFields(at: DocumentNode, reader: DocumentReader): readonly FieldMapping[] | undefined {
  const entries = reader.entries(at) ?? [];
  const names = new Set(entries.map((entry) => entry.key));
  for (const name of REQUIRED)
    if (!names.has(name)) reader.fault(at, `"${name}" is missing: every transaction has one`);
  if (names.has('amountMinor') !== names.has('currency')) reader.fault(at, 'an amount and its currency come together');
  const fields = entries.map(({ key, value }) => readField(key, value, reader));
  // the currency first: amounts are read by its decimals
  const read = fields.filter((field) => field !== undefined);
  return [...read.filter((field) => field.path === 'currency'), ...read.filter((field) => field.path !== 'currency')];
}

function readField(path: string, at: DocumentNode, reader: DocumentReader): FieldMapping | undefined {
  const isAttribute = ATTRIBUTE.test(path);
  if (!isAttribute && !PATHS.includes(path)) {
    reader.fault(at, `no transaction has a field "${path}"`, didYouMean(path, PATHS));
    return undefined;
  }
  const keys = reader.fields(at, { required: [], optional: [...SOURCES, ...OPTIONS] });
  const source = keys && readSource(at, keys, reader);
  const as = readKey(keys, 'as', (node) =>
    reader.choice(node, ['text', 'integer', 'decimal', 'boolean', 'amount'] as const),
  );
  if (as !== undefined && !isAttribute) reader.fault(at, '"as" is only for attributes: other fields have their type');
  const type = TYPES[path] ?? as ?? 'text';
  const amount = readKey(keys, 'amount', (node) => readAmountFormat(node, reader)) ?? null;
  const time = readKey(keys, 'time', (node) => readTimeFormat(node, reader)) ?? null;
  const values = readKey(keys, 'values', (node) => readValues(node, reader)) ?? null;
  const otherwise = readKey(keys, 'otherwise', reader.text) ?? null;
  if (otherwise !== null && values === null) reader.fault(at, '"otherwise" belongs to "values"');
  if (source === undefined || keys === undefined) return undefined;
  const isConstant = source.kind === 'constant';
  requireOnly(at, reader, 'amount', keys.has('amount'), type === 'amount' && !isConstant);
  requireOnly(at, reader, 'time', keys.has('time'), type === 'instant' && !isConstant);
  requireOnly(at, reader, 'separator', keys.has('separator'), type === 'list' && !isConstant);
  checkWords(path, source, [...(values?.values() ?? []), ...(otherwise === null ? [] : [otherwise])], at, reader);
  return {
    path,
    type,
    source,
    values,
    otherwise,
    amount,
    time,
    absent: new Set(readKey(keys, 'absent', reader.texts) ?? []),
    slice: readKey(keys, 'slice', (node) => readSlice(node, reader)) ?? null,
    prefix: readKey(keys, 'prefix', (node) => reader.text(node, { maxLength: 64 })) ?? '',
    separator: readKey(keys, 'separator', (node) => readSeparator(node, reader)) ?? null,
    when: readKey(keys, 'when', (node) => readWhen(node, reader)) ?? null,
  };
}

function requireOnly(at: DocumentNode, reader: DocumentReader, key: string, isThere: boolean, isNeeded: boolean): void {
  if (isNeeded && !isThere) reader.fault(at, `"${key}" is missing: how the text is written is stated, never guessed`);
  if (isThere && !isNeeded) reader.fault(at, `"${key}" has no meaning for this field`);
}

function readSource(
  at: DocumentNode,
  keys: ReadonlyMap<string, DocumentNode>,
  reader: DocumentReader,
): FieldSource | undefined {
  const given = SOURCES.filter((name) => keys.has(name));
  if (given.length !== 1) reader.fault(at, `exactly one of ${SOURCES.join(', ')} is needed`);
  if (keys.has('join') && !keys.has('columns')) reader.fault(at, '"join" belongs to "columns"');
  const constant = keys.get('constant');
  if (constant !== undefined) return readConstant(constant, reader);
  const column = readKey(keys, 'column', reader.text);
  if (column !== undefined) return { kind: 'columns', names: [column], join: '' };
  const firstOf = readKey(keys, 'firstOf', reader.texts);
  if (firstOf !== undefined) return { kind: 'firstOf', names: firstOf };
  const names = readKey(keys, 'columns', reader.texts);
  const join = keys.get('join');
  if (names !== undefined && typeof join?.value !== 'string') reader.fault(at, '"columns" needs a "join" text');
  return names === undefined ? undefined : { kind: 'columns', names, join: String(join?.value ?? '') };
}

function readConstant(at: DocumentNode, reader: DocumentReader): FieldSource | undefined {
  const { value } = at;
  if (Array.isArray(value)) {
    const texts = reader.texts(at);
    return texts === undefined ? undefined : { kind: 'constant', value: texts };
  }
  if (typeof value === 'boolean' || typeof value === 'number') return { kind: 'constant', value };
  const text = reader.text(at);
  return text === undefined ? undefined : { kind: 'constant', value: text };
}

/** Keys are texts of the file, also those that look like numbers; values are texts of the wire format. */
function readValues(at: DocumentNode, reader: DocumentReader): ReadonlyMap<string, string> | undefined {
  const entries = reader.entries(at);
  if (entries?.length === 0) reader.fault(at, 'an empty table would refuse every line');
  const pairs = entries?.map(({ key, value }) => [key, reader.text(value)] as const);
  return pairs === undefined
    ? undefined
    : new Map(pairs.flatMap(([key, text]) => (text === undefined ? [] : [[key, text]])));
}

function readSlice(at: DocumentNode, reader: DocumentReader): readonly [number, number] | undefined {
  const ends = reader.items(at)?.map((item) => reader.integer(item, { min: 0, max: 10_000 }));
  const [from, to] = ends ?? [];
  if (ends?.length === 2 && from !== undefined && to !== undefined && from < to) return [from, to];
  reader.fault(at, 'must be [from, to], in characters, from before to');
  return undefined;
}

function readWhen(at: DocumentNode, reader: DocumentReader): FieldMapping['when'] | undefined {
  const keys = reader.fields(at, { required: ['column'], optional: ['in', 'notIn'] });
  const column = readKey(keys, 'column', reader.text);
  if (keys !== undefined && keys.has('in') === keys.has('notIn')) reader.fault(at, 'either "in" or "notIn" is needed');
  const texts = readKey(keys, keys?.has('in') ? 'in' : 'notIn', reader.texts);
  return column === undefined || texts === undefined
    ? undefined
    : { column, texts: new Set(texts), isIn: keys?.has('in') ?? false };
}

/** Types are a closed list of the contract: a mistake is found before the first line is read. */
function checkWords(
  path: string,
  source: FieldSource,
  words: readonly string[],
  at: DocumentNode,
  reader: DocumentReader,
): void {
  if (path !== 'type') return;
  const all = source.kind === 'constant' ? [String(source.value)] : words;
  for (const word of all) {
    if (!(TRANSACTION_TYPES as readonly string[]).includes(word)) {
      reader.fault(at, `"${word}" is not a type of transaction`, didYouMean(word, TRANSACTION_TYPES));
    }
  }
}

// ── columns ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function columnsOf(fields: readonly FieldMapping[]): readonly string[] {
  const names = fields.flatMap(({ source, when, time }) => [
    ...(source.kind === 'constant' ? [] : source.names),
    ...(when === null ? [] : [when.column]),
    ...(time?.year.kind === 'nearest' ? [time.year.column] : []),
  ]);
  return [...new Set(names)];
}

function checkColumns(
  layout: CsvLayout | XmlLayout,
  fields: readonly FieldMapping[],
  at: DocumentNode | undefined,
  reader: DocumentReader,
): void {
  const known = layout.kind === 'csv' ? layout.columns : null;
  if (known === null || at === undefined) return;
  for (const name of columnsOf(fields)) {
    if (!known.includes(name)) reader.fault(at, `the layout has no column "${name}"`, didYouMean(name, known));
  }
}
