/**
 * What a list is: its kind (and with it what a match does), which entities it is about, its reason code, and whether it is
 * kept by order of law. The lists themselves are declared in config/lists/*.yaml; long ones keep their entries in a CSV file.
 *
 * | kind     | a match …                                                                    |
 * | allow    | takes back what rules and model ask for; never what deny, mule, force or law ask |
 * | deny     | lifts the outcome to at least `outcome` (BLOCK), raises an alert              |
 * | mule     | the same for accounts of money mules (HOLD)                                   |
 * | force    | lifts the outcome to at least `outcome` (no default), raises no alert         |
 * | watch    | raises an alert, leaves the outcome                                           |
 * | suppress | hides an alert that rules or model raised; never a BLOCK by law               |
 */
import type { SourceFile } from '../../domain/config-fault.ts';
import { type BilingualText, OUTCOMES, type Outcome } from '../../domain/decision.ts';
import { didYouMean } from '../../domain/did-you-mean.ts';
import { ENTITY_KINDS, type EntityKind } from '../../domain/feature.ts';
import { type DocumentNode, type DocumentReader, readDocument, readKey } from '../documents/document-reader.ts';
import type { createNamesakes } from '../documents/namesakes.ts';

export const LIST_KINDS = ['allow', 'deny', 'watch', 'mule', 'force', 'suppress'] as const;
export type ListKind = (typeof LIST_KINDS)[number];

export interface ListDefinition {
  readonly name: string;
  readonly title: BilingualText;
  readonly kind: ListKind;
  /** which fields of a transaction are looked up; an entry without an entity of its own stands for all of them */
  readonly entities: readonly EntityKind[];
  /** null for allow, watch and suppress */
  readonly outcome: Outcome | null;
  /** null only for allow and suppress */
  readonly reason: string | null;
  readonly byLaw: boolean;
  /** path of the CSV file with its entries, as the source files are named; null when they stand in the YAML file */
  readonly entriesFile: string | null;
}

export interface DeclaredList {
  readonly definition: ListDefinition;
  readonly at: DocumentNode;
  readonly reader: DocumentReader;
  readonly inlineEntries: DocumentNode | undefined;
}

const DEFAULT_OUTCOME: Readonly<Partial<Record<ListKind, Outcome>>> = { deny: 'BLOCK', mule: 'HOLD' };
const NAME: RegExp = /^[a-z][a-z0-9_]{0,63}$/;

export interface DeclarationRules {
  /** codes of the reason dictionary; undefined = not checked here */
  readonly reasons: ReadonlySet<string> | undefined;
  /** of all files together */
  readonly namesakes: ReturnType<typeof createNamesakes>;
  /** files that a list names, also one with faults: they are read by somebody */
  readonly claimed: Set<string>;
}

/** All declarations of one YAML file; its faults are in the reader. */
export function readDeclarations(
  source: SourceFile,
  rules: DeclarationRules,
): { reader: DocumentReader; lists: readonly DeclaredList[] } {
  const reader = readDocument(source);
  const top = reader.root && reader.fields(reader.root, { required: ['version', 'lists'] });
  const version = top?.get('version');
  if (version !== undefined) reader.integer(version, { min: 1, max: 1 });
  const items = readKey(top, 'lists', reader.items) ?? [];
  const lists = items.map((at) => readDeclaration(at, reader, rules)).filter((list) => list !== undefined);
  return { reader, lists };
}

