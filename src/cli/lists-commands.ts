/**
 * `vigil lists show | find | export | import`: what the lists hold, where an id stands, a list as CSV, and a CSV file as the new
 * content of a list. An import is checked whole before one byte is written, and put in place by a rename: half of a file is
 * never in force.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { didYouMean } from '../domain/did-you-mean.ts';
import { VigilError } from '../domain/errors.ts';
import { canonicalIp } from '../domain/ip-address.ts';
import { formatRfc3339, parseRfc3339 } from '../domain/time.ts';
import { writeCsv } from '../rules/lists/list-csv.ts';
import type { ListDefinition } from '../rules/lists/list-definition.ts';
import type { ListEntry } from '../rules/lists/list-entry.ts';
import { type ListGeneration, readListCsv } from '../rules/lists/load-lists.ts';
import { type CommandIo, ConfigurationRefused, EXIT, type ExitCode } from './io.ts';
import { loadOrRefuse } from './load-or-refuse.ts';
import { replaceFile } from './replace-file.ts';

interface ListsOptions {
  readonly config?: string | undefined;
  /** RFC 3339: what has expired by then is not in force */
  readonly at: string;
}

const usage = (message: string, cause?: unknown): VigilError => new VigilError('USAGE', message, { cause });

function parseAt(text: string): number {
  const atMs = parseRfc3339(text);
  if (atMs === undefined) throw usage('--at must be a time with a zone, such as 2026-11-23T10:15:00+08:00.');
  return atMs;
}

export async function runListsShow(options: ListsOptions, io: CommandIo): Promise<ExitCode> {
  const { lists } = await loadOrRefuse(options.config);
  const atMs = parseAt(options.at);
  for (const { name, kind, entities, outcome, byLaw, title } of lists.definitions) {
    let inForce = 0;
    let all = 0;
    for (const entry of lists.entries(name)) {
      all += 1;
      if (isInForce(entry, atMs)) inForce += 1;
    }
    const effect = `${kind}${outcome === null ? '' : ` ${outcome}`}${byLaw ? ' by law' : ''}`;
    io.out(
      `${name}: ${effect}, ${entities.join(' ')}, ${inForce} in force, ${all - inForce} expired (${title.en} / ${title['zh-CN']})`,
    );
  }
  io.out(`version ${lists.version}, ${lists.size} entries, ${lists.memoryBytes} bytes`);
  return EXIT.done;
}

const isInForce = ({ expiresMs }: ListEntry, atMs: number): boolean => expiresMs === null || atMs < expiresMs;

/** Exit code 1 when the id stands on no list, so that scripts can ask. */
export async function runListsFind(options: ListsOptions & { readonly id: string }, io: CommandIo): Promise<ExitCode> {
  const { lists } = await loadOrRefuse(options.config);
  const atMs = parseAt(options.at);
  const id = options.id.normalize('NFC');
  let found = 0;
  for (const { name, entities } of lists.definitions) {
    for (const entity of entities) {
      const entry = lists.find(name, entity, entity === 'ip' ? (canonicalIp(id) ?? id) : id, atMs);
      if (entry === undefined) continue;
      found += 1;
      const until = entry.expiresMs === null ? 'for ever' : `until ${formatRfc3339(entry.expiresMs)}`;
      io.out(`${name} as ${entity}, ${until}: ${entry.reason} (${entry.source}, ${entry.person})`);
    }
  }
  if (found === 0) io.out('on no list');
  return found > 0 ? EXIT.done : EXIT.failed;
}

export interface ListsExportOptions {
  readonly config?: string | undefined;
  readonly list: string;
  /** otherwise the lines go to the output */
  readonly out?: string | undefined;
  /** a byte order mark, so that spreadsheets read Chinese text as UTF-8 */
  readonly bom?: boolean | undefined;
}

export async function runListsExport(options: ListsExportOptions, io: CommandIo): Promise<ExitCode> {
  const { lists } = await loadOrRefuse(options.config);
  definitionOf(lists, options.list);
  const lines = writeCsv(lists.entries(options.list));
  if (options.out === undefined) {
    for (const line of lines) io.out(line.trimEnd());
    return EXIT.done;
  }
  await replaceFile(options.out, [options.bom === true ? '\uFEFF' : '', ...lines].join(''));
  io.note(`${options.out} written.`);
  return EXIT.done;
}

