/**
 * Tests as files (config/rules/tests/*.test.yaml, and beside limits and lists): what happened before, one transaction, what
 * is expected.
 *
 *   suite: velocity
 *   clock: "2026-11-23T10:15:00+08:00"        # when the tested transaction happens
 *   defaults: { channel: MOBILE_BANKING, customerId: C1, currency: CNY }
 *   cases:
 *     - name: the fifth transfer in ten minutes
 *       clock: …                              # optional, instead of the file's
 *       model: 0.7                            # optional: the model's probability; without it there is no model
 *       lists: { watched_parties: [P9] }      # optional: entries besides those of the lists' files
 *       clauses: [CN-261-8]                   # optional: of the regulations that this case shows kept
 *       history:                              # in any order; "ago" before the clock
 *         - { ago: 5m, repeat: 4, every: 1m, type: TRANSFER, counterparty: { accountId: "P{n}" } }
 *         - { ago: 8d, type: PURCHASE, label: { value: FRAUD, ago: 7d } }
 *       transaction: { type: TRANSFER, amountMinor: 5000 }
 *       expect:
 *         hits: [transfer-burst-10m]          # these live rules hit, among others
 *         noHits: [many-payees-1h]            # these do not
 *         onlyHits: []                        # exactly these, no others
 *         errored: [], shadow: []
 *         limits: [person_remote_day]         # these limits and reminders are exceeded, among others
 *         noLimits: []                        # these are not
 *         outcome: CHALLENGE
 *         reasons: [VEL_COUNT_10M]            # these, among others
 *         alert: false
 *         score: { min: 250, max: 400 }
 *         methods: [APP_PUSH]                 # of the challenge, in order
 *         holdHours: 24                       # settled so many hours after the transaction; 0: at once
 *
 * Fields of `history` and `transaction` are those of the message, laid over `defaults`; `{n}` in a text counts repeats.
 */
import type { ConfigFault, SourceFile } from '../../domain/config-fault.ts';
import { OUTCOMES, type Outcome } from '../../domain/decision.ts';
import { didYouMean } from '../../domain/did-you-mean.ts';
import type { LabelValue } from '../../domain/label.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { isPlainObject } from '../../domain/strict-yaml.ts';
import { formatRfc3339 } from '../../domain/time.ts';
import { type DocumentNode, type DocumentReader, readDocument, readKey } from '../documents/document-reader.ts';
import { createNamesakes } from '../documents/namesakes.ts';
import { CLAUSE_ID } from '../limits/limit-set.ts';

export type WireMessage = Readonly<Record<string, unknown>>;

export interface TestLabel {
  readonly value: LabelValue;
  readonly labelledAtMs: number;
}

export interface TestEvent {
  readonly message: WireMessage;
  readonly occurredAtMs: number;
  readonly label?: TestLabel;
  /** history[2] */
  readonly path: string;
}

export interface Expectation {
  readonly hits?: readonly string[];
  readonly noHits?: readonly string[];
  readonly onlyHits?: readonly string[];
  readonly errored?: readonly string[];
  readonly shadow?: readonly string[];
  readonly limits?: readonly string[];
  readonly noLimits?: readonly string[];
  readonly outcome?: Outcome;
  readonly reasons?: readonly string[];
  readonly noReasons?: readonly string[];
  readonly alert?: boolean;
  readonly minScore?: number;
  readonly maxScore?: number;
  readonly methods?: readonly string[];
  readonly holdHours?: number;
}

export type NamedKind = 'rule' | 'limit' | 'list' | 'reason' | 'method of challenge';

/** What tests may name; undefined where nobody knows, as its file is refused. */
export type KnownNames = Readonly<Record<NamedKind, ReadonlySet<string> | undefined>>;

