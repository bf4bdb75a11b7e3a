/**
 * Times as a mapping file says they are written. A pattern of YYYY YY MM DD HH mm ss S…, RFC3339 (always with a zone), or
 * ISO8601 (its own zone, or the stated one). What the text does not say is stated in the mapping: the zone, the century of YY,
 * the time of day of a date, the year of ISO 8583's DE7 (MMDDhhmmss: the one nearest to another column's date). A wall-clock
 * time that a change of clock skips is refused; one that comes twice too, unless the mapping says which one is meant.
 */
import { err, ok, type Result } from '../../domain/result.ts';
import { parseRfc3339 } from '../../domain/time.ts';
import { localClock } from '../../domain/time-zone.ts';

export type YearSource =
  | { readonly kind: 'text' }
  | { readonly kind: 'century'; readonly century: number }
  | { readonly kind: 'constant'; readonly year: number }
  /** the year that brings the time nearest to the date in this column */
  | { readonly kind: 'nearest'; readonly column: string; readonly pattern: TimePattern };

export interface TimeFormat {
  readonly pattern: TimePattern | 'RFC3339' | 'ISO8601';
  /** IANA name, "UTC" or an offset such as +08:00; null only for RFC3339 */
  readonly zone: string | null;
  readonly year: YearSource;
  /** for a pattern without hours: HH:mm:ss */
  readonly timeOfDay: string | null;
  readonly repeatedHour: 'refuse' | 'earlier' | 'later';
}

export interface TimePattern {
  readonly text: string;
  readonly expression: RegExp;
  readonly tokens: readonly Token[];
}

type Token = (typeof TOKENS)[number] | 'S';
const TOKENS = ['YYYY', 'YY', 'MM', 'DD', 'HH', 'mm', 'ss'] as const;
const DAY_MS = 86_400_000;
const MAX_CACHED_DAYS = 4_096;
const HALF_YEAR_MS = 184 * DAY_MS;

/** undefined when a token stands twice, a date is incomplete, or there is an unknown letter. */
export function compilePattern(text: string): TimePattern | undefined {
  const tokens: Token[] = [];
  let expression = '';
  for (const [part] of text.matchAll(/YYYY|YY|MM|DD|HH|mm|ss|S+|T|[A-Za-z]+|[^A-Za-z]/g)) {
    const known = TOKENS.find((token) => token === part);
    if (known !== undefined) expression += `(\\d{${known.length}})`;
    else if (/^S{1,9}$/.test(part)) expression += `(\\d{${part.length}})`;
    else if (part === 'T') expression += 'T';
    else if (/[A-Za-z]/.test(part)) return undefined;
    else expression += part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    if (known !== undefined || part.startsWith('S')) tokens.push(known ?? 'S');
  }
  const has = (token: Token): boolean => tokens.includes(token);
  const isWhole =
    has('MM') && has('DD') && has('HH') === has('mm') && !(has('ss') && !has('mm')) && !(has('YY') && has('YYYY'));
  if (!isWhole || new Set(tokens).size < tokens.length) return undefined;
  return { text, tokens, expression: new RegExp(`^${expression}$`) };
}

interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** since midnight */
  readonly ms: number;
}

export interface TimeReader {
  /** `reference` gives the column of a "nearest" year. The error is a sentence without the text itself. */
  read(text: string, reference: (column: string) => string | undefined): Result<number, string>;
}

export function createTimeReader(format: TimeFormat): TimeReader {
  const toInstant = format.zone === null ? undefined : createZone(format.zone, format.repeatedHour);
  const timeOfDayMs = format.timeOfDay === null ? 0 : (clockMs(format.timeOfDay) ?? 0);
  const { pattern } = format;

  function readPattern(
    compiled: TimePattern,
    text: string,
    reference: (column: string) => string | undefined,
  ): Result<number, string> {
    const fields = matchPattern(compiled, text);
    if (fields === undefined) return err(`not a time of the form ${compiled.text}`);
    const ms = compiled.tokens.includes('HH') ? fields.ms : timeOfDayMs;
    const year = yearOf(fields.year, format.year);
    if (year !== undefined) return toWall({ ...fields, year, ms }, toInstant);
    if (format.year.kind !== 'nearest') return err('the year is not known');
    return nearest({ ...fields, year: 0, ms }, format.year, reference);
  }

  /** Of the year before, the same and the year after, the one whose time lies nearest to noon of the reference date. */
  function nearest(
    wall: WallTime,
    source: Extract<YearSource, { kind: 'nearest' }>,
    reference: (column: string) => string | undefined,
  ): Result<number, string> {
    const text = reference(source.column)?.trim() ?? '';
    const date = matchPattern(source.pattern, text);
    if (date === undefined || date.year === undefined || !isDate(date.year, date.month, date.day)) {
      return err(`the year comes from ${source.column}, which is not a date of the form ${source.pattern.text}`);
    }
    const { year: near, month, day } = date;
    const noon = Date.UTC(near, month - 1, day) + DAY_MS / 2;
    const [first, ...others] = [near, near - 1, near + 1]
      .map((year) => toWall({ ...wall, year }, toInstant))
      .flatMap((result) => (result.ok ? [result.value] : []));
    if (first === undefined) return err('a day that does not exist');
    const nearestMs = others.reduce((best, at) => (Math.abs(at - noon) < Math.abs(best - noon) ? at : best), first);
    // a 29 February beside a common year would end up in another one
    return Math.abs(nearestMs - noon) > HALF_YEAR_MS
      ? err(`no such day near the date in ${source.column}`)
      : ok(nearestMs);
  }

  return {
    read(text, reference) {
      if (pattern === 'RFC3339' || pattern === 'ISO8601') return readIso(text, pattern, toInstant);
      return readPattern(pattern, text, reference);
    },
  };
}

