/**
 * Reads config/features.yaml. Every fault of the file is reported at once, each with its path and line; a catalogue is
 * either wholly valid or refused. `where` is compiled by a function that is passed in: the feature engine knows no
 * expression language. Pure.
 */
import { createHash } from 'node:crypto';
import type { ConfigFault, SourceFile } from '../domain/config-fault.ts';
import { didYouMean } from '../domain/did-you-mean.ts';
import {
  AGGREGATES,
  type Aggregate,
  type CompiledFeature,
  ENTITY_KINDS,
  type EntityKind,
  type FeatureCatalogue,
} from '../domain/feature.ts';
import { err, ok, type Result } from '../domain/result.ts';
import {
  type FaultyPart,
  formatPath,
  isPlainObject,
  type PathStep,
  parseStrictYaml,
  type YamlFile,
} from '../domain/strict-yaml.ts';
import type { Transaction } from '../domain/transaction.ts';
import { TRANSACTION_FIELDS, transactionField } from '../domain/transaction-fields.ts';

/** Where a `where` stands: the whole file, and the range of the value in it, its quotes or block header included. */
export interface ExpressionPlace {
  readonly file: string;
  readonly path: string;
  readonly text: string;
  readonly start?: number;
  readonly end?: number;
}

export type CompileWhere = (
  expression: string,
  at: ExpressionPlace,
) => Result<(transaction: Transaction) => boolean, readonly ConfigFault[]>;

export interface CatalogueOptions {
  readonly compileWhere: CompileWhere;
  readonly allowedLatenessMs: number;
  readonly repeatHorizonMs: number;
}

const MINUTE_MS = 60_000;
const MAX_WINDOW_MS = 90 * 86_400_000;
const MAX_FEATURES = 1_000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: MINUTE_MS, h: 3_600_000, d: 86_400_000 };
const FEATURE_KEYS = ['name', 'entity', 'aggregate', 'of', 'window', 'where', 'excludeCurrent', 'delay', 'net'];
const NUMERIC: ReadonlySet<Aggregate> = new Set(['sum', 'avg', 'stddev', 'min', 'max']);
/** What is left of a part-refunded payment is an amount and an entry; it is no observation to average or compare. */
const NET: ReadonlySet<Aggregate> = new Set(['sum', 'count']);
/** The only quantity of a transaction today. A time is an integer too, but its sum means nothing. */
const QUANTITIES = TRANSACTION_FIELDS.filter((entry) => entry.type === 'int' && entry.path !== 'occurredAtMs').map(
  (entry) => entry.path,
);
const COUNTABLE = ['string', 'int', 'bool', 'double', 'dynamic'];

export function parseFeatureCatalogue(
  source: SourceFile,
  options: CatalogueOptions,
): Result<FeatureCatalogue, readonly ConfigFault[]> {
  const parsed = parseStrictYaml(source);
  if (!parsed.ok) return parsed;
  const faults: ConfigFault[] = [];
  const reader: Reader = {
    yaml: parsed.value,
    text: source.text,
    options,
    fault: (...details) => void faults.push(parsed.value.fault(...details)),
    take: (fault) => void faults.push(fault),
  };
  const features = readFile(reader);
  if (faults.length > 0) return err(faults);
  return ok({
    features,
    version: createHash('sha256').update(source.text).digest('hex').slice(0, 16),
    allowedLatenessMs: options.allowedLatenessMs,
    repeatHorizonMs: options.repeatHorizonMs,
  });
}

interface Reader {
  readonly yaml: YamlFile;
  readonly text: string;
  readonly options: CatalogueOptions;
  fault(path: readonly PathStep[], message: string, suggestion?: string, part?: FaultyPart): void;
  take(fault: ConfigFault): void;
}

function readFile(reader: Reader): readonly CompiledFeature[] {
  const root = reader.yaml.value;
  if (!isPlainObject(root)) {
    reader.fault([], 'the file must be a map with "version" and "features"');
    return [];
  }
  refuseUnknownKeys(reader, root, [], ['version', 'features']);
  if (root.version !== 1) reader.fault(['version'], 'must be 1');
  if (!Array.isArray(root.features)) {
    reader.fault(['features'], 'must be a list of features');
    return [];
  }
  if (root.features.length > MAX_FEATURES) reader.fault(['features'], `more than ${MAX_FEATURES} features`);
  const features = root.features.map((entry: unknown, index) => readFeature(reader, entry, ['features', index]));
  refuseDuplicateNames(reader, root.features);
  return features.filter((feature) => feature !== undefined);
}

/** Undefined when a part is missing or wrong; the faults say so. */
function readFeature(reader: Reader, entry: unknown, path: readonly PathStep[]): CompiledFeature | undefined {
  if (!isPlainObject(entry)) {
    reader.fault(path, 'must be a map');
    return undefined;
  }
  refuseUnknownKeys(reader, entry, path, FEATURE_KEYS);
  const name = readName(reader, entry.name, [...path, 'name']);
  const entity = readEntity(reader, entry.entity, [...path, 'entity']);
  const aggregate = readChoice(reader, entry.aggregate, [...path, 'aggregate'], AGGREGATES);
  const of = readOf(reader, entry, path, aggregate);
  const windowMs = readDuration(reader, entry.window, [...path, 'window'], MINUTE_MS);
  const delayMs = entry.delay === undefined ? 0 : readDuration(reader, entry.delay, [...path, 'delay'], 0);
  const excludeCurrent = entry.excludeCurrent ?? false;
  if (typeof excludeCurrent !== 'boolean') reader.fault([...path, 'excludeCurrent'], 'must be true or false');
  const net = readNet(reader, entry.net, [...path, 'net'], aggregate);
  const matches = readWhere(reader, entry.where, [...path, 'where']);
  if (!name || !entity || !aggregate || windowMs === undefined || delayMs === undefined) return undefined;
  return {
    name,
    entity,
    aggregate,
    windowMs,
    delayMs,
    excludeCurrent: excludeCurrent === true,
    ...(net ? { net } : {}),
    ...(of === undefined ? {} : { of }),
    ...(matches === undefined ? {} : { where: String(entry.where), matches }),
  };
}

