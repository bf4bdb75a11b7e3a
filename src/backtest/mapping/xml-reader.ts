/**
 * A small strict XML 1.0 reader for messages between banks (ISO 20022): elements, attributes, text, CDATA, comments, the five
 * named entities and character references. Streaming: memory holds one token. Refused, because no such message has it and each
 * is a known way in: document types (and with them every other entity), more than 64 levels, tokens beyond a megabyte.
 * Names are given without their prefix. Throws XmlFault with the line; after a fault there is no way to go on.
 */
export interface XmlStart {
  readonly kind: 'start';
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly line: number;
}
export type XmlEvent =
  | XmlStart
  | { readonly kind: 'end'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string };

export class XmlFault extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = 'XmlFault';
    this.line = line;
  }
}

const MAX_DEPTH = 64;
const MAX_TOKEN = 1 << 20;
const NAME = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?';
const START_TAG = new RegExp(`^<(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>$`);
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"<]*)"|'([^'<]*)')`, 'g');
const END_TAG = new RegExp(`^</(${NAME})\\s*>$`);
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export async function* readXml(text: AsyncIterable<string>): AsyncGenerator<XmlEvent> {
  const state: ReaderState = { line: 1, open: [], hasRoot: false };
  let buffer = '';
  let isFirst = true;
  for await (const piece of text) {
    buffer += isFirst ? piece.replace(/^\uFEFF/, '') : piece;
    isFirst = false;
    let from = 0;
    for (let end = tokenEnd(buffer, from); end !== undefined; end = tokenEnd(buffer, from)) {
      yield* readToken(buffer.slice(from, end), state);
      from = end;
    }
    buffer = buffer.slice(from);
    if (buffer.length > MAX_TOKEN) throw new XmlFault(state.line, `a piece longer than ${MAX_TOKEN} characters`);
  }
  if (buffer.trim() !== '')
    throw new XmlFault(state.line, buffer.startsWith('<') ? 'the file ends inside a tag' : 'text after the end');
  const [unclosed] = state.open.slice(-1);
  if (unclosed !== undefined) throw new XmlFault(state.line, `<${unclosed}> is not closed`);
  if (!state.hasRoot) throw new XmlFault(state.line, 'no element at all');
}

interface ReaderState {
  line: number;
  readonly open: string[];
  hasRoot: boolean;
}

/** Where the token that starts here ends, or undefined when more text is needed. */
function tokenEnd(buffer: string, from: number): number | undefined {
  if (from >= buffer.length) return undefined;
  if (buffer[from] !== '<') {
    const next = buffer.indexOf('<', from);
    return next < 0 ? undefined : next;
  }
  for (const [start, close] of [
    ['<!--', '-->'],
    ['<![CDATA[', ']]>'],
    ['<?', '?>'],
  ] as const) {
    if (buffer.startsWith(start, from)) return after(buffer, close, from + start.length);
    // not enough text to tell "<!" from "<!--"
    if (start.startsWith(buffer.slice(from))) return undefined;
  }
  return tagEnd(buffer, from);
}

function after(buffer: string, close: string, from: number): number | undefined {
  const at = buffer.indexOf(close, from);
  return at < 0 ? undefined : at + close.length;
}

/** A ">" inside a quoted value does not end a tag. */
function tagEnd(buffer: string, from: number): number | undefined {
  let quote = '';
  for (let i = from; i < buffer.length; i++) {
    const character = buffer[i] ?? '';
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '>') return i + 1;
  }
  return undefined;
}

function* readToken(token: string, state: ReaderState): Generator<XmlEvent> {
  const { line } = state;
  if (token.startsWith('<![CDATA[')) yield textEvent(token.slice(9, -3), state);
  else if (token.startsWith('<!--')) refuseIf(token.slice(4, -3).includes('--'), line, 'a comment with -- inside');
  else if (token.startsWith('<?'))
    refuseIf(/^<\?xml\b/i.test(token) && state.hasRoot, line, 'an XML declaration inside the document');
  else if (token.startsWith('<!')) throw new XmlFault(line, 'document types and other declarations are refused');
  else if (token.startsWith('</')) yield endEvent(token, state);
  else if (token.startsWith('<')) yield* startEvents(token, state);
  else if (state.open.length > 0) yield textEvent(resolveEntities(token, line), state);
  else refuseIf(token.trim() !== '', line, 'text outside of the document');
  for (let at = token.indexOf('\n'); at >= 0; at = token.indexOf('\n', at + 1)) state.line += 1;
}

function refuseIf(isFault: boolean, line: number, message: string): void {
  if (isFault) throw new XmlFault(line, message);
}

function textEvent(text: string, state: ReaderState): XmlEvent {
  refuseIf(state.open.length === 0, state.line, 'text outside of the document');
  return { kind: 'text', text };
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

function endEvent(token: string, state: ReaderState): XmlEvent {
  const name = END_TAG.exec(token)?.[1];
  const opened = state.open.pop();
  if (name === undefined || name !== opened) {
    throw new XmlFault(state.line, `${token.slice(0, 80)} closes ${opened === undefined ? 'nothing' : `<${opened}>`}`);
  }
  return { kind: 'end', name: localName(name) };
}

function* startEvents(token: string, state: ReaderState): Generator<XmlEvent> {
  const { line, open } = state;
  const [, name, attributeText = '', slash] = START_TAG.exec(token) ?? [];
  if (name === undefined) throw new XmlFault(line, `not a tag: ${token.slice(0, 80)}`);
  refuseIf(open.length === 0 && state.hasRoot, line, 'a second document');
  refuseIf(open.length >= MAX_DEPTH, line, `more than ${MAX_DEPTH} levels`);
  const attributes = [...attributeText.matchAll(ATTRIBUTE)].map(
    ([, key = '', double, single]) => [key, resolveEntities(double ?? single ?? '', line)] as const,
  );
  refuseIf(new Set(attributes.map(([key]) => key)).size < attributes.length, line, 'an attribute stands twice');
  state.hasRoot = true;
  yield { kind: 'start', name: localName(name), attributes, line };
  if (slash === '/') yield { kind: 'end', name: localName(name) };
  else open.push(name);
}

function resolveEntities(text: string, line: number): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&\s]{0,12};?)/g, (_whole, body: string) => {
    const resolved = body.endsWith(';') ? resolveEntity(body.slice(0, -1)) : undefined;
    if (resolved === undefined) throw new XmlFault(line, 'an entity that is not known here');
    return resolved;
  });
}

function resolveEntity(name: string): string | undefined {
  if (Object.hasOwn(ENTITIES, name)) return ENTITIES[name];
  const match = /^#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}))$/.exec(name);
  const code = match?.[1] === undefined ? Number(match?.[2] ?? Number.NaN) : Number.parseInt(match[1], 16);
  const isCharacter =
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 32 && code < 0xd800) ||
    (code > 0xdfff && code < 0xfffe) ||
    (code > 0xffff && code <= 0x10ffff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}