function yearOf(written: number | undefined, source: YearSource): number | undefined {
  if (source.kind === 'text') return written;
  if (source.kind === 'century') return written === undefined ? undefined : source.century + written;
  return source.kind === 'constant' ? source.year : undefined;
}

function matchPattern(
  pattern: TimePattern,
  text: string,
): (Omit<WallTime, 'year'> & { year: number | undefined }) | undefined {
  const match = pattern.expression.exec(text);
  if (match === null) return undefined;
  const part = (token: Token): string | undefined => match[pattern.tokens.indexOf(token) + 1];
  const number = (token: Token): number => (pattern.tokens.includes(token) ? Number(part(token)) : 0);
  const [hour, minute, second] = [number('HH'), number('mm'), number('ss')];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const fraction = pattern.tokens.includes('S') ? Number((part('S') ?? '').slice(0, 3).padEnd(3, '0')) : 0;
  const year = pattern.tokens.includes('YYYY')
    ? number('YYYY')
    : pattern.tokens.includes('YY')
      ? number('YY')
      : undefined;
  return { year, month: number('MM'), day: number('DD'), ms: ((hour * 60 + minute) * 60 + second) * 1000 + fraction };
}

const ISO = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?)(Z|[+-]\d{2}:\d{2})?$/;

function readIso(text: string, kind: 'RFC3339' | 'ISO8601', toInstant: ToInstant | undefined): Result<number, string> {
  const match = ISO.exec(text);
  const wall = match?.[1];
  const isLocal = kind === 'ISO8601' && match?.[2] === undefined;
  const ms = wall === undefined ? undefined : parseRfc3339(isLocal ? `${wall}Z` : text);
  if (ms === undefined) return err(`not a time of the form ${kind}`);
  return isLocal && toInstant !== undefined ? toInstant(ms) : ok(ms);
}

type ToInstant = (wallAsUtcMs: number) => Result<number, string>;

function toWall(wall: WallTime, toInstant: ToInstant | undefined): Result<number, string> {
  if (!isDate(wall.year, wall.month, wall.day)) return err('a day that does not exist');
  const wallMs = Date.UTC(wall.year, wall.month - 1, wall.day) + wall.ms;
  return toInstant === undefined ? ok(wallMs) : toInstant(wallMs);
}

const isDate = (year: number, month: number, day: number): boolean =>
  year >= 1000 && month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();

/** HH:mm:ss → milliseconds since midnight. */
export function clockMs(text: string): number | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$/.exec(text);
  if (match === null) return undefined;
  const [hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return ((hour * 60 + minute) * 60 + second) * 1000;
}

export function parseOffset(zone: string): number | undefined {
  if (zone === 'UTC') return 0;
  const match = /^([+-])(\d{2}):(\d{2})$/.exec(zone);
  if (match === null || Number(match[2]) > 14 || Number(match[3]) > 59) return undefined;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
}

/** Wall-clock time → instant. Both offsets in use around it are tried: none fits = skipped, two fit = it comes twice. */
function createZone(zone: string, repeatedHour: TimeFormat['repeatedHour']): ToInstant {
  const offsetMs = parseOffset(zone);
  if (offsetMs !== undefined) return (wallMs) => ok(wallMs - offsetMs);
  const localMs = localClock(zone);
  const steadyOffset = createSteadyOffsets(localMs);
  return (wallMs) => {
    const steady = steadyOffset(wallMs);
    if (steady !== undefined) return ok(wallMs - steady);
    const offsets = new Set([wallMs - DAY_MS, wallMs + DAY_MS].map((atMs) => localMs(atMs) - atMs));
    const [first, second] = [...offsets]
      .map((offset) => wallMs - offset)
      .filter((atMs) => localMs(atMs) === wallMs)
      .sort((a, b) => a - b);
    if (first === undefined) return err('a time that a change of clock skips');
    if (second === undefined || repeatedHour === 'earlier') return ok(first);
    return repeatedHour === 'later' ? ok(second) : err('a time that comes twice at a change of clock');
  };
}

/**
 * The offset of a day without a change of clock in its neighbourhood, undefined otherwise. Asking Intl costs 25 µs, and a
 * history asks about the same few days again and again: 8 k records a second without this, as fast as UTC with it.
 */
function createSteadyOffsets(localMs: (atMs: number) => number): (wallMs: number) => number | undefined {
  const days = new Map<number, number | undefined>();
  return (wallMs) => {
    const day = Math.floor(wallMs / DAY_MS);
    if (days.has(day)) return days.get(day);
    const offsets = [-1, 0, 1, 2].map((step) => (day + step) * DAY_MS).map((atMs) => localMs(atMs) - atMs);
    const steady = new Set(offsets).size === 1 ? offsets[0] : undefined;
    if (days.size >= MAX_CACHED_DAYS) days.clear();
    days.set(day, steady);
    return steady;
  };
}