function refuseUnknownKeys(
  reader: Reader,
  value: Record<string, unknown>,
  path: readonly PathStep[],
  known: readonly string[],
): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) reader.fault([...path, key], 'unknown field', didYouMean(key, known), 'key');
  }
}

function refuseDuplicateNames(reader: Reader, entries: readonly unknown[]): void {
  const first = new Map<string, number>();
  entries.forEach((entry, index) => {
    const name = isPlainObject(entry) ? entry.name : undefined;
    if (typeof name !== 'string') return;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    else reader.fault(['features', index, 'name'], `"${name}" is already the name of features[${earlier}]`);
  });
}

function readName(reader: Reader, value: unknown, path: readonly PathStep[]): string | undefined {
  if (typeof value === 'string' && /^[a-z][A-Za-z0-9_]{0,63}$/.test(value)) return value;
  reader.fault(path, 'must be a name: a small letter, then letters, digits and "_", at most 64');
  return undefined;
}

function readEntity(reader: Reader, value: unknown, path: readonly PathStep[]): readonly EntityKind[] | undefined {
  if (!Array.isArray(value) || value.length === 0) {
    reader.fault(path, `must be a list of one or more of ${ENTITY_KINDS.join(', ')}`);
    return undefined;
  }
  const kinds = value.map((kind: unknown, index) => readChoice(reader, kind, [...path, index], ENTITY_KINDS));
  kinds.forEach((kind, index) => {
    if (kind !== undefined && kinds.indexOf(kind) < index) reader.fault([...path, index], `"${kind}" is there twice`);
  });
  const known = kinds.filter((kind) => kind !== undefined);
  return known.length === kinds.length ? known : undefined;
}

function readChoice<T extends string>(
  reader: Reader,
  value: unknown,
  path: readonly PathStep[],
  choices: readonly T[],
): T | undefined {
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  const hint = typeof value === 'string' ? didYouMean(value, choices) : undefined;
  reader.fault(path, `must be one of ${choices.join(', ')}`, hint);
  return undefined;
}

function readOf(
  reader: Reader,
  entry: Record<string, unknown>,
  path: readonly PathStep[],
  aggregate: Aggregate | undefined,
): string | undefined {
  const place = [...path, 'of'];
  const { of } = entry;
  if (aggregate === undefined) return undefined;
  const takesValue = NUMERIC.has(aggregate) || aggregate === 'distinct';
  if (!takesValue) {
    if (of !== undefined) reader.fault(place, `${aggregate} takes no "of"`);
    return undefined;
  }
  if (typeof of !== 'string') {
    reader.fault(place, `${aggregate} needs "of": the path of a field`);
    return undefined;
  }
  const found = transactionField(of);
  if (found === undefined) {
    const paths = TRANSACTION_FIELDS.map((known) => known.path);
    reader.fault(place, `a transaction has no field "${of}"`, didYouMean(of, paths));
  } else if (NUMERIC.has(aggregate) && !QUANTITIES.includes(of)) {
    reader.fault(place, `${aggregate} needs a quantity (${QUANTITIES.join(', ')}); "${of}" is a ${found.type}`);
  } else if (aggregate === 'distinct' && !COUNTABLE.includes(found.type)) {
    reader.fault(place, `distinct needs a single value; "${of}" is a ${found.type}`);
  }
  return of;
}

function readNet(reader: Reader, value: unknown, path: readonly PathStep[], aggregate: Aggregate | undefined): boolean {
  if (value === undefined || value === false) return false;
  if (value !== true) reader.fault(path, 'must be true or false');
  else if (aggregate !== undefined && !NET.has(aggregate))
    reader.fault(path, `only ${[...NET].join(' and ')} can be net; ${aggregate} has no meaning over what is left`);
  return value === true;
}

function readDuration(
  reader: Reader,
  value: unknown,
  path: readonly PathStep[],
  smallestMs: number,
): number | undefined {
  const parts = typeof value === 'string' ? /^(0|[1-9]\d{0,7})(s|m|h|d)$/.exec(value) : null;
  if (parts === null) {
    reader.fault(path, 'must be a whole number with a unit: s, m, h or d (for example 24h)');
    return undefined;
  }
  const ms = Number(parts[1]) * (UNIT_MS[parts[2] ?? ''] ?? Number.NaN);
  if (ms >= smallestMs && ms <= MAX_WINDOW_MS) return ms;
  reader.fault(path, smallestMs === 0 ? 'must be at most 90d' : 'must be between 1m and 90d');
  return undefined;
}

function readWhere(
  reader: Reader,
  value: unknown,
  path: readonly PathStep[],
): ((transaction: Transaction) => boolean) | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.trim() === '') {
    reader.fault(path, 'must be an expression over tx');
    return undefined;
  }
  const { yaml, text } = reader;
  const range = yaml.range(path);
  const place = { file: yaml.file, path: formatPath(path), text };
  const compiled = reader.options.compileWhere(
    value,
    range === undefined ? place : { ...place, start: range[0], end: range[1] },
  );
  if (compiled.ok) return compiled.value;
  for (const fault of compiled.error) reader.take(fault);
  return undefined;
}
