/**
 * YAML as a bank's risk owners may write it: one document of mappings, sequences and scalars. Tags, anchors, aliases, merge
 * keys, duplicate keys, a second document and deep nesting are refused. Every fault has its file, line, column, path and an
 * excerpt, and all faults of a file are collected, not only the first. Text is taken as it is written: the id 0123 stays
 * "0123" and 6222020200112233445 keeps its nineteen digits, although YAML reads both as numbers.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar } from 'yaml';
import type { ConfigFault, SourceFile } from '../../domain/config-fault.ts';
import type { BilingualText } from '../../domain/decision.ts';
import { parseInstant } from './instant.ts';
import { suggestionFor } from './suggestion.ts';

export interface YamlNode {
  /** path inside the document: limits[3].scope.channels */
  readonly path: string;
  readonly node: Node | null;
  /** of the key for a field, so that a fault of an empty value still has its place */
  readonly offset: number;
}

export interface YamlReader {
  readonly file: string;
  /** undefined when the text is not one well-formed document */
  readonly root: YamlNode | undefined;
  readonly faults: readonly ConfigFault[];
  fault(at: YamlNode, message: string, suggestion?: string): void;
  /** a mapping with only these keys; a fault for each unknown or missing one */
  fields(at: YamlNode, keys: FieldKeys): ReadonlyMap<string, YamlNode> | undefined;
  /** a mapping whose keys are data (ids): entries in order */
  entries(at: YamlNode): readonly { readonly key: string; readonly value: YamlNode }[] | undefined;
  items(at: YamlNode): readonly YamlNode[] | undefined;
  text(at: YamlNode, rule?: TextRule): string | undefined;
  texts(at: YamlNode, rule?: TextRule): readonly string[] | undefined;
  integer(at: YamlNode, range: { readonly min: number; readonly max: number }): number | undefined;
  boolean(at: YamlNode): boolean | undefined;
  choice<T extends string>(at: YamlNode, values: readonly T[]): T | undefined;
  choices<T extends string>(at: YamlNode, values: readonly T[]): readonly T[] | undefined;
  /** RFC 3339 with a zone → milliseconds since the epoch */
  instant(at: YamlNode): number | undefined;
  bilingual(at: YamlNode): BilingualText | undefined;
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

const MAX_DEPTH = 32;
const MAX_CHARACTERS = 8 * 1024 * 1024;

export function readYaml(source: SourceFile): YamlReader {
  const faults: ConfigFault[] = [];
  const lines = new LineCounter();
  const report = (offset: number | undefined, path: string, message: string, suggestion?: string) =>
    faults.push(placedFault(source, lines, { offset, path, message, suggestion }));
  const root = parseStrictly(source, lines, report);
  return {
    file: source.file,
    root: root === undefined || faults.length > 0 ? undefined : { path: '', node: root, offset: 0 },
    faults,
    ...createAccessors((at, message, suggestion) => {
      report(at.node?.range?.[0] ?? at.offset, at.path, message, suggestion);
    }),
  };
}

type Report = (offset: number | undefined, path: string, message: string, suggestion?: string) => void;
type FaultAt = (at: YamlNode, message: string, suggestion?: string) => void;

function parseStrictly(source: SourceFile, lineCounter: LineCounter, report: Report): Node | undefined {
  if (source.text.length > MAX_CHARACTERS) {
    report(undefined, '', `larger than ${MAX_CHARACTERS} characters; long lists belong into CSV files`);
    return undefined;
  }
  try {
    const document = parseDocument(source.text, { lineCounter, merge: false, schema: 'core', prettyErrors: false });
    for (const error of document.errors) report(error.pos[0], '', describeYamlError(error.code, error.message));
    for (const warning of document.warnings) report(warning.pos[0], '', warning.message);
    if (document.errors.length > 0) return undefined;
    if (document.contents === null) {
      report(0, '', 'empty: a mapping is expected');
      return undefined;
    }
    refuseCleverness(document.contents, '', 0, report);
    return document.contents;
  } catch (error) {
    // the parser recurses: tens of thousands of open brackets end in a RangeError
    report(undefined, '', error instanceof RangeError ? `nested deeper than ${MAX_DEPTH}` : String(error));
    return undefined;
  }
}

function describeYamlError(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document: one file holds one document';
  if (code === 'DUPLICATE_KEY') return 'this key stands twice in one mapping';
  return message;
}

/** Tags, anchors, aliases, merge keys and depth: each of them lets a reader see something else than the program. */
function refuseCleverness(node: Node | null, path: string, depth: number, report: Report): void {
  if (node === null) return;
  const offset = node.range?.[0];
  if (depth > MAX_DEPTH) {
    report(offset, path, `nested deeper than ${MAX_DEPTH}`);
    return;
  }
  if (isAlias(node)) {
    report(offset, path, 'aliases are not allowed: write the value out');
    return;
  }
  if (node.anchor !== undefined) report(offset, path, 'anchors are not allowed');
  if (node.tag !== undefined) report(offset, path, `tags are not allowed (${node.tag})`);
  if (isSeq(node)) {
    node.items.forEach((item, index) => {
      refuseCleverness(item as Node | null, `${path}[${index}]`, depth + 1, report);
    });
  } else if (isMap(node)) {
    for (const pair of node.items) {
      const key = pair.key as Node | null;
      if (!isScalar(key)) report(key?.range?.[0] ?? offset, path, 'a key must be plain text');
      else if (key.source === '<<') report(key.range?.[0], path, 'merge keys are not allowed: write the values out');
      else refuseCleverness(key, path, depth + 1, report);
      refuseCleverness(pair.value as Node | null, childPath(path, keyText(key)), depth + 1, report);
    }
  }
}

const keyText = (key: unknown): string => (isScalar(key) ? scalarText(key) : '?');
const childPath = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** A plain scalar as it is written, a quoted one as it reads. */
function scalarText(scalar: Scalar): string {
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
}

function createAccessors(fault: FaultAt): Omit<YamlReader, 'file' | 'root' | 'faults'> {
  const entries: YamlReader['entries'] = (at) => {
    if (!isMap(at.node)) {
      fault(at, 'a mapping is expected');
      return undefined;
    }
    return at.node.items.map((pair) => {
      const key = keyText(pair.key);
      const offset = (pair.key as Node | null)?.range?.[0] ?? at.offset;
      return { key, value: { path: childPath(at.path, key), node: pair.value as Node | null, offset } };
    });
  };

  const fields: YamlReader['fields'] = (at, keys) => {
    const known = [...keys.required, ...(keys.optional ?? [])];
    const found = new Map<string, YamlNode>();
    const pairs = entries(at);
    if (pairs === undefined) return undefined;
    for (const { key, value } of pairs) {
      if (known.includes(key)) found.set(key, value);
      else fault({ ...value, node: null }, `unknown key "${key}"`, suggestionFor(key, known));
    }
    for (const key of keys.required) if (!found.has(key)) fault(at, `"${key}" is missing`);
    return found;
  };

  const items: YamlReader['items'] = (at) => {
    if (!isSeq(at.node)) {
      fault(at, 'a list is expected');
      return undefined;
    }
    return at.node.items.map((item, index) => {
      const node = item as Node | null;
      return { path: `${at.path}[${index}]`, node, offset: node?.range?.[0] ?? at.offset };
    });
  };

  const text: YamlReader['text'] = (at, rule = {}) => {
    const scalar = isScalar(at.node) && at.node.value !== null ? at.node : undefined;
    const value = scalar === undefined ? '' : scalarText(scalar).normalize('NFC');
    if (value.trim() === '') fault(at, 'text is expected');
    else if (value.length > (rule.maxLength ?? 500)) fault(at, `longer than ${rule.maxLength ?? 500} characters`);
    else if (rule.pattern !== undefined && !rule.pattern.test(value))
      fault(at, `must be ${rule.wanted ?? rule.pattern}`);
    else return value;
    return undefined;
  };

  const each = <T>(at: YamlNode, read: (item: YamlNode) => T | undefined): readonly T[] | undefined => {
    const values = items(at)?.map(read);
    if (values === undefined || values.some((value) => value === undefined)) return undefined;
    return values as T[];
  };

  const choice = <T extends string>(at: YamlNode, values: readonly T[]): T | undefined => {
    const value = text(at);
    const found = values.find((candidate) => candidate === value);
    if (value !== undefined && found === undefined) {
      fault(at, `"${value}" is not one of ${values.join(', ')}`, suggestionFor(value, values));
    }
    return found;
  };

  return {
    fault,
    fields,
    entries,
    items,
    text,
    texts: (at, rule) => each(at, (item) => text(item, rule)),
    integer: (at, range) => {
      const value =
        isScalar(at.node) && /^-?\d{1,16}$/.test(scalarText(at.node)) ? Number(scalarText(at.node)) : Number.NaN;
      if (Number.isSafeInteger(value) && value >= range.min && value <= range.max) return value;
      fault(at, `must be a whole number from ${range.min} to ${range.max}`);
      return undefined;
    },
    boolean: (at) => {
      if (isScalar(at.node) && typeof at.node.value === 'boolean') return at.node.value;
      fault(at, 'must be true or false');
      return undefined;
    },
    choice,
    choices: (at, values) => each(at, (item) => choice(item, values)),
    instant: (at) => {
      const value = text(at);
      const instantMs = value === undefined ? undefined : parseInstant(value);
      if (value !== undefined && instantMs === undefined)
        fault(at, 'must be a time with a zone: 2026-11-23T10:15:00+08:00');
      return instantMs;
    },
    bilingual: (at) => {
      const both = fields(at, { required: ['en', 'zh-CN'] });
      const en = both?.get('en');
      const zh = both?.get('zh-CN');
      const enText = en && text(en);
      const zhText = zh && text(zh);
      return enText === undefined || zhText === undefined ? undefined : { en: enText, 'zh-CN': zhText };
    },
  };
}

interface FaultPlace {
  readonly offset: number | undefined;
  readonly path: string;
  readonly message: string;
  readonly suggestion: string | undefined;
}

function placedFault(source: SourceFile, lines: LineCounter, place: FaultPlace): ConfigFault {
  const { path, message, suggestion, offset } = place;
  const base = { file: source.file, path, message, ...(suggestion === undefined ? {} : { suggestion }) };
  if (offset === undefined) return base;
  const { line, col } = lines.linePos(offset);
  if (line === 0) return { ...base, line: 1, column: 1 };
  const text = source.text.split('\n', line)[line - 1]?.replace(/\r$/, '') ?? '';
  return { ...base, line, column: col, ...(text === '' ? {} : { excerpt: `  ${text}\n  ${' '.repeat(col - 1)}^` }) };
}
