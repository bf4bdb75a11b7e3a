/**
 * Two comparisons of a chain in one closure. A call through a closure that the processor cannot predict costs more than
 * the comparison inside it: on 50 rules of five terms fused pairs take 0.7 of the time (test/bench/rules.ts). Only for &&,
 * and only for a term against constants; whatever else, and every absent term, goes the general way.
 */
import type { Frame, Run } from './frame.ts';

/** The term is one of two texts (or of one, twice). */
export interface TextTest {
  readonly kind: 'text';
  readonly slot: number;
  readonly either: string;
  readonly or: string;
}

/** The term lies in [low, high], both ends included. */
export interface RangeTest {
  readonly kind: 'range';
  readonly slot: number;
  readonly low: number;
  readonly high: number;
}

/** What a comparison of a term with constants asks, in a form that needs no call. */
export type SlotTest = TextTest | RangeTest;

export function textTest(slot: number, values: readonly string[]): TextTest | undefined {
  const [either, or = either] = values;
  return either === undefined || values.length > 2 ? undefined : { kind: 'text', slot, either, or: or ?? either };
}

/** The double next above; `value` is finite. */
function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value);
  bytes.setBigInt64(0, bytes.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return bytes.getFloat64(0);
}

/**
 * A strict bound as the next double inside it: the same for every double, and for every int (a bigint too) while the
 * bound is a safe integer or lies between two of them.
 */
export function rangeTest(slot: number, op: '<' | '<=' | '>' | '>=' | '==', bound: number): RangeTest | undefined {
  if (!(Math.abs(bound) <= Number.MAX_SAFE_INTEGER)) return undefined;
  const low = op === '>=' || op === '==' ? bound : op === '>' ? nextUp(bound) : Number.NEGATIVE_INFINITY;
  const high = op === '<=' || op === '==' ? bound : op === '<' ? -nextUp(-bound) : Number.POSITIVE_INFINITY;
  return { kind: 'range', slot, low, high };
}

/** One of these tests, then the next, then the rest. `slowly` decides the whole chain when a term is absent. */
export function fusePair(first: SlotTest, second: SlotTest, rest: Run, slowly: Run): Run {
  if (first.kind === 'text')
    return second.kind === 'text' ? texts(first, second, rest, slowly) : textThenRange(first, second, rest, slowly);
  return second.kind === 'text' ? rangeThenText(first, second, rest, slowly) : ranges(first, second, rest, slowly);
}

// Written out four times: a shared body would see both kinds of value and fall back to general comparisons.

function texts(first: TextTest, second: TextTest, rest: Run, slowly: Run): Run {
  const { slot: one, either: a, or: b } = first;
  const { slot: two, either: c, or: d } = second;
  return (frame: Frame) => {
    const x = frame.slots[one];
    if (x === undefined) return slowly(frame);
    if (x !== a && x !== b) return false;
    const y = frame.slots[two];
    if (y === undefined) return slowly(frame);
    return y === c || y === d ? rest(frame) : false;
  };
}

function textThenRange(first: TextTest, second: RangeTest, rest: Run, slowly: Run): Run {
  const { slot: one, either: a, or: b } = first;
  const { slot: two, low, high } = second;
  return (frame: Frame) => {
    const x = frame.slots[one];
    if (x === undefined) return slowly(frame);
    if (x !== a && x !== b) return false;
    const y = frame.slots[two] as number | undefined;
    if (y === undefined) return slowly(frame);
    return y >= low && y <= high ? rest(frame) : false;
  };
}

function rangeThenText(first: RangeTest, second: TextTest, rest: Run, slowly: Run): Run {
  const { slot: one, low, high } = first;
  const { slot: two, either: a, or: b } = second;
  return (frame: Frame) => {
    const x = frame.slots[one] as number | undefined;
    if (x === undefined) return slowly(frame);
    if (!(x >= low && x <= high)) return false;
    const y = frame.slots[two];
    if (y === undefined) return slowly(frame);
    return y === a || y === b ? rest(frame) : false;
  };
}

function ranges(first: RangeTest, second: RangeTest, rest: Run, slowly: Run): Run {
  const { slot: one, low, high } = first;
  const { slot: two, low: floor, high: ceiling } = second;
  return (frame: Frame) => {
    const x = frame.slots[one] as number | undefined;
    if (x === undefined) return slowly(frame);
    if (!(x >= low && x <= high)) return false;
    const y = frame.slots[two] as number | undefined;
    if (y === undefined) return slowly(frame);
    return y >= floor && y <= ceiling ? rest(frame) : false;
  };
}