export interface TestCase {
  readonly suite: string;
  readonly name: string;
  readonly file: string;
  readonly line: number | undefined;
  readonly nowMs: number;
  readonly modelScore: number | null;
  /** further entries by list, for every entity kind */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** of the regulations that it shows kept: `clauses` of limits/*.yaml */
  readonly clauses: readonly string[];
  /** oldest first */
  readonly history: readonly TestEvent[];
  readonly transaction: TestEvent;
  readonly expect: Expectation;
}

// ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function readDuration(at: DocumentNode, reader: DocumentReader): number | undefined {
  const text = reader.text(at);
  const [, amount, unit] = text?.match(/^(\d{1,6})(s|m|h|d)$/) ?? [];
  if (amount !== undefined && unit !== undefined) return Number(amount) * (UNIT_MS[unit] ?? 0);
  if (text !== undefined) reader.fault(at, 'must be a time span such as 90s, 5m, 2h or 30d');
  return undefined;
}

const numbered = (value: unknown, n: number): unknown => {
  if (typeof value === 'string') return value.replaceAll('{n}', String(n));
  if (Array.isArray(value)) return value.map((item) => numbered(item, n));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, numbered(inner, n)]));
};

/** A field that is written as null takes the default away. */
const withoutNulls = (message: WireMessage): WireMessage =>
  Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null));

interface Setting {
  readonly nowMs: number;
  readonly defaults: WireMessage;
  /** makes ids unique over the file */
  readonly prefix: string;
}

function messageOf(fields: WireMessage, occurredAtMs: number, id: string, { defaults }: Setting): WireMessage {
  const base = { schemaVersion: 1, transactionId: id, occurredAt: formatRfc3339(occurredAtMs) };
  const message = withoutNulls({ ...base, ...defaults, ...fields });
  // a login has no amount, and no use for the file's currency
  const { currency: _default, ...withoutCurrency } = message;
  return message.amountMinor === undefined && fields.currency === undefined ? withoutCurrency : message;
}

// ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const TIMING = ['ago', 'repeat', 'every', 'label'] as const;

function splitTiming(at: DocumentNode, reader: DocumentReader) {
  const timing = new Map<string, DocumentNode>();
  const fields: Record<string, unknown> = {};
  for (const { key, value } of reader.entries(at) ?? []) {
    if ((TIMING as readonly string[]).includes(key)) timing.set(key, value);
    else fields[key] = value.value;
  }
  return { timing, fields };
}

function readLabel(at: DocumentNode, reader: DocumentReader, nowMs: number): TestLabel | undefined {
  const fields = reader.fields(at, { required: ['value', 'ago'] });
  const value = readKey(fields, 'value', (node) => reader.choice(node, ['FRAUD', 'GENUINE'] as const));
  const ago = readKey(fields, 'ago', (node) => readDuration(node, reader));
  return value === undefined || ago === undefined ? undefined : { value, labelledAtMs: nowMs - ago };
}

function readEvents(at: DocumentNode, index: number, reader: DocumentReader, setting: Setting): readonly TestEvent[] {
  const { timing, fields } = splitTiming(at, reader);
  const ago = readKey(timing, 'ago', (node) => readDuration(node, reader));
  if (!timing.has('ago')) reader.fault(at, '"ago" is missing: how long before the clock');
  const repeat = readKey(timing, 'repeat', (node) => reader.integer(node, { min: 1, max: 1000 })) ?? 1;
  const every = readKey(timing, 'every', (node) => readDuration(node, reader)) ?? 1_000;
  const label = readKey(timing, 'label', (node) => readLabel(node, reader, setting.nowMs));
  const startMs = setting.nowMs - (ago ?? 0);
  if (startMs + (repeat - 1) * every > setting.nowMs) reader.fault(at, 'the repeats go on after the clock');
  return Array.from({ length: repeat }, (_, n): TestEvent => {
    const occurredAtMs = startMs + n * every;
    const own = numbered(fields, n + 1) as WireMessage;
    const message = messageOf(own, occurredAtMs, `${setting.prefix}-h${index}-${n + 1}`, setting);
    const event = { message, occurredAtMs, path: `history[${index}]` };
    return label === undefined ? event : { ...event, label };
  });
}

