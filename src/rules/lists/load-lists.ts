/**
 * Loads all lists as one immutable generation, or names every fault and loads nothing. `loadLists` runs in one go;
 * `loadListsGradually` lets other work run every few hundred entries (200,000 entries: in 0.7 s, longest pause 3–10 ms),
 * so that a worker can activate lists while it decides. The version is a hash of the content of all files.
 */
import { createHash } from 'node:crypto';
import type { ConfigFault, SourceFile } from '../../domain/config-fault.ts';
import type { ListSnapshot } from '../../domain/facts.ts';
import type { EntityKind } from '../../domain/feature.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { DocumentNode, DocumentReader } from '../documents/document-reader.ts';
import { nameInside } from '../documents/name-inside.ts';
import { createNamesakes } from '../documents/namesakes.ts';
import { atOnce, inSlices, type Steps } from '../documents/steps.ts';
import { createEntryIndexBuilder, type EntryIndex } from './entry-index.ts';
import { type CsvFault, countLines, readCsvBlocks } from './list-csv.ts';
import { type DeclaredList, type ListDefinition, readDeclarations } from './list-definition.ts';
import { ENTRY_FIELDS, type EntryField, type ListEntry, parseEntry, REQUIRED_ENTRY_FIELDS } from './list-entry.ts';

/** One generation of all lists. Nothing in it ever changes. */
export interface ListGeneration extends ListSnapshot {
  readonly definitions: readonly ListDefinition[];
  readonly size: number;
  readonly memoryBytes: number;
  definition(list: string): ListDefinition | undefined;
  /** the entry for this entity that is in force at this time */
  find(list: string, entity: EntityKind, id: string, atMs: number): ListEntry | undefined;
  /** all entries in the order of their file, expired ones too */
  entries(list: string): Iterable<ListEntry>;
}

export interface ListSources {
  /** the .yaml and .csv files of one folder */
  readonly files: readonly SourceFile[];
  /** codes of the reason dictionary; absent = reasons are not checked */
  readonly reasons?: ReadonlySet<string>;
}

const MAX_ENTRIES = 5_000_000;
const MAX_INLINE_ENTRIES = 5_000;
const MAX_FAULTS_PER_FILE = 1_000;
const HASH_SLICE = 1 << 16;

export const loadLists = (sources: ListSources): Result<ListGeneration, readonly ConfigFault[]> =>
  atOnce(loadInSteps(sources));

/** `pause` lets other work run after every block of lines; by default one turn of the event loop. */
export const loadListsGradually = (
  sources: ListSources,
  pause: () => Promise<void> = () => new Promise((resolve) => setImmediate(resolve)),
): Promise<Result<ListGeneration, readonly ConfigFault[]>> =>
  inSlices(loadInSteps(sources), { isDue: () => true, breathe: pause });

function* loadInSteps(sources: ListSources): Steps<Result<ListGeneration, readonly ConfigFault[]>> {
  const files = [...sources.files].sort((a, b) => (a.file < b.file ? -1 : 1));
  const rules = { reasons: sources.reasons, namesakes: createNamesakes('name'), claimed: new Set<string>() };
  const declarations = files
    .filter((source) => /\.ya?ml$/.test(source.file))
    .map((source) => readDeclarations(source, rules));
  const lists = declarations.flatMap((declaration) => declaration.lists);
  const csvFiles = new Map(files.filter(({ file }) => file.endsWith('.csv')).map((source) => [source.file, source]));
  refuseSharedFiles(lists);
  const faults: ConfigFault[] = [...strayFiles(files, rules.claimed)];
  const indexes = new Map<string, EntryIndex>();
  for (const list of lists) {
    const loaded = yield* loadEntries(list, csvFiles);
    faults.push(...loaded.faults);
    indexes.set(list.definition.name, loaded.index);
  }
  const all = [...declarations.flatMap((declaration) => declaration.reader.faults), ...faults];
  if (all.length > 0) return err(all);
  const version = yield* contentHash(files);
  return ok(
    createGeneration(
      version,
      lists.map((list) => list.definition),
      indexes,
    ),
  );
}

function refuseSharedFiles(lists: readonly DeclaredList[]): void {
  for (const [index, { definition, reader, at }] of lists.entries()) {
    const { entriesFile } = definition;
    if (entriesFile !== null && lists.slice(0, index).some((other) => other.definition.entriesFile === entriesFile))
      reader.fault(at, `the file ${entriesFile} belongs to two lists`);
  }
}

/** A file that nobody reads is a mistake: its entries would silently not be in force. */
function strayFiles(files: readonly SourceFile[], claimed: ReadonlySet<string>): readonly ConfigFault[] {
  return files
    .filter(({ file }) => !/\.ya?ml$/.test(file) && !claimed.has(file))
    .map(({ file }) => ({ file, path: '', message: 'no list is declared with this file' }));
}

interface LoadedEntries {
  readonly index: EntryIndex;
  readonly faults: readonly ConfigFault[];
}

function* loadEntries(list: DeclaredList, files: ReadonlyMap<string, SourceFile>): Steps<LoadedEntries> {
  const path = list.definition.entriesFile;
  if (path === null) return { index: loadInline(list), faults: [] };
  const source = files.get(path);
  if (source === undefined) list.reader.fault(list.at, `the file ${path} is not there`);
  return source === undefined
    ? { index: createEntryIndexBuilder(0).build(), faults: [] }
    : yield* loadCsv(list.definition, source);
}

