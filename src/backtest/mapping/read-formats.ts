/** Reads how amounts and times are written from a mapping file. */
import { type DocumentNode, type DocumentReader, readKey } from '../../rules/documents/document-reader.ts';
import { isZone } from '../../rules/limits/calendar.ts';
import type { AmountFormat } from './amount-format.ts';
import {
  clockMs,
  compilePattern,
  parseOffset,
  type TimeFormat,
  type TimePattern,
  type YearSource,
} from './time-format.ts';

export function readAmountFormat(at: DocumentNode, reader: DocumentReader): AmountFormat | undefined {
  const keys = reader.fields(at, {
    required: ['mark', 'grouping', 'sign'],
    optional: ['decimals', 'negative', 'moreDecimals'],
  });
  const mark = readKey(keys, 'mark', (node) => reader.choice(node, ['.', ',', 'none'] as const));
  const grouping = readKey(keys, 'grouping', (node) => readGrouping(node, reader));
  const sign = readKey(keys, 'sign', (node) => reader.choice(node, ['none', 'minus', 'x+n'] as const));
  const negative = readKey(keys, 'negative', (node) => reader.choice(node, ['refuse', 'keep', 'absolute'] as const));
  const moreDecimals = readKey(keys, 'moreDecimals', (node) => reader.choice(node, ['refuse', 'round'] as const));
  const decimals = readKey(keys, 'decimals', (node) =>
    node.value === 'currency' ? ('currency' as const) : reader.integer(node, { min: 0, max: 9 }),
  );
  if (mark === undefined || grouping === undefined || sign === undefined) return undefined;
  if ((mark === 'none') !== (decimals !== undefined)) {
    reader.fault(
      at,
      '"decimals" (a number, or "currency") says how many of the last digits are decimals: with mark none, and only then',
    );
  }
  if (mark === grouping && mark !== 'none')
    reader.fault(at, 'the decimal mark and the grouping are the same character');
  if (sign !== 'none' && negative === undefined)
    reader.fault(at, '"negative" says what a sign means: refuse, keep or absolute');
  return {
    mark: mark === 'none' ? null : mark,
    grouping: grouping === 'none' ? null : grouping,
    impliedDecimals: decimals ?? 0,
    sign,
    negative: negative ?? 'refuse',
    moreDecimals: moreDecimals ?? 'refuse',
  };
}

function readGrouping(at: DocumentNode, reader: DocumentReader): string | undefined {
  const allowed = ['none', ',', '.', "'", ' ', '\u00a0', '\u202f'];
  if (typeof at.value === 'string' && allowed.includes(at.value)) return at.value;
  reader.fault(at, "must be none, or one of , . ' and a blank, in quotes");
  return undefined;
}

export function readTimeFormat(at: DocumentNode, reader: DocumentReader): TimeFormat | undefined {
  const keys = reader.fields(at, {
    required: ['pattern'],
    optional: ['zone', 'century', 'year', 'yearNearest', 'timeOfDay', 'repeatedHour'],
  });
  const pattern = readKey(keys, 'pattern', (node) => readPattern(node, reader));
  const zone = readKey(keys, 'zone', (node) => readZone(node, reader)) ?? null;
  const timeOfDay = readKey(keys, 'timeOfDay', reader.text) ?? null;
  const repeatedHour = readKey(keys, 'repeatedHour', (node) =>
    reader.choice(node, ['refuse', 'earlier', 'later'] as const),
  );
  if (pattern === undefined || keys === undefined) return undefined;
  if ((pattern === 'RFC3339') === keys.has('zone')) {
    reader.fault(
      at,
      pattern === 'RFC3339'
        ? 'RFC3339 always has its own zone: leave "zone" out'
        : '"zone" is missing: an IANA name, UTC, or an offset such as +08:00',
    );
  }
  if (timeOfDay !== null && clockMs(timeOfDay) === undefined)
    reader.fault(at, '"timeOfDay" must be HH:mm:ss, in quotes');
  if (typeof pattern === 'object' && pattern.tokens.includes('HH') !== (timeOfDay === null)) {
    reader.fault(at, 'a pattern without hours needs a "timeOfDay", and no other has one');
  }
  const year = readYear(at, keys, pattern, reader);
  return { pattern, zone, year, timeOfDay, repeatedHour: repeatedHour ?? 'refuse' };
}

function readPattern(at: DocumentNode, reader: DocumentReader): TimeFormat['pattern'] | undefined {
  const text = reader.text(at);
  if (text === undefined || text === 'RFC3339' || text === 'ISO8601') return text;
  const compiled = compilePattern(text);
  if (compiled === undefined) {
    reader.fault(at, 'must be RFC3339, ISO8601, or made of YYYY or YY, MM, DD, HH, mm, ss, S and signs, each once');
  }
  return compiled;
}

function readZone(at: DocumentNode, reader: DocumentReader): string | undefined {
  const zone = reader.text(at);
  if (zone === undefined || parseOffset(zone) !== undefined || isZone(zone)) return zone;
  reader.fault(at, 'must be an IANA time zone, UTC, or an offset such as +08:00');
  return undefined;
}

function readYear(
  at: DocumentNode,
  keys: ReadonlyMap<string, DocumentNode>,
  pattern: TimeFormat['pattern'],
  reader: DocumentReader,
): YearSource {
  const tokens = typeof pattern === 'object' ? pattern.tokens : ['YYYY'];
  const needed = tokens.includes('YYYY') ? [] : tokens.includes('YY') ? ['century'] : ['year', 'yearNearest'];
  const given = ['century', 'year', 'yearNearest'].filter((key) => keys.has(key));
  const [only] = given;
  const isRight =
    needed.length === 0 ? given.length === 0 : given.length === 1 && only !== undefined && needed.includes(only);
  if (!isRight) {
    reader.fault(
      at,
      needed.length === 0
        ? 'the pattern has its year: leave the others out'
        : `the year comes from ${needed.join(' or ')}`,
    );
  }
  const century = readKey(keys, 'century', (node) => reader.integer(node, { min: 1900, max: 2000 }));
  if (century !== undefined && century % 100 !== 0) reader.fault(at, 'a century is 1900 or 2000');
  const year = readKey(keys, 'year', (node) => reader.integer(node, { min: 1970, max: 2200 }));
  const nearest = readKey(keys, 'yearNearest', (node) => readNearest(node, reader));
  if (century !== undefined) return { kind: 'century', century };
  if (year !== undefined) return { kind: 'constant', year };
  return nearest ?? { kind: 'text' };
}

function readNearest(at: DocumentNode, reader: DocumentReader): YearSource | undefined {
  const keys = reader.fields(at, { required: ['column', 'pattern'] });
  const column = readKey(keys, 'column', reader.text);
  const pattern = readKey(keys, 'pattern', (node) => readPattern(node, reader));
  if (column === undefined || pattern === undefined) return undefined;
  if (typeof pattern === 'string' || !isDatePattern(pattern)) {
    reader.fault(at, 'the pattern of the other column must be a date with YYYY');
    return undefined;
  }
  return { kind: 'nearest', column, pattern };
}

const isDatePattern = (pattern: TimePattern): boolean => pattern.tokens.includes('YYYY');
