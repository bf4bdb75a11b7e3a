/**
 * One entry of a list, and what is refused in one. Blanks around a value are not part of it; ids are compared after NFC, IP
 * addresses in canonical form. A card is listed by its token, never by its number (PCI DSS 3.5.1), and no message repeats
 * what could be one.
 */
import { containsCardNumber } from '../../domain/card-number.ts';
import type { EntityKind } from '../../domain/feature.ts';
import { canonicalIp } from '../../domain/ip-address.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { parseRfc3339 } from '../../domain/time.ts';
import { unreadableCharacters } from '../../domain/unreadable-character.ts';
import type { ListDefinition } from './list-definition.ts';

export interface ListEntry {
  readonly id: string;
  /** null = every entity of the list */
  readonly entity: EntityKind | null;
  /** in force before this time; null = for ever */
  readonly expiresMs: number | null;
  /** where it comes from: a police notice, a case, another bank */
  readonly source: string;
  readonly reason: string;
  /** who put it there */
  readonly person: string;
}

/** The columns of a CSV file and the keys of an inline entry. */
export const ENTRY_FIELDS = ['id', 'entity', 'expires', 'source', 'reason', 'person'] as const;
export type EntryField = (typeof ENTRY_FIELDS)[number];
export const REQUIRED_ENTRY_FIELDS: readonly EntryField[] = ['id', 'source', 'reason', 'person'];

export interface EntryFault {
  readonly field: EntryField;
  readonly message: string;
}

const MAX_ID_BYTES = 1024;
const MAX_TEXT = 500;

/** What of a value cannot be seen. A tab or a line end inside one is nothing that anybody meant. */
function unreadableIn(text: string): string | undefined {
  if (/^[ -~]*$/.test(text)) return undefined; // nearly every value, in a hundredth of the time
  const [first] = unreadableCharacters(text);
  return first?.message ?? (/[\t\n\r]/.test(text) ? 'a tab or a line end stands inside' : undefined);
}

export function parseEntry(
  raw: Readonly<Record<EntryField, string>>,
  definition: ListDefinition,
): Result<ListEntry, readonly EntryFault[]> {
  const faults: EntryFault[] = [];
  const fault = (field: EntryField, message: string): void => void faults.push({ field, message });
  const entity = parseEntity(raw.entity.trim(), definition, fault);
  const id = parseId(raw.id.trim(), entity === null ? definition.entities : [entity], fault);
  const expiresMs = parseExpiry(raw.expires.trim(), fault);
  const [source, reason, person] = (['source', 'reason', 'person'] as const).map((field) =>
    parseText(raw[field], field, fault),
  ) as [string, string, string];
  return faults.length > 0 ? err(faults) : ok({ id, entity, expiresMs, source, reason, person });
}

type Fault = (field: EntryField, message: string) => void;

function parseEntity(text: string, definition: ListDefinition, fault: Fault): EntityKind | null {
  if (text === '') return null;
  const entity = definition.entities.find((kind) => kind === text);
  if (entity === undefined)
    fault('entity', `"${text.slice(0, 40)}" is not an entity of this list (${definition.entities.join(', ')})`);
  return entity ?? null;
}

function parseId(text: string, entities: readonly EntityKind[], fault: Fault): string {
  const id = text.normalize('NFC');
  const unreadable = unreadableIn(id);
  if (id === '') fault('id', 'the id is empty');
  else if (Buffer.byteLength(id) > MAX_ID_BYTES) fault('id', `the id is longer than ${MAX_ID_BYTES} bytes`);
  else if (unreadable !== undefined) fault('id', `the id: ${unreadable}`);
  else if (/^\d(?:[.,]\d+)?E[+-]?\d+$/i.test(id)) {
    fault('id', 'a spreadsheet has turned this id into a number and lost digits: format the column as text');
  } else if (entities.includes('card') && containsCardNumber(id)) {
    fault('id', 'a card is listed by its token: this looks like a card number');
  } else if (entities.length === 1 && entities[0] === 'ip') {
    const ip = canonicalIp(id);
    if (ip === undefined) fault('id', 'not an IP address');
    return ip ?? id;
  }
  return entities.includes('ip') ? (canonicalIp(id) ?? id) : id;
}

function parseExpiry(text: string, fault: Fault): number | null {
  if (text === '') return null;
  const expiresMs = parseRfc3339(text);
  if (expiresMs === undefined)
    fault('expires', 'must be a time with a zone, such as 2026-11-23T10:15:00+08:00, or empty');
  return expiresMs ?? null;
}

function parseText(raw: string, field: EntryField, fault: Fault): string {
  const text = raw.trim().normalize('NFC');
  const unreadable = unreadableIn(text);
  if (text === '') fault(field, `the ${field} is empty`);
  else if (text.length > MAX_TEXT) fault(field, `the ${field} is longer than ${MAX_TEXT} characters`);
  else if (unreadable !== undefined) fault(field, `the ${field}: ${unreadable}`);
  else if (containsCardNumber(text)) fault(field, `the ${field} holds what looks like a card number`);
  return text;
}
