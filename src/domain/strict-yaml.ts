/**
 * YAML for configuration that people edit: one document of plain maps, lists and scalars. Tags, anchors, aliases, merge
 * keys, duplicate keys and several documents are refused, so that what is read is what is written. All faults at once,
 * each with its line; `locate` finds the line of a path for the checks that follow.
 */
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  Lexer,
  Parser,
  visit,
} from 'yaml';
import type { ConfigFault, SourceFile } from './config-fault.ts';
import { err, ok, type Result } from './result.ts';
import { createPlaces } from './text-place.ts';
import { unreadableCharacters } from './unreadable-character.ts';

export type PathStep = string | number;
/** what the caret stands under: a key that nobody knows is at fault itself, whatever its value */
export type FaultyPart = 'value' | 'key';

export interface YamlFile {
  readonly file: string;
  /** plain data; an empty file is null */
  readonly value: unknown;
  /** a fault at this path, with line, column and the line's text under a caret */
  fault(path: readonly PathStep[], message: string, suggestion?: string, part?: FaultyPart): ConfigFault;
  /** start and end of the value in the text, its quotes or block header included: places inside a value are found from it */
  range(path: readonly PathStep[]): readonly [number, number] | undefined;
}

const MAX_CHARACTERS = 8 * 1024 * 1024;
const MAX_DEPTH = 64;
const MAX_FAULTS = 1_000;

export function parseStrictYaml(source: SourceFile): Result<YamlFile, readonly ConfigFault[]> {
  return source.parsed === undefined ? parseText(source) : ok(parsedElsewhere(source, source.parsed.value));
}

/** Places are looked for only when there is something to say about them: then the text is read here after all. */
function parsedElsewhere(source: SourceFile, value: unknown): YamlFile {
  let places: YamlFile | undefined;
  const read = (): YamlFile => {
    if (places !== undefined) return places;
    const parsed = parseText(source);
    places = parsed.ok ? parsed.value : yamlFile(source, value, undefined);
    return places;
  };
  return {
    file: source.file,
    value,
    range: (path) => read().range(path),
    fault: (...details) => read().fault(...details),
  };
}

/** Faults are collected by their offsets: lines are counted once, and only for what is shown. */
interface Found {
  readonly offset: number;
  readonly message: string;
}

function parseText(source: SourceFile): Result<YamlFile, readonly ConfigFault[]> {
  const { file, text } = source;
  if (text.length > MAX_CHARACTERS) {
    const message = `the file is larger than ${MAX_CHARACTERS} characters`;
    return err([{ file, path: '', line: 1, column: 1, message }]);
  }
  const unreadable = unreadableIn(text);
  const composed = compose(text);
  if ('tooDeepAt' in composed) {
    const tooDeep = { offset: composed.tooDeepAt, message: `nesting is deeper than ${MAX_DEPTH}` };
    return err(placed(source, [...unreadable, tooDeep]));
  }
  const [document, second] = composed.documents;
  const found = [...unreadable, ...(document === undefined ? [] : faultsOf(document))];
  if (second !== undefined)
    found.push({ offset: second.range?.[0] ?? text.length, message: 'the file must hold one document' });
  if (found.length > 0) return err(placed(source, found));
  return ok(yamlFile(source, document === undefined ? null : document.toJS(), document));
}

function faultsOf(document: Document.Parsed): readonly Found[] {
  const found: Found[] = [];
  const at = (node: unknown, message: string): void => void found.push({ offset: rangeStart(node) ?? 0, message });
  for (const { pos, message } of document.errors) found.push({ offset: pos[0], message });
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) at(node, 'aliases are refused: write the value out');
      else if (node.anchor !== undefined) at(node, 'anchors are refused');
      else if (node.tag !== undefined) at(node, `the tag ${node.tag} is refused`);
    },
    Pair(_key, { key }) {
      if (isScalar(key) && key.value === '<<') at(key, 'merge keys are refused');
      // 0123 would become 123, and a card token of nineteen digits another one
      else if (!isScalar(key) || typeof key.value !== 'string') at(key, 'a key must be text: write it in quotes');
    },
  });
  return found;
}

function placed({ file, text }: SourceFile, found: readonly Found[]): readonly ConfigFault[] {
  const placeOf = createPlaces(text);
  const faults = found
    .toSorted((a, b) => a.offset - b.offset)
    .slice(0, MAX_FAULTS)
    .map(({ offset, message }): ConfigFault => ({ file, path: '', message, ...placeOf(offset) }));
  const rest = found.length - faults.length;
  return rest === 0 ? faults : [...faults, { file, path: '', message: `${rest} more faults are not shown` }];
}

type Composed = { readonly documents: readonly Document.Parsed[] } | { readonly tooDeepAt: number };

const COLLECTIONS: ReadonlySet<string> = new Set(['block-map', 'block-seq', 'flow-collection']);

/**
 * As the package's own parseAllDocuments does, but for a bound on nesting while the text is read: what turns the tokens into
 * nodes recurses, and a thousand lines of "[" or of "? " would end its stack. The reader of tokens itself does not recurse.
 */
function compose(text: string): Composed {
  const parser = new Parser();
  const composer = new Composer({ uniqueKeys: true, strict: true, merge: false, version: '1.2', prettyErrors: false });
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length <= MAX_DEPTH) continue;
    const tooDeep = parser.stack.filter(({ type }) => COLLECTIONS.has(type))[MAX_DEPTH];
    if (tooDeep !== undefined) return { tooDeepAt: tooDeep.offset };
  }
  tokens.push(...parser.end());
  return { documents: [...composer.compose(tokens)] };
}

/** A byte order mark at the very start is no part of the text. Where bytes are broken, the rest is noise. */
function unreadableIn(text: string): readonly Found[] {
  const found: Found[] = [];
  const start = text.startsWith('\uFEFF') ? 1 : 0;
  for (const { index, message, isBroken } of unreadableCharacters(text.slice(start))) {
    const advice = isBroken ? '' : ': leave it out, or write it as an escape in double quotes';
    found.push({ offset: start + index, message: message + advice });
    if (isBroken) break;
  }
  return found;
}

const rangeStart = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

function yamlFile(source: SourceFile, value: unknown, document: Document | undefined): YamlFile {
  const placeOf = createPlaces(source.text);
  return {
    file: source.file,
    value,
    range(path) {
      const node: unknown = path.length === 0 ? document?.contents : document?.getIn(path, true);
      const range = isNode(node) ? node.range : undefined;
      return range ? [range[0], range[1]] : undefined;
    },
    fault(path, message, suggestion, part = 'value') {
      const offset = document === undefined ? undefined : offsetOf(document, path, part);
      return {
        file: source.file,
        path: formatPath(path),
        message,
        ...(suggestion === undefined ? {} : { suggestion }),
        ...(offset === undefined ? {} : placeOf(offset)),
      };
    },
  };
}

/** The start of the value at the path; of its key when the value is empty; of the nearest parent when it is missing. */
function offsetOf(document: Document, path: readonly PathStep[], part: FaultyPart): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const parent = length === 0 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (length > 0 && isMap(parent)) {
      const pair = parent.items.find((item) => isPair(item) && String(item.key) === String(path[length - 1]));
      const start = (part === 'value' ? rangeStart(pair?.value) : undefined) ?? rangeStart(pair?.key);
      if (start !== undefined) return start;
    }
    const start = rangeStart(length === 0 ? parent : document.getIn(path.slice(0, length), true));
    if (start !== undefined) return start;
  }
  return undefined;
}

/** rules[3].when */
export function formatPath(path: readonly PathStep[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}

export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
