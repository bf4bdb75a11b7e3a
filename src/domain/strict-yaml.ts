/**
 * YAML for configuration that people edit: one document of plain maps, lists and scalars. Tags, anchors, aliases, merge
 * keys, duplicate keys and several documents are refused, so that what is read is what is written. All faults at once,
 * each with its line; `locate` finds the line of a path for the checks that follow.
 */
import { type Document, isAlias, isMap, isNode, isPair, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { ConfigFault, SourceFile } from './config-fault.ts';
import { err, ok, type Result } from './result.ts';

export type PathStep = string | number;

export interface YamlFile {
  readonly file: string;
  /** plain data; an empty file is null */
  readonly value: unknown;
  /** a fault at this path, with line, column and the line's text under a caret */
  fault(path: readonly PathStep[], message: string, suggestion?: string): ConfigFault;
  /** start and end of the value in the text, its quotes or block header included: places inside a value are found from it */
  range(path: readonly PathStep[]): readonly [number, number] | undefined;
}

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_DEPTH = 64;

export function parseStrictYaml(source: SourceFile): Result<YamlFile, readonly ConfigFault[]> {
  return source.parsed === undefined ? parseText(source) : ok(parsedElsewhere(source, source.parsed.value));
}

/** Places are looked for only when there is something to say about them: then the text is read here after all. */
function parsedElsewhere(source: SourceFile, value: unknown): YamlFile {
  let places: YamlFile | undefined;
  const read = (): YamlFile => {
    if (places !== undefined) return places;
    const parsed = parseText(source);
    places = parsed.ok ? parsed.value : yamlFile(source, value, undefined, new LineCounter());
    return places;
  };
  return {
    file: source.file,
    value,
    range: (path) => read().range(path),
    fault: (path, message, suggestion) => read().fault(path, message, suggestion),
  };
}

function parseText(source: SourceFile): Result<YamlFile, readonly ConfigFault[]> {
  const at = (offset: number | undefined, message: string, lines: LineCounter): ConfigFault =>
    offset === undefined
      ? { file: source.file, path: '', message }
      : { file: source.file, path: '', message, ...placeOf(source.text, lines, offset) };
  const lines = new LineCounter();
  if (source.text.length > MAX_BYTES) return err([at(undefined, `the file is larger than ${MAX_BYTES} bytes`, lines)]);
  const deepest = indentationDepth(source.text);
  if (deepest > MAX_DEPTH) return err([at(undefined, `nesting is deeper than ${MAX_DEPTH}`, lines)]);
  const documents = parseAllDocuments(source.text, {
    lineCounter: lines,
    uniqueKeys: true,
    strict: true,
    merge: false,
    version: '1.2',
    prettyErrors: false,
  });
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined) return ok(yamlFile(source, null, undefined, lines));
  const faults = document.errors.map((error) => at(error.pos[0], error.message, lines));
  if (second !== undefined) faults.push(at(second.range?.[0], 'the file must hold one document', lines));
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) faults.push(at(node.range?.[0], 'aliases are refused: write the value out', lines));
      else if (node.anchor !== undefined) faults.push(at(node.range?.[0], 'anchors are refused', lines));
      else if (node.tag !== undefined) faults.push(at(node.range?.[0], `the tag ${node.tag} is refused`, lines));
    },
    Pair(_key, pair) {
      if (String(pair.key) === '<<') faults.push(at(rangeStart(pair.key), 'merge keys are refused', lines));
      // 0123 would become 123, and a card token of nineteen digits another one
      else if (!isScalar(pair.key) || typeof pair.key.value !== 'string') {
        faults.push(at(rangeStart(pair.key), 'a key must be text: write it in quotes', lines));
      }
    },
  });
  return faults.length > 0 ? err(faults) : ok(yamlFile(source, document.toJS(), document, lines));
}

/** A bound on nesting before the parser recurses: flow brackets, and block indentation of at least one blank a level. */
function indentationDepth(text: string): number {
  let deepest = 0;
  let open = 0;
  for (const character of text) {
    if (character === '[' || character === '{') deepest = Math.max(deepest, ++open);
    else if (character === ']' || character === '}') open -= 1;
    else if (character === '\n') open = 0;
  }
  for (const [, blanks = ''] of text.matchAll(/^((?: |- )*)\S/gm))
    deepest = Math.max(deepest, Math.ceil(blanks.length / 2));
  return deepest;
}

const rangeStart = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

function yamlFile(source: SourceFile, value: unknown, document: Document | undefined, lines: LineCounter): YamlFile {
  return {
    file: source.file,
    value,
    range(path) {
      const node: unknown = path.length === 0 ? document?.contents : document?.getIn(path, true);
      const range = isNode(node) ? node.range : undefined;
      return range ? [range[0], range[1]] : undefined;
    },
    fault(path, message, suggestion) {
      const offset = document === undefined ? undefined : offsetOf(document, path);
      return {
        file: source.file,
        path: formatPath(path),
        message,
        ...(suggestion === undefined ? {} : { suggestion }),
        ...(offset === undefined ? {} : placeOf(source.text, lines, offset)),
      };
    },
  };
}

/** The start of the value at the path; of its key when the value is empty; of the nearest parent when it is missing. */
function offsetOf(document: Document, path: readonly PathStep[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const parent = length === 0 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (length > 0 && isMap(parent)) {
      const pair = parent.items.find((item) => isPair(item) && String(item.key) === String(path[length - 1]));
      const start = rangeStart(pair?.value) ?? rangeStart(pair?.key);
      if (start !== undefined) return start;
    }
    const start = rangeStart(length === 0 ? parent : document.getIn(path.slice(0, length), true));
    if (start !== undefined) return start;
  }
  return undefined;
}

function placeOf(text: string, lines: LineCounter, offset: number): Pick<ConfigFault, 'line' | 'column' | 'excerpt'> {
  const { line, col } = lines.linePos(offset);
  const sourceLine = text.split('\n', line)[line - 1] ?? '';
  return { line, column: col, excerpt: `  ${sourceLine}\n  ${' '.repeat(Math.max(0, col - 1))}^` };
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
