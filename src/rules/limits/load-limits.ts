/**
 * Loads all limits as one immutable generation, or names every fault and loads nothing. One file holds the settings; any file
 * may hold limits and the clauses of a regulation that they answer. The version is a hash of the content of all files.
 */
import { createHash } from 'node:crypto';
import type { ConfigFault, SourceFile } from '../../domain/config-fault.ts';
import { didYouMean } from '../../domain/did-you-mean.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { type DocumentNode, type DocumentReader, readDocument, readKey } from '../documents/document-reader.ts';
import { nameInside } from '../documents/name-inside.ts';
import { createNamesakes } from '../documents/namesakes.ts';
import { atOnce, inSlices, type Slices, type Steps } from '../documents/steps.ts';
import { createCalendar } from './calendar.ts';
import { CLAUSE_ID, createLimitSet, type LimitClause, type LimitDefinition, type LimitSet } from './limit-set.ts';
import { type LimitSettings, readSettings } from './limit-settings.ts';
import { type LimitContext, readLimit } from './read-limit.ts';

export interface LimitSources {
  readonly files: readonly SourceFile[];
  /** codes of the channel catalogue */
  readonly channels: Iterable<string>;
  /** codes of the reason dictionary; absent = reasons are not checked */
  readonly reasons?: ReadonlySet<string>;
}

interface OpenFile {
  readonly reader: DocumentReader;
  readonly fields: ReadonlyMap<string, DocumentNode> | undefined;
}

const MAX_LIMITS = 2_000;

/** Settings that let a folder without any limits load: nothing is counted and nothing is limited. */
const NO_LIMITS: LimitSettings = {
  zone: 'Asia/Shanghai',
  currency: 'CNY',
  homeBanks: new Set(),
  homeCountry: 'CN',
  authenticationClasses: [],
  channelGroups: new Map(),
  segmentGroups: new Map(),
  rates: new Map(),
};

type Loaded = Result<LimitSet, readonly ConfigFault[]>;

export const loadLimits = (sources: LimitSources): Loaded => atOnce(loadInSteps(sources));

export const loadLimitsInSlices = (sources: LimitSources, slices: Slices): Promise<Loaded> =>
  inSlices(loadInSteps(sources), slices);

/** Yields after each file and each limit: a caller may let others run there. */
function* loadInSteps(sources: LimitSources): Steps<Loaded> {
  const channels = new Set(sources.channels);
  const sorted = [...sources.files].sort((a, b) => (a.file < b.file ? -1 : 1));
  const opened: OpenFile[] = [];
  for (const source of sorted) {
    opened.push(openFile(source));
    yield;
  }
  const settings = readTheSettings(opened, channels);
  const limits = yield* readLimits(opened, { settings, channels, reasons: sources.reasons });
  const clauses = readClauses(opened, new Set(opened.flatMap(declaredIds)));
  yield;
  const faults = opened.flatMap((file) => file.reader.faults);
  const first = opened[0];
  if (faults.length > 0) return err(faults);
  if (settings === undefined && first !== undefined) {
    return err([{ file: first.reader.file, path: '', message: 'no file of the limits holds "settings"' }]);
  }
  const inForce = settings ?? NO_LIMITS;
  return ok(
    createLimitSet({
      version: contentHash(sorted),
      settings: inForce,
      calendar: createCalendar(inForce.zone),
      limits,
      clauses,
    }),
  );
}

function openFile(source: SourceFile): OpenFile {
  const reader = readDocument(source);
  const keys = { required: ['version'], optional: ['settings', 'limits', 'clauses'] };
  const fields = reader.root && reader.fields(reader.root, keys);
  readKey(fields, 'version', (node) => reader.integer(node, { min: 1, max: 1 }));
  return { reader, fields };
}

function readTheSettings(files: readonly OpenFile[], channels: ReadonlySet<string>): LimitSettings | undefined {
  const [first, ...others] = files.filter((file) => file.fields?.has('settings'));
  for (const other of others) {
    const node = other.fields?.get('settings');
    if (node !== undefined) other.reader.fault(node, `the settings stand already in ${first?.reader.file}`);
  }
  return first && readKey(first.fields, 'settings', (node) => readSettings(node, first.reader, channels));
}

function* readLimits(files: readonly OpenFile[], context: LimitContext): Steps<readonly LimitDefinition[]> {
  const limits = new Map<string, LimitDefinition>();
  const namesakes = createNamesakes('id');
  for (const { reader, fields } of files) {
    for (const item of readKey(fields, 'limits', reader.items) ?? []) {
      const limit = readLimit(item, reader, context);
      const namesake = namesakes(item, reader);
      if (namesake !== undefined)
        reader.fault(item, `the limit "${namesake.name}" is declared twice (first in ${namesake.file})`);
      if (limits.size === MAX_LIMITS) reader.fault(item, `more than ${MAX_LIMITS} limits`);
      if (limits.size === MAX_LIMITS) return [...limits.values()];
      if (limit !== undefined) limits.set(limit.id, limit);
      yield;
    }
  }
  return [...limits.values()];
}

/** Also of limits with faults, so that one fault does not bring another. */
const declaredIds = ({ fields }: OpenFile): readonly string[] => {
  const limits: unknown = fields?.get('limits')?.value;
  return (Array.isArray(limits) ? limits : []).flatMap((limit) => (typeof limit?.id === 'string' ? [limit.id] : []));
};

function readClauses(files: readonly OpenFile[], limitIds: ReadonlySet<string>): readonly LimitClause[] {
  const clauses: LimitClause[] = [];
  const namesakes = createNamesakes('id');
  for (const { reader, fields } of files) {
    for (const item of readKey(fields, 'clauses', reader.items) ?? []) {
      const clause = readClause(item, reader);
      for (const [index, object] of (clause?.objects ?? []).entries()) {
        if (!object.startsWith('limit:') || limitIds.has(object.slice(6))) continue;
        const node = { path: [...item.path, 'objects', index], value: object };
        reader.fault(node, `${object} is not there`, didYouMean(object.slice(6), limitIds));
      }
      const namesake = namesakes(item, reader);
      if (namesake !== undefined) reader.fault(item, `the clause "${namesake.name}" stands twice`);
      if (clause !== undefined) clauses.push(clause);
    }
  }
  return clauses;
}

function readClause(at: DocumentNode, reader: DocumentReader): LimitClause | undefined {
  const fields = reader.fields(at, { required: ['id', 'source', 'text', 'objects'] });
  const id = readKey(fields, 'id', (node) => reader.text(node, CLAUSE_ID));
  const source = readKey(fields, 'source', reader.text);
  const text = readKey(fields, 'text', reader.bilingual);
  const objects = readKey(fields, 'objects', (node) =>
    reader.texts(node, { pattern: /^(?:limit|list):[a-z][a-z0-9_]*$/, wanted: 'limit:<id> or list:<name>' }),
  );
  if (objects?.length === 0) reader.fault(at, 'a clause names at least one object');
  if (id === undefined || source === undefined || text === undefined || objects === undefined) return undefined;
  return { id, source, text, objects };
}

function contentHash(files: readonly SourceFile[]): string {
  const hash = createHash('sha256');
  for (const { file, text } of files)
    hash.update(`${nameInside('limits', file)}\0${text.length}\0`).update(text, 'utf16le');
  return hash.digest('hex').slice(0, 16);
}