export interface ListsImportOptions {
  /** the operator's configuration folder: the shipped one is never written */
  readonly config: string;
  readonly list: string;
  readonly in: string;
  /** keep the entries that the file does not name */
  readonly merge?: boolean | undefined;
  /** a file without an entry may empty the list */
  readonly empty?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

export async function runListsImport(options: ListsImportOptions, io: CommandIo): Promise<ExitCode> {
  const { lists } = await loadOrRefuse(options.config);
  const definition = definitionOf(lists, options.list);
  const { entriesFile } = definition;
  if (entriesFile === null)
    throw usage(`The entries of ${options.list} stand in its YAML file: give it a "file" first.`);
  if (!path.isAbsolute(entriesFile)) {
    throw usage(
      `${options.config} has no lists folder of its own, and the shipped one is never written: copy it there first.`,
    );
  }
  const imported = readListCsv(definition, { file: options.in, text: await readText(options.in) });
  if (!imported.ok) throw new ConfigurationRefused(imported.error, `Nothing of ${options.in} is imported`);
  const before = [...lists.entries(options.list)];
  const entries = options.merge === true ? mergeEntries(before, imported.value) : imported.value;
  if (entries.length === 0 && before.length > 0 && options.empty !== true)
    throw usage(`${options.in} holds no entry and would empty ${options.list} (${before.length}): say --empty.`);
  if (options.dryRun !== true) await replaceFile(entriesFile, [...writeCsv(entries)].join(''));
  const verb = options.dryRun === true ? 'would hold' : 'holds';
  const from = `${imported.value.length} of them from ${options.in}`;
  io.out(`${options.list} ${verb} ${entries.length} entries, ${from}: ${changesOf(before, entries)}.`);
  const rounded = roundedIds(imported.value);
  if (rounded > 0)
    io.note(
      `warning: all ${rounded} ids of sixteen digits and more end in zeros after the fifteenth digit: ` +
        'a spreadsheet may have rounded them. Format the column as text before the numbers are put into it.',
    );
  return EXIT.done;
}

const entryKey = ({ entity, id }: ListEntry): string => `${entity ?? ''}/${id}`;

function changesOf(before: readonly ListEntry[], after: readonly ListEntry[]): string {
  const old = new Map(before.map((entry) => [entryKey(entry), JSON.stringify(entry)]));
  const isNew = (entry: ListEntry): boolean => !old.has(entryKey(entry));
  const added = after.filter(isNew).length;
  const changed = after.filter((entry) => !isNew(entry) && old.get(entryKey(entry)) !== JSON.stringify(entry)).length;
  return `${added} new, ${changed} changed, ${before.length - (after.length - added)} removed`;
}

/** Numbers of a spreadsheet have fifteen digits. Each further 0 is one in ten by chance: said from eight of them on. */
function roundedIds(entries: readonly ListEntry[]): number {
  const long = entries.filter(({ id }) => /^\d{16,}$/.test(id));
  const zeros = long.reduce((sum, { id }) => sum + id.length - 15, 0);
  return zeros >= 8 && long.every(({ id }) => /^0+$/.test(id.slice(15))) ? long.length : 0;
}

function definitionOf(lists: ListGeneration, name: string): ListDefinition {
  const definition = lists.definition(name);
  if (definition === undefined) {
    const suggestion = didYouMean(name, lists.names);
    throw usage(`There is no list "${name}": ${suggestion ?? lists.names.join(', ')}${suggestion ? '' : '.'}`);
  }
  return definition;
}

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file));
  } catch (error) {
    if (error instanceof TypeError) throw usage(`${file} is not UTF-8: save it as "CSV UTF-8".`, error);
    throw usage(`${file} cannot be read: ${(error as Error).message}.`, error);
  }
}

/** The imported entry wins over the one with the same id and entity. */
function mergeEntries(existing: Iterable<ListEntry>, imported: readonly ListEntry[]): readonly ListEntry[] {
  const merged = new Map([...existing].map((entry) => [entryKey(entry), entry]));
  for (const entry of imported) merged.set(entryKey(entry), entry);
  return [...merged.values()];
}