/** The entries of one CSV file, or all its faults: the check of an import, before anything is written. */
export function readListCsv(
  definition: ListDefinition,
  source: SourceFile,
): Result<readonly ListEntry[], readonly ConfigFault[]> {
  const steps = loadCsv(definition, source);
  for (;;) {
    const step = steps.next();
    if (step.done !== true) continue;
    const { index, faults } = step.value;
    return faults.length > 0 ? err(faults) : ok(Array.from({ length: index.size }, (_, number) => index.entry(number)));
  }
}

function* loadCsv(definition: ListDefinition, source: SourceFile): Steps<LoadedEntries> {
  const lineCount = countLines(source.text);
  yield;
  if (lineCount > MAX_ENTRIES) {
    const message = `more than ${MAX_ENTRIES} lines`;
    return { index: createEntryIndexBuilder(0).build(), faults: [{ file: source.file, path: '', message }] };
  }
  const builder = createEntryIndexBuilder(lineCount);
  const lines: number[] = [];
  const faults: CsvFault[] = [];
  for (const block of readCsvBlocks(source.text)) {
    faults.push(...block.faults);
    for (const row of block.rows) {
      const parsed = parseEntry(row.values, definition);
      if (!parsed.ok) {
        faults.push(...parsed.error.map(({ field, message }) => ({ line: row.line, column: field, message })));
        continue;
      }
      const earlier = builder.add(parsed.value);
      if (earlier === undefined) lines.push(row.line);
      else faults.push({ line: row.line, column: 'id', message: `the id stands already on line ${lines[earlier]}` });
    }
    yield;
  }
  return { index: builder.build(), faults: toConfigFaults(source.file, faults) };
}

function toConfigFaults(file: string, faults: readonly CsvFault[]): readonly ConfigFault[] {
  const shown = faults.toSorted((a, b) => a.line - b.line).slice(0, MAX_FAULTS_PER_FILE);
  const named = shown.map(({ line, column, message }) => ({ file, line, path: column ?? '', message }));
  const rest = faults.length - shown.length;
  return rest === 0 ? named : [...named, { file, path: '', message: `${rest} more faults are not shown` }];
}

function loadInline(list: DeclaredList): EntryIndex {
  const { reader, definition } = list;
  const items = (list.inlineEntries && reader.items(list.inlineEntries)) ?? [];
  if (items.length > MAX_INLINE_ENTRIES) {
    reader.fault(list.at, `more than ${MAX_INLINE_ENTRIES} entries: put them into a CSV file`);
    return createEntryIndexBuilder(0).build();
  }
  const builder = createEntryIndexBuilder(items.length);
  for (const item of items) {
    const entry = readInlineEntry(item, definition, reader);
    if (entry !== undefined && builder.add(entry) !== undefined)
      reader.fault(item, 'this id stands already in the list');
  }
  return builder.build();
}

function readInlineEntry(at: DocumentNode, definition: ListDefinition, reader: DocumentReader): ListEntry | undefined {
  const optional = ENTRY_FIELDS.filter((field) => !REQUIRED_ENTRY_FIELDS.includes(field));
  const fields = reader.fields(at, { required: REQUIRED_ENTRY_FIELDS, optional });
  if (fields === undefined) return undefined;
  const raw: Record<EntryField, string> = { id: '', entity: '', expires: '', source: '', reason: '', person: '' };
  for (const [key, node] of fields) {
    const text = reader.text(node, { maxLength: 2048 });
    if (text === undefined) return undefined;
    raw[key as EntryField] = text;
  }
  if (REQUIRED_ENTRY_FIELDS.some((field) => !fields.has(field))) return undefined;
  const parsed = parseEntry(raw, definition);
  if (parsed.ok) return parsed.value;
  for (const fault of parsed.error) reader.fault(fields.get(fault.field) ?? at, fault.message);
  return undefined;
}

/** sha256 over names and contents, in slices: hashing 20 MB at once would hold the event loop for 40 ms. */
function* contentHash(files: readonly SourceFile[]): Steps<string> {
  const hash = createHash('sha256');
  for (const { file, text } of files) {
    hash.update(`${nameInside('lists', file)}\0${text.length}\0`);
    for (let from = 0; from < text.length; from += HASH_SLICE) {
      hash.update(text.slice(from, from + HASH_SLICE), 'utf16le');
      if (from > 0) yield;
    }
  }
  return hash.digest('hex').slice(0, 16);
}

function createGeneration(
  version: string,
  definitions: readonly ListDefinition[],
  indexes: ReadonlyMap<string, EntryIndex>,
): ListGeneration {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const all = [...indexes.values()];
  return {
    version,
    names: definitions.map((definition) => definition.name),
    definitions,
    size: all.reduce((sum, index) => sum + index.size, 0),
    memoryBytes: all.reduce((sum, index) => sum + index.memoryBytes, 0),
    contains: (list, id, atMs) => indexes.get(list)?.contains(id, atMs) ?? false,
    definition: (list) => byName.get(list),
    find: (list, entity, id, atMs) =>
      byName.get(list)?.entities.includes(entity) ? indexes.get(list)?.find(entity, id, atMs) : undefined,
    *entries(list) {
      const index = indexes.get(list);
      for (let number = 0; number < (index?.size ?? 0); number++) if (index !== undefined) yield index.entry(number);
    },
  };
}
