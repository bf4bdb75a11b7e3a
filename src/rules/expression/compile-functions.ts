/** The functions and methods that expressions offer; everything else is refused when the expression is loaded. */
import { RE2JS } from 're2js';
import { didYouMean } from '../../domain/did-you-mean.ts';
import { parseRfc3339 } from '../../domain/time.ts';
import { UTC, type ZoneOffset, zoneOffset } from '../../domain/time-zone.ts';
import { asInt } from './compile-arithmetic.ts';
import { type CompileContext, type Compiled, constant, Unsupported } from './compile-context.ts';
import { BUDGET_SPENT, type Frame, fail, type Run, spend } from './frame.ts';
import { type ASTNode, LOOPS } from './syntax.ts';
import type { Value, ValueType } from './vocabulary.ts';

// ── conversions and size ─────────────────────────────────────────────────────────────────────────────────────────────

const INT_TEXT = /^-?\d{1,19}$/;
const DOUBLE_TEXT = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

function toInt(frame: Frame, value: Value): Value {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number')
    return Number.isFinite(value) ? asInt(frame, BigInt(Math.trunc(value))) : fail(frame, 'int(): not a finite number');
  if (typeof value === 'string' && INT_TEXT.test(value)) return asInt(frame, BigInt(value));
  return fail(frame, 'int(): this text is no whole number');
}

function toDouble(frame: Frame, value: Value): Value {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' && DOUBLE_TEXT.test(value)) return Number(value);
  return fail(frame, 'double(): this text is no number');
}

const toText = (frame: Frame, value: Value): Value =>
  typeof value === 'object' ? fail(frame, 'string(): only single values') : String(value);

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function sizeOf(frame: Frame, value: Value): Value {
  if (typeof value === 'string') return spend(frame, value.length) ? codePoints(value) : fail(frame, BUDGET_SPENT);
  if (Array.isArray(value)) return value.length;
  return typeof value === 'object' ? Object.keys(value).length : fail(frame, 'size(): text, list or map');
}

type Conversion = { readonly type: ValueType; readonly convert: (frame: Frame, value: Value) => Value };

const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map<string, Conversion>([
  ['int', { type: 'int', convert: toInt }],
  ['double', { type: 'double', convert: toDouble }],
  ['string', { type: 'string', convert: toText }],
  ['size', { type: 'int', convert: sizeOf }],
]);

const applied = (run: Run, convert: Conversion['convert']): Run => {
  return (frame) => {
    const value = run(frame);
    return value === undefined ? undefined : convert(frame, value);
  };
};

// ── time literals ────────────────────────────────────────────────────────────────────────────────────────────────────

function literalText(node: ASTNode | undefined, owner: ASTNode, what: string): string {
  if (node?.op === 'value' && typeof node.args === 'string') return node.args;
  throw new Unsupported(node ?? owner, `${what} must be written out as text`);
}

function timestampLiteral(node: ASTNode, argument: ASTNode | undefined): Compiled {
  const ms = parseRfc3339(literalText(argument, node, 'a timestamp'));
  if (ms === undefined)
    throw new Unsupported(argument ?? node, 'a timestamp is RFC 3339 with its zone: 2026-11-01T00:00:00+08:00');
  return constant('timestamp', ms);
}

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

function durationLiteral(node: ASTNode, argument: ASTNode | undefined): Compiled {
  const text = literalText(argument, node, 'a duration');
  if (!/^-?(\d+(\.\d+)?(h|ms|m|s))+$/.test(text))
    throw new Unsupported(argument ?? node, 'a duration has h, m, s or ms: "1h30m", "250ms"');
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g))
    ms += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return constant('duration', text.startsWith('-') ? -ms : ms);
}

// ── calendar ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const DAY_MS = 86_400_000;
type Calendar = (local: Date) => number;

const CALENDAR: ReadonlyMap<string, Calendar> = new Map<string, Calendar>([
  ['getFullYear', (local) => local.getUTCFullYear()],
  ['getMonth', (local) => local.getUTCMonth()],
  ['getDate', (local) => local.getUTCDate()],
  ['getDayOfMonth', (local) => local.getUTCDate() - 1],
  ['getDayOfWeek', (local) => local.getUTCDay()],
  ['getDayOfYear', (local) => Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / DAY_MS)],
  ['getHours', (local) => local.getUTCHours()],
  ['getMinutes', (local) => local.getUTCMinutes()],
  ['getSeconds', (local) => local.getUTCSeconds()],
  ['getMilliseconds', (local) => local.getUTCMilliseconds()],
]);

function zoneArgument(node: ASTNode, argument: ASTNode | undefined): ZoneOffset {
  if (argument === undefined) return UTC;
  const zone = literalText(argument, node, 'a zone');
  const offset = zoneOffset(zone);
  if (offset === undefined) throw new Unsupported(argument, `unknown time zone ${zone}`, 'for example "Asia/Shanghai"');
  return offset;
}