// ── expectations ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A misspelled name in a `no…` would make a test that cannot fail. */
const LISTED = {
  hits: 'rule',
  noHits: 'rule',
  onlyHits: 'rule',
  errored: 'rule',
  shadow: 'rule',
  limits: 'limit',
  noLimits: 'limit',
  reasons: 'reason',
  noReasons: 'reason',
  methods: 'method of challenge',
} as const satisfies Readonly<Record<string, NamedKind>>;
const LISTS = Object.keys(LISTED) as readonly (keyof typeof LISTED)[];
const MAX_HOLD_HOURS = 24 * 366;

function checkNames(at: DocumentNode, reader: DocumentReader, what: NamedKind, names: KnownNames): void {
  const known = names[what];
  if (known === undefined) return;
  for (const [index, id] of ((at.value as readonly unknown[]) ?? []).entries()) {
    if (typeof id === 'string' && !known.has(id))
      reader.fault({ path: [...at.path, index], value: id }, `there is no ${what} ${id}`, didYouMean(id, known));
  }
}

function readScore(at: DocumentNode, reader: DocumentReader): Pick<Expectation, 'minScore' | 'maxScore'> {
  const score = (node: DocumentNode) => reader.integer(node, { min: 0, max: 1000 });
  if (typeof at.value === 'number') {
    const exact = score(at);
    return exact === undefined ? {} : { minScore: exact, maxScore: exact };
  }
  const fields = reader.fields(at, { required: [], optional: ['min', 'max'] });
  const min = readKey(fields, 'min', score);
  const max = readKey(fields, 'max', score);
  if (min !== undefined && max !== undefined && min > max)
    reader.fault(at, 'min lies above max: no score is in between');
  return { ...(min === undefined ? {} : { minScore: min }), ...(max === undefined ? {} : { maxScore: max }) };
}

function readExpectation(at: DocumentNode, reader: DocumentReader, names: KnownNames): Expectation {
  const fields = reader.fields(at, { required: [], optional: [...LISTS, 'outcome', 'alert', 'score', 'holdHours'] });
  if (fields?.size === 0) reader.fault(at, 'nothing is expected: such a test cannot fail');
  const expectation: Record<string, unknown> = {};
  for (const key of LISTS) {
    const node = fields?.get(key);
    if (node === undefined) continue;
    expectation[key] = reader.texts(node) ?? [];
    checkNames(node, reader, LISTED[key], names);
  }
  const outcome = readKey(fields, 'outcome', (node) => reader.choice(node, OUTCOMES));
  const alert = readKey(fields, 'alert', reader.boolean);
  const score = readKey(fields, 'score', (node) => readScore(node, reader));
  const holdHours = readKey(fields, 'holdHours', (node) => reader.integer(node, { min: 0, max: MAX_HOLD_HOURS }));
  return {
    ...expectation,
    ...(outcome === undefined ? {} : { outcome }),
    ...(holdHours === undefined ? {} : { holdHours }),
    ...(alert === undefined ? {} : { alert }),
    ...score,
  };
}

// ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function readProbability(at: DocumentNode, reader: DocumentReader): number | undefined {
  if (typeof at.value === 'number' && at.value >= 0 && at.value <= 1) return at.value;
  reader.fault(at, 'must be a probability from 0 to 1');
  return undefined;
}

interface FileSetting {
  readonly suite: string;
  readonly clockMs: number | undefined;
  readonly defaults: WireMessage;
  readonly names: KnownNames;
}

function readLists(
  at: DocumentNode,
  reader: DocumentReader,
  known: ReadonlySet<string> | undefined,
): ReadonlyMap<string, readonly string[]> {
  const lists = new Map<string, readonly string[]>();
  for (const { key, value } of reader.entries(at) ?? []) {
    if (known?.has(key) === false) reader.fault(value, `there is no list ${key}`, didYouMean(key, known));
    lists.set(key, reader.texts(value) ?? []);
  }
  return lists;
}