function readDeclaration(at: DocumentNode, reader: DocumentReader, rules: DeclarationRules): DeclaredList | undefined {
  const fields = reader.fields(at, {
    required: ['name', 'title', 'kind', 'entities'],
    optional: ['outcome', 'reason', 'byLaw', 'file', 'entries'],
  });
  const name = readKey(fields, 'name', (node) =>
    reader.text(node, { pattern: NAME, wanted: 'lower-case letters, digits and _ after a letter' }),
  );
  const namesake = rules.namesakes(at, reader);
  if (namesake !== undefined)
    reader.fault(at, `the list "${namesake.name}" is declared twice (first in ${namesake.file})`);
  const title = readKey(fields, 'title', reader.bilingual);
  const kind = readKey(fields, 'kind', (node) => reader.choice(node, LIST_KINDS));
  const entities = readKey(fields, 'entities', (node) => readEntities(node, reader));
  const byLaw = readKey(fields, 'byLaw', reader.boolean) ?? false;
  const outcome = readOutcome(fields, kind, at, reader);
  const reason = readReason(fields, kind, at, reader, rules);
  const entriesFile = readEntriesFile(fields, at, reader);
  if (entriesFile !== null) rules.claimed.add(entriesFile);
  if (name === undefined || title === undefined || kind === undefined || entities === undefined) return undefined;
  if (byLaw && outcome === null) reader.fault(at, `a list of kind ${kind} cannot be "byLaw": it asks for no outcome`);
  return {
    definition: {
      name,
      title,
      kind,
      entities,
      outcome,
      reason,
      byLaw,
      entriesFile,
    },
    at,
    reader,
    inlineEntries: fields?.get('entries'),
  };
}

function readEntities(at: DocumentNode, reader: DocumentReader): readonly EntityKind[] | undefined {
  const entities = reader.choices(at, ENTITY_KINDS);
  if (entities?.length === 0) reader.fault(at, 'at least one entity is needed');
  else if (entities !== undefined && new Set(entities).size < entities.length)
    reader.fault(at, 'an entity stands twice');
  else return entities;
  return undefined;
}

type Fields = ReadonlyMap<string, DocumentNode> | undefined;

/** Where the kind itself is faulty, what depends on it is not said. */
function readOutcome(
  fields: Fields,
  kind: ListKind | undefined,
  at: DocumentNode,
  reader: DocumentReader,
): Outcome | null {
  const node = fields?.get('outcome');
  const asksForOne = kind === 'deny' || kind === 'mule' || kind === 'force';
  if (node === undefined) {
    if (kind === 'force') reader.fault(at, 'a force list needs an "outcome"');
    return (kind && DEFAULT_OUTCOME[kind]) ?? null;
  }
  const outcome = reader.choice(node, OUTCOMES);
  if (kind !== undefined && !asksForOne) reader.fault(node, `a list of kind ${kind} has no outcome`);
  else if (asksForOne && outcome === 'ALLOW') reader.fault(node, 'ALLOW would do nothing: use a list of kind allow');
  return outcome ?? null;
}

function readReason(
  fields: Fields,
  kind: ListKind | undefined,
  at: DocumentNode,
  reader: DocumentReader,
  rules: DeclarationRules,
): string | null {
  const node = fields?.get('reason');
  if (node === undefined) {
    if (kind !== undefined && kind !== 'allow' && kind !== 'suppress')
      reader.fault(at, `a list of kind ${kind} needs a "reason"`);
    return null;
  }
  const reason = reader.text(node, { maxLength: 64 }) ?? null;
  if (reason !== null && rules.reasons !== undefined && !rules.reasons.has(reason)) {
    reader.fault(node, `the reason ${reason} is not in the dictionary`, didYouMean(reason, rules.reasons));
  }
  return reason;
}

function readEntriesFile(fields: Fields, at: DocumentNode, reader: DocumentReader): string | null {
  const node = fields?.get('file');
  if ((node === undefined) === (fields?.get('entries') === undefined)) {
    reader.fault(at, 'either "file" (a CSV file beside this one) or "entries" is needed, and not both');
  }
  const wanted = 'the name of a .csv file in this folder';
  const name = node && reader.text(node, { pattern: /^[A-Za-z0-9_.-]+\.csv$/, wanted });
  return name === undefined ? null : reader.file.replace(/[^/]*$/, name);
}
