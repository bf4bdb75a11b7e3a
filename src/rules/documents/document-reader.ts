/**
 * Reads the fields of a strict YAML file one by one and collects every fault with its place, so that a person sees all of
 * them at once. A reader function returns undefined after a fault; the caller goes on with the other fields and gives up
 * at the end. Text is never made from a number: an id that YAML has read as a number (0123, nineteen digits, 1e5) is a
 * fault that says "write it in quotes", because its digits may already be lost.
 */
import type { ConfigFault, SourceFile } from '../../domain/config-fault.ts';
import type { BilingualText } from '../../domain/decision.ts';
import { didYouMean } from '../../domain/did-you-mean.ts';
import { type FaultyPart, formatPath, type PathStep, parseStrictYaml } from '../../domain/strict-yaml.ts';
import { parseRfc3339 } from '../../domain/time.ts';

export interface DocumentNode {
  readonly path: readonly PathStep[];
  readonly value: unknown;
}

export interface FieldKeys {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
}

export interface TextRule {
  readonly maxLength?: number;
  readonly pattern?: RegExp;
  /** what the pattern wants, for the message */
  readonly wanted?: string;
}

export interface ValuePlace {
  readonly file: string;
  readonly path: string;
  readonly text: string;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

export interface DocumentReader {
  readonly file: string;
  /** where a value stands in the text, for faults inside it */
  place(at: DocumentNode): ValuePlace;
  /** 1-based line of a value */
  lineOf(at: DocumentNode): number | undefined;
  /** undefined when the file is not one well-formed document */
  readonly root: DocumentNode | undefined;
  readonly faults: readonly ConfigFault[];
  fault(at: DocumentNode, message: string, suggestion?: string, part?: FaultyPart): void;
  /** a mapping with only these keys: a fault for each unknown or missing one */
  fields(at: DocumentNode, keys: FieldKeys): ReadonlyMap<string, DocumentNode> | undefined;
  /** a mapping whose keys are data */
  entries(at: DocumentNode): readonly { readonly key: string; readonly value: DocumentNode }[] | undefined;
  items(at: DocumentNode): readonly DocumentNode[] | undefined;
  text(at: DocumentNode, rule?: TextRule): string | undefined;
  texts(at: DocumentNode, rule?: TextRule): readonly string[] | undefined;
  integer(at: DocumentNode, range: { readonly min: number; readonly max: number }): number | undefined;
  boolean(at: DocumentNode): boolean | undefined;
  choice<T extends string>(at: DocumentNode, values: readonly T[]): T | undefined;
  choices<T extends string>(at: DocumentNode, values: readonly T[]): readonly T[] | undefined;
  /** RFC 3339 with a zone → milliseconds since the epoch */
  instant(at: DocumentNode): number | undefined;
  bilingual(at: DocumentNode): BilingualText | undefined;
}

/** Of words in one list (branches, channels, methods): whatever is longer is data, and belongs into a list. */
const MAX_VALUES = 1_000;

type FaultAt = DocumentReader['fault'];

export function readDocument(source: SourceFile): DocumentReader {
  const parsed = parseStrictYaml(source);
  if (!parsed.ok) {
    const place = (at: DocumentNode) => ({ file: source.file, path: formatPath(at.path), text: source.text });
    return {
      file: source.file,
      root: undefined,
      faults: parsed.error,
      place,
      lineOf: () => undefined,
      ...createAccessors(() => undefined),
    };
  }
  const faults: ConfigFault[] = [];
  const yaml = parsed.value;
  const fault: FaultAt = (at, ...details) => faults.push(yaml.fault(at.path, ...details));
  const place = (at: DocumentNode): ValuePlace => ({
    file: source.file,
    path: formatPath(at.path),
    text: source.text,
    // asked for by faults and warnings alone
    get start() {
      return yaml.range(at.path)?.[0];
    },
    get end() {
      return yaml.range(at.path)?.[1];
    },
  });
  const lineOf = (at: DocumentNode): number | undefined => {
    const start = yaml.range(at.path)?.[0];
    return start === undefined ? undefined : source.text.slice(0, start).split('\n').length;
  };
  return { file: source.file, root: { path: [], value: yaml.value }, faults, place, lineOf, ...createAccessors(fault) };
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function createAccessors(fault: FaultAt): Omit<DocumentReader, 'file' | 'root' | 'faults' | 'place' | 'lineOf'> {
  const text: DocumentReader['text'] = (at, rule) => readText(at, fault, rule);
  const choice = <T extends string>(at: DocumentNode, values: readonly T[]): T | undefined => {
    const word = text(at);
    const found = values.find((candidate) => candidate === word);
    if (word !== undefined && found === undefined) {
      fault(at, `"${word}" is not one of ${values.join(', ')}`, didYouMean(word, values));
    }
    return found;
  };
  const each = <T>(at: DocumentNode, read: (item: DocumentNode) => T | undefined): readonly T[] | undefined => {
    const items = readItems(at, fault);
    if (items !== undefined && items.length > MAX_VALUES) {
      fault(at, `a list of more than ${MAX_VALUES} values: keep them under lists/ and ask "… in lists.<name>"`);
      return undefined;
    }
    const values = items?.map(read);
    return values === undefined || values.includes(undefined) ? undefined : (values as T[]);
  };
  return {
    fault,
    fields: (at, keys) => readFields(at, keys, fault),
    entries: (at) => readEntries(at, fault),
    items: (at) => readItems(at, fault),
    text,
    texts: (at, rule) => each(at, (item) => text(item, rule)),
    integer: (at, range) => readInteger(at, range, fault),
    boolean: (at) => {
      if (typeof at.value === 'boolean') return at.value;
      fault(at, 'must be true or false');
      return undefined;
    },
    choice,
    choices: (at, values) => each(at, (item) => choice(item, values)),
    instant: (at) => {
      const written = text(at);
      const instantMs = written === undefined ? undefined : parseRfc3339(written);
      if (written !== undefined && instantMs === undefined) {
        fault(at, 'must be a time with a zone, such as 2026-11-23T10:15:00+08:00');
      }
      return instantMs;
    },
    bilingual: (at) => {
      const both = readFields(at, { required: ['en', 'zh-CN'] }, fault);
      const en = readKey(both, 'en', text);
      const zh = readKey(both, 'zh-CN', text);
      return en === undefined || zh === undefined ? undefined : { en, 'zh-CN': zh };
    },
  };
}

/** The value of a key that may be absent: undefined when it is absent or faulty. */
export function readKey<T>(
  fields: ReadonlyMap<string, DocumentNode> | undefined,
  key: string,
  read: (at: DocumentNode) => T | undefined,
): T | undefined {
  const node = fields?.get(key);
  return node === undefined ? undefined : read(node);
}

function readEntries(at: DocumentNode, fault: FaultAt): ReturnType<DocumentReader['entries']> {
  if (isMapping(at.value)) {
    return Object.entries(at.value).map(([key, value]) => ({ key, value: { path: [...at.path, key], value } }));
  }
  fault(at, 'a mapping is expected');
  return undefined;
}

function readFields(at: DocumentNode, keys: FieldKeys, fault: FaultAt): ReadonlyMap<string, DocumentNode> | undefined {
  const known = [...keys.required, ...(keys.optional ?? [])];
  const found = new Map<string, DocumentNode>();
  const entries = readEntries(at, fault);
  if (entries === undefined) return undefined;
  for (const { key, value } of entries) {
    if (known.includes(key)) found.set(key, value);
    else fault(value, `unknown key "${key}"`, didYouMean(key, known), 'key');
  }
  for (const key of keys.required) if (!found.has(key)) fault(at, `"${key}" is missing`);
  return found;
}

function readItems(at: DocumentNode, fault: FaultAt): readonly DocumentNode[] | undefined {
  if (Array.isArray(at.value)) return at.value.map((value: unknown, index) => ({ path: [...at.path, index], value }));
  fault(at, 'a list is expected');
  return undefined;
}

function readText(at: DocumentNode, fault: FaultAt, rule: TextRule = {}): string | undefined {
  const maxLength = rule.maxLength ?? 500;
  if (typeof at.value === 'number' || typeof at.value === 'boolean') {
    fault(at, 'text is expected, and YAML reads this as a number or a truth value: write it in quotes');
    return undefined;
  }
  const text = typeof at.value === 'string' ? at.value.normalize('NFC') : '';
  if (text.trim() === '') fault(at, 'text is expected');
  else if (text.length > maxLength) fault(at, `longer than ${maxLength} characters`);
  else if (rule.pattern !== undefined && !rule.pattern.test(text)) fault(at, `must be ${rule.wanted ?? rule.pattern}`);
  else return text;
  return undefined;
}

/** A whole number, also as digits in quotes. */
function readInteger(at: DocumentNode, range: { min: number; max: number }, fault: FaultAt): number | undefined {
  const isDigits = typeof at.value === 'string' && /^-?\d{1,16}$/.test(at.value);
  const value = typeof at.value === 'number' ? at.value : isDigits ? Number(at.value) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= range.min && value <= range.max) return value;
  fault(at, `must be a whole number from ${range.min} to ${range.max}`);
  return undefined;
}