function readCase(at: DocumentNode, index: number, reader: DocumentReader, file: FileSetting): TestCase | undefined {
  const fields = reader.fields(at, {
    required: ['name', 'transaction', 'expect'],
    optional: ['clock', 'model', 'lists', 'clauses', 'history'],
  });
  const name = readKey(fields, 'name', (node) => reader.text(node, { maxLength: 200 }));
  const nowMs = readKey(fields, 'clock', reader.instant) ?? file.clockMs;
  if (nowMs === undefined) reader.fault(at, 'no clock: neither the file nor the case has one');
  const setting: Setting = { nowMs: nowMs ?? 0, defaults: file.defaults, prefix: `t${index}` };
  const nodes = readKey(fields, 'history', reader.items) ?? [];
  const history = nodes.flatMap((node, position) => readEvents(node, position, reader, setting));
  const expectNode = fields?.get('expect');
  const transactionNode = fields?.get('transaction');
  if (name === undefined || expectNode === undefined || transactionNode === undefined) return undefined;
  const own = isPlainObject(transactionNode.value) ? transactionNode.value : {};
  if (!isPlainObject(transactionNode.value)) reader.fault(transactionNode, 'a mapping is expected');
  const message = messageOf(own, setting.nowMs, `${setting.prefix}-tx`, setting);
  return {
    suite: file.suite,
    name,
    file: reader.file,
    line: reader.lineOf(at),
    nowMs: setting.nowMs,
    modelScore: readKey(fields, 'model', (node) => readProbability(node, reader)) ?? null,
    lists: readKey(fields, 'lists', (node) => readLists(node, reader, file.names.list)) ?? new Map(),
    clauses: readKey(fields, 'clauses', (node) => reader.texts(node, CLAUSE_ID)) ?? [],
    history: history.toSorted((a, b) => a.occurredAtMs - b.occurredAtMs),
    transaction: { message, occurredAtMs: setting.nowMs, path: 'transaction' },
    expect: readExpectation(expectNode, reader, file.names),
  };
}

function readTestFile(source: SourceFile, names: KnownNames): { reader: DocumentReader; cases: readonly TestCase[] } {
  const reader = readDocument(source);
  if (reader.root === undefined) return { reader, cases: [] };
  const fields = reader.fields(reader.root, { required: ['suite', 'cases'], optional: ['clock', 'defaults'] });
  const defaults = fields?.get('defaults')?.value;
  if (defaults !== undefined && !isPlainObject(defaults)) {
    const node = fields?.get('defaults');
    if (node !== undefined) reader.fault(node, 'a mapping is expected');
  }
  const file: FileSetting = {
    suite: readKey(fields, 'suite', (at) => reader.text(at)) ?? '',
    clockMs: readKey(fields, 'clock', reader.instant),
    defaults: isPlainObject(defaults) ? defaults : {},
    names,
  };
  const nodes = readKey(fields, 'cases', reader.items) ?? [];
  const cases = nodes.flatMap((at, index) => readCase(at, index, reader, file) ?? []);
  const namesakes = createNamesakes('name');
  for (const at of nodes) {
    const namesake = namesakes(at, reader);
    if (namesake !== undefined)
      reader.fault({ path: [...at.path, 'name'], value: namesake.name }, `another case of this file has the same name`);
  }
  return { reader, cases };
}

export function parseRuleTests(
  sources: readonly SourceFile[],
  names: KnownNames,
): Result<readonly TestCase[], readonly ConfigFault[]> {
  const files = sources.map((source) => readTestFile(source, names));
  const faults = files.flatMap((file) => file.reader.faults);
  return faults.length > 0 ? err(faults) : ok(files.flatMap((file) => file.cases));
}

export const placeOf = (testCase: TestCase): string =>
  testCase.line === undefined ? testCase.file : `${testCase.file}:${testCase.line}`;
