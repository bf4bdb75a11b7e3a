/**
 * A strict JSON reader for messages from outside. Beyond RFC 8259 it refuses duplicate keys, keys that touch prototypes,
 * lone surrogates and nesting beyond a bound, and it keeps the spelling of numbers: `1.0`, `1e3` and 2^53 + 1 stay
 * distinguishable from integers, because an amount must never be rounded on its way in.
 *
 * JSON.parse cannot serve: it takes the last of two equal keys and rounds numbers before anybody can look.
 */
export type JsonFault = 'NOT_JSON' | 'TOO_DEEP' | 'DUPLICATE_KEY' | 'FORBIDDEN_KEY';

/** A number that is not a plain integer of at most 2^53 − 1: its spelling and its nearest double. */
export class NumberLexeme {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  valueOf(): number {
    return Number(this.text);
  }
}

export type JsonObject = { [key: string]: JsonValue };
export type JsonValue = string | number | boolean | null | NumberLexeme | JsonValue[] | JsonObject;

export class StrictJsonError extends Error {
  readonly fault: JsonFault;
  readonly position: number;
  /** the members of the outermost object that were complete when the fault was met */
  readonly partial: JsonObject;

  constructor(fault: JsonFault, message: string, position: number, partial: JsonObject) {
    super(message);
    this.fault = fault;
    this.position = position;
    this.partial = partial;
  }
}

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN_INTEGER = /^-?\d{1,16}$/;
const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberLexeme);

/** Objects have no prototype. Throws StrictJsonError; `maxDepth` counts objects and arrays inside one another. */
export function parseStrictJson(text: string, maxDepth: number): JsonValue {
  let at = 0;
  let depth = 0;
  const outermost: JsonObject = Object.create(null);

  const fail = (fault: JsonFault, message: string): never => {
    throw new StrictJsonError(fault, message, at, outermost);
  };

  const skipBlanks = (): void => {
    for (;;) {
      const c = text.charCodeAt(at);
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return;
      at += 1;
    }
  };

  const readString = (): string => {
    at += 1;
    let start = at;
    let out = '';
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 34) {
        const tail = text.slice(start, at);
        at += 1;
        return out === '' ? tail : out + tail;
      }
      if (c === 92) {
        out += text.slice(start, at) + readEscape();
        start = at;
      } else if (Number.isNaN(c)) fail('NOT_JSON', 'the text ends inside a string');
      else if (c < 32) fail('NOT_JSON', 'a control character stands unescaped in a string');
      else at += 1;
    }
  };

  const readEscape = (): string => {
    const kind = text[at + 1];
    if (kind === 'u') {
      const hex = text.slice(at + 2, at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) fail('NOT_JSON', 'a \\u escape is not four hexadecimal digits');
      at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const plain = kind === undefined ? undefined : ESCAPES[kind];
    if (plain === undefined) return fail('NOT_JSON', 'an escape is unknown');
    at += 2;
    return plain;
  };

  const readNumber = (): number | NumberLexeme => {
    NUMBER.lastIndex = at;
    const lexeme = NUMBER.exec(text)?.[0];
    if (lexeme === undefined) return fail('NOT_JSON', 'a value is expected');
    at += lexeme.length;
    if (PLAIN_INTEGER.test(lexeme)) {
      const value = Number(lexeme);
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return value;
    }
    return new NumberLexeme(lexeme);
  };

  const readWord = <T extends boolean | null>(word: string, value: T): T => {
    if (!text.startsWith(word, at)) fail('NOT_JSON', 'a value is expected');
    at += word.length;
    return value;
  };

  const enter = (): void => {
    depth += 1;
    if (depth > maxDepth) fail('TOO_DEEP', `nesting is deeper than ${maxDepth}`);
    at += 1;
    skipBlanks();
  };

  const readObject = (): JsonObject => {
    enter();
    const object: JsonObject = depth === 1 ? outermost : Object.create(null);
    if (text.charCodeAt(at) === 125) at += 1;
    else {
      do {
        skipBlanks();
        if (text.charCodeAt(at) !== 34) fail('NOT_JSON', 'a key in double quotes is expected');
        const key = readString();
        if (FORBIDDEN_KEYS.has(key)) fail('FORBIDDEN_KEY', 'a key would touch a prototype');
        if (key in object) fail('DUPLICATE_KEY', `a key stands twice: ${JSON.stringify(key.slice(0, 64))}`);
        skipBlanks();
        if (text.charCodeAt(at) !== 58) fail('NOT_JSON', 'a colon is expected');
        at += 1;
        object[key] = readValue();
        skipBlanks();
      } while (separator(125));
    }
    depth -= 1;
    return object;
  };

  const readArray = (): JsonValue[] => {
    enter();
    const array: JsonValue[] = [];
    if (text.charCodeAt(at) === 93) at += 1;
    else {
      do {
        array.push(readValue());
        skipBlanks();
      } while (separator(93));
    }
    depth -= 1;
    return array;
  };

  /** true after a comma, false after the closing character */
  const separator = (close: number): boolean => {
    const c = text.charCodeAt(at);
    if (c !== 44 && c !== close) fail('NOT_JSON', 'a comma or a closing bracket is expected');
    at += 1;
    return c === 44;
  };

  const readValue = (): JsonValue => {
    skipBlanks();
    switch (text.charCodeAt(at)) {
      case 123:
        return readObject();
      case 91:
        return readArray();
      case 34:
        return readString();
      case 116:
        return readWord('true', true);
      case 102:
        return readWord('false', false);
      case 110:
        return readWord('null', null);
      default:
        return readNumber();
    }
  };

  const value = readValue();
  skipBlanks();
  if (at !== text.length) fail('NOT_JSON', 'something follows the value');
  return value;
}