function compileCalendar(node: ASTNode, read: Calendar, receiver: Compiled, argument: ASTNode | undefined): Compiled {
  const offset = zoneArgument(node, argument);
  const { run } = receiver;
  return {
    type: 'int',
    run(frame) {
      const at = run(frame) as number | undefined;
      return at === undefined ? undefined : read(new Date(at + offset(at)));
    },
  };
}

// ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const MAX_PATTERN = 256;
/** RE2 instructions; a{1000}{1000} would be a million of them */
const MAX_PROGRAM = 5_000;

function compilePattern(node: ASTNode, argument: ASTNode | undefined): RE2JS {
  const pattern = literalText(argument, node, 'a regular expression');
  const place = argument ?? node;
  if (pattern.length > MAX_PATTERN)
    throw new Unsupported(place, `a regular expression has at most ${MAX_PATTERN} characters`);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    throw new Unsupported(place, `not a regular expression of RE2: ${error instanceof Error ? error.message : error}`);
  }
  if (compiled.programSize() > MAX_PROGRAM) throw new Unsupported(place, 'the regular expression is too large');
  return compiled;
}

function compileMatches(node: ASTNode, receiver: Compiled, argument: ASTNode | undefined): Compiled {
  const pattern = compilePattern(node, argument);
  return {
    type: 'bool',
    run: onText(receiver, (frame, text) =>
      spend(frame, text.length) ? pattern.matcher(text).find() : fail(frame, BUDGET_SPENT),
    ),
  };
}

function onText(receiver: Compiled, use: (frame: Frame, text: string) => Value): Run {
  const { run } = receiver;
  return (frame) => {
    const text = run(frame);
    if (text === undefined) return undefined;
    return typeof text === 'string' ? use(frame, text) : fail(frame, 'this method needs text');
  };
}

const TEXT_TESTS: ReadonlyMap<string, (text: string, part: string) => boolean> = new Map([
  ['startsWith', (text: string, part: string) => text.startsWith(part)],
  ['endsWith', (text: string, part: string) => text.endsWith(part)],
  ['contains', (text: string, part: string) => text.includes(part)],
]);

/** ASCII only, as CEL says: the case of other letters depends on the language. */
const TEXT_FORMS: ReadonlyMap<string, (text: string) => string> = new Map([
  ['lowerAscii', (text: string) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())],
  ['upperAscii', (text: string) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())],
]);

function compileTextTest(
  receiver: Compiled,
  argument: Compiled,
  test: (text: string, part: string) => boolean,
): Compiled {
  const part = argument.run;
  return {
    type: 'bool',
    run: onText(receiver, (frame, text) => {
      const wanted = part(frame);
      if (wanted === undefined) return undefined;
      return typeof wanted === 'string' ? test(text, wanted) : fail(frame, 'this method needs text');
    }),
  };
}

// ── dispatch ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export const FUNCTION_NAMES: readonly string[] = ['has', 'timestamp', 'duration', ...CONVERSIONS.keys()];
export const METHOD_NAMES: readonly string[] = [
  'size',
  'matches',
  ...TEXT_TESTS.keys(),
  ...TEXT_FORMS.keys(),
  ...CALENDAR.keys(),
  ...LOOPS,
];

export function compileCall(node: ASTNode, name: string, args: readonly ASTNode[], context: CompileContext): Compiled {
  if (name === 'timestamp') return timestampLiteral(node, args[0]);
  if (name === 'duration') return durationLiteral(node, args[0]);
  const conversion = CONVERSIONS.get(name);
  const [argument] = args;
  if (conversion === undefined || argument === undefined || args.length !== 1)
    throw new Unsupported(node, `no function ${name}`, didYouMean(name, FUNCTION_NAMES));
  const value = context.compile(argument, context);
  return { type: conversion.type, run: applied(value.run, conversion.convert) };
}

export function compileMethod(
  node: ASTNode,
  name: string,
  receiver: Compiled,
  args: readonly ASTNode[],
  context: CompileContext,
): Compiled {
  const calendar = CALENDAR.get(name);
  if (calendar !== undefined && receiver.type === 'timestamp')
    return compileCalendar(node, calendar, receiver, args[0]);
  if (name === 'size') return { type: 'int', run: applied(receiver.run, sizeOf) };
  if (name === 'matches') return compileMatches(node, receiver, args[0]);
  const form = TEXT_FORMS.get(name);
  if (form !== undefined) return { type: 'string', run: onText(receiver, (_frame, text) => form(text)) };
  const test = TEXT_TESTS.get(name);
  const [argument] = args;
  if (test !== undefined && argument !== undefined)
    return compileTextTest(receiver, context.compile(argument, context), test);
  throw new Unsupported(node, `no method ${name} of ${receiver.type}`, didYouMean(name, METHOD_NAMES));
}
