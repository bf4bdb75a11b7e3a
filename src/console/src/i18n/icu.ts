/**
 * Messages in the part of the ICU message syntax that this console writes: {name}, {n, number}, {n, plural, =0 {…} one {…}
 * other {…}}, {x, select, a {…} other {…}}, # for the plural's number, '{' quoted in apostrophes. Parsed once, then kept.
 * A message that cannot be parsed throws where it is used; a test parses every message of both dictionaries.
 */
export type MessageValue = string | number;
export type MessageValues = Readonly<Record<string, MessageValue>>;

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly name: string; readonly isNumber: boolean }
  | { readonly kind: 'count' }
  | {
      readonly kind: 'choice';
      readonly name: string;
      readonly by: 'plural' | 'select';
      readonly cases: ReadonlyMap<string, Message>;
    };
export type Message = readonly Part[];

interface Cursor {
  readonly text: string;
  at: number;
}

const fault = (cursor: Cursor, what: string): Error => new Error(`message "${cursor.text}" at ${cursor.at}: ${what}`);

function skipBlanks(cursor: Cursor): void {
  while (/\s/.test(cursor.text[cursor.at] ?? '')) cursor.at += 1;
}

function readWord(cursor: Cursor): string {
  skipBlanks(cursor);
  const word = /^(=\d+|[A-Za-z0-9_]+)/.exec(cursor.text.slice(cursor.at))?.[0];
  if (word === undefined) throw fault(cursor, 'a name is missing');
  cursor.at += word.length;
  skipBlanks(cursor);
  return word;
}

function expectSign(cursor: Cursor, sign: string): void {
  skipBlanks(cursor);
  if (cursor.text[cursor.at] !== sign) throw fault(cursor, `"${sign}" is missing`);
  cursor.at += 1;
}

function readCases(cursor: Cursor, by: 'plural' | 'select'): ReadonlyMap<string, Message> {
  const cases = new Map<string, Message>();
  for (skipBlanks(cursor); cursor.text[cursor.at] !== '}'; skipBlanks(cursor)) {
    const name = readWord(cursor);
    expectSign(cursor, '{');
    cases.set(name, readMessage(cursor, by === 'plural'));
    expectSign(cursor, '}');
  }
  if (!cases.has('other')) throw fault(cursor, 'the case "other" is missing');
  return cases;
}

function readPlaceholder(cursor: Cursor): Part {
  const name = readWord(cursor);
  if (cursor.text[cursor.at] === '}') {
    cursor.at += 1;
    return { kind: 'value', name, isNumber: false };
  }
  expectSign(cursor, ',');
  const by = readWord(cursor);
  if (by === 'number') {
    expectSign(cursor, '}');
    return { kind: 'value', name, isNumber: true };
  }
  if (by !== 'plural' && by !== 'select') throw fault(cursor, `"${by}" is not known`);
  expectSign(cursor, ',');
  const cases = readCases(cursor, by);
  expectSign(cursor, '}');
  return { kind: 'choice', name, by, cases };
}

/** 'quoted' text, '' = one apostrophe; an apostrophe before anything but a brace or # is itself. */
function readQuoted(cursor: Cursor): string {
  const next = cursor.text[cursor.at + 1];
  if (next === "'") {
    cursor.at += 2;
    return "'";
  }
  if (next === undefined || !'{}#'.includes(next)) {
    cursor.at += 1;
    return "'";
  }
  const end = cursor.text.indexOf("'", cursor.at + 1);
  if (end < 0) throw fault(cursor, 'the quotation has no end');
  const text = cursor.text.slice(cursor.at + 1, end);
  cursor.at = end + 1;
  return text;
}

function readMessage(cursor: Cursor, inPlural: boolean): Message {
  const parts: Part[] = [];
  let text = '';
  const flush = (): void => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
  };
  for (;;) {
    const sign = cursor.text[cursor.at];
    if (sign === undefined || sign === '}') break;
    if (sign === "'") {
      text += readQuoted(cursor);
      continue;
    }
    cursor.at += 1;
    if (sign === '{') {
      flush();
      parts.push(readPlaceholder(cursor));
    } else if (sign === '#' && inPlural) {
      flush();
      parts.push({ kind: 'count' });
    } else text += sign;
  }
  flush();
  return parts;
}

export function parseMessage(text: string): Message {
  const cursor: Cursor = { text, at: 0 };
  const message = readMessage(cursor, false);
  if (cursor.at < text.length) throw fault(cursor, 'an unexpected "}"');
  return message;
}

/** Names of the values that a message asks for, also inside its cases; sorted. */
export function valuesOf(message: Message): readonly string[] {
  const names = new Set<string>();
  for (const part of message) {
    if (part.kind === 'value' || part.kind === 'choice') names.add(part.name);
    if (part.kind !== 'choice') continue;
    for (const inner of part.cases.values()) for (const name of valuesOf(inner)) names.add(name);
  }
  return [...names].sort();
}

export interface MessageFormatter {
  format(text: string, values?: MessageValues): string;
}

export function createMessageFormatter(locale: string): MessageFormatter {
  const plurals = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const parsed = new Map<string, Message>();

  const show = (value: MessageValue | undefined, isNumber: boolean): string =>
    value === undefined ? '' : isNumber ? numbers.format(Number(value)) : String(value);

  function chosen(part: Extract<Part, { kind: 'choice' }>, value: MessageValue | undefined): Message {
    if (part.by === 'select') return part.cases.get(String(value)) ?? part.cases.get('other') ?? [];
    const exact = part.cases.get(`=${value}`);
    return exact ?? part.cases.get(plurals.select(Number(value))) ?? part.cases.get('other') ?? [];
  }

  function renderPart(part: Part, values: MessageValues, count: MessageValue | undefined): string {
    switch (part.kind) {
      case 'text':
        return part.text;
      case 'count':
        return show(count, true);
      case 'value':
        return show(values[part.name], part.isNumber);
      case 'choice': {
        const value = values[part.name];
        return render(chosen(part, value), values, part.by === 'plural' ? value : count);
      }
    }
  }

  const render = (message: Message, values: MessageValues, count: MessageValue | undefined): string =>
    message.map((part) => renderPart(part, values, count)).join('');

  return {
    format(text, values = {}) {
      const known = parsed.get(text);
      const message = known ?? parseMessage(text);
      if (known === undefined) parsed.set(text, message);
      return render(message, values, undefined);
    },
  };
}
