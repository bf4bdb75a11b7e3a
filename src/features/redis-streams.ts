/**
 * The streams of a catalogue as lua/record-and-read.lua is told them with every call. A function keeps what it read of them; a
 * script keeps nothing between two calls, so every format and place is worked out here, once: doing it there cost 45 µs a
 * call for three streams. Pure.
 */
import type { FeaturePlan, WindowPlan } from './feature-plan.ts';
import { logTtlMs, type RedisLayout, updateLength } from './redis-layout.ts';

const MEMBER_FORMAT = 'dI4I4';

export function encodeStreams(plan: FeaturePlan, layouts: readonly RedisLayout[], maxRecords: number): Buffer {
  return Buffer.concat(layouts.map((layout) => encodeStream(plan, layout, maxRecords)));
}

function encodeStream(plan: FeaturePlan, layout: RedisLayout, maxRecords: number): Buffer {
  const { stream, members, recordSize, readSize } = layout;
  const record = describeRecord(layout);
  const trailer = describeTrailer(layout, record.fields + 1);
  return Buffer.concat([
    doubles(layout.windows.length, members, plan.latenessMs, stream.retentionMs, maxRecords, logTtlMs(stream)),
    doubles(layout.set, record.sum, record.present, record.squares, layout.sumsSize, record.max, record.min),
    doubles(record.member, stream.needsLabels ? 1 : 0, recordSize, record.sumFields, record.fields),
    doubles(layout.special, trailer.plainAt, layout.specialSize, layout.edgeSize, readSize),
    doubles(8 * updateLength(layout), stream.net ? 1 : 0),
    // as a text: a number among a command's words costs Redis 0.2 µs to print
    ...[record.format, trailer.specials, trailer.edge, String(-readSize)].flatMap(text),
    ...trailer.windows,
  ]);
}

/** Byte places of the columns (0 = no such column), formats of struct.pack, and how many fields there are. */
function describeRecord(layout: RedisLayout) {
  const { stream, sumsSize, members } = layout;
  let format = 'dd';
  let size = 16;
  let fields = 2;
  const take = (wanted: boolean, columnFormat: string, bytes: number, columnFields: number): number => {
    if (!wanted) return 0;
    format += columnFormat;
    size += bytes;
    fields += columnFields;
    return size - bytes;
  };
  const sum = take(sumsSize > 0, 'dI4', 12, 2);
  const present = take(layout.presentAt >= 0, 'I4', 4, 1);
  const squares = take(layout.squaresAt >= 0, 'ddI4', 20, 3);
  // carried where the sums are; nobody adds it up
  take(stream.net, 'I4', 4, 1);
  const sumFields = fields - 2;
  const max = take(stream.needsMax, 'd', 8, 1);
  const min = take(stream.needsMin, 'd', 8, 1);
  const member = size;
  take(members > 0, MEMBER_FORMAT.repeat(members), 16 * members, 3 * members);
  return { sum, present, squares, max, min, member, format, sumFields, fields };
}

/** The windows with the numbers of their fields, which count on from the record's. 0 = no such field. */
function describeTrailer(layout: RedisLayout, firstField: number) {
  const { sumsSize } = layout;
  // a window keeps the sums before it as they stand in the record: most are only carried along
  const sums = sumsSize > 0 ? `c${sumsSize}` : '';
  const sumsFields = sumsSize > 0 ? 1 : 0;
  let format = '';
  let next = firstField;
  const take = (wanted: boolean, fieldFormat: string, fields: number): number => {
    if (!wanted) return 0;
    format += fieldFormat;
    next += fields;
    return next - fields;
  };
  let specials = '';
  let plainAt = firstField;
  const windows = layout.windows.map(({ plan }, index) => {
    const columns = plan.needsDistinct ? layout.members : 0;
    const lo = take(true, `I4d${sums}`, 2 + sumsFields);
    const hi = take(plan.delayMs > 0, `I4dd${sums}`, 3 + sumsFields);
    const max = take(plan.needsMax, 'I4d', 2);
    const min = take(plan.needsMin, 'I4d', 2);
    const distinct = take(true, 'I4'.repeat(columns), columns);
    if (index < layout.special) {
      specials = format;
      plainAt = next;
    }
    return doubles(...kindOf(plan), columns, lo, hi, max, min, distinct);
  });
  return { windows, specials, edge: `I4d${sums}`, plainAt };
}

const kindOf = (plan: WindowPlan): readonly number[] => [
  plan.windowMs,
  plan.delayMs,
  plan.excludeCurrent ? 1 : 0,
  plan.isPlain ? 1 : 0,
];

const doubles = (...numbers: number[]): Buffer => Buffer.from(new Float64Array(numbers).buffer);

function text(value: string): readonly Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  return [length, Buffer.from(value, 'latin1')];
}
