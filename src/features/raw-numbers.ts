/** Arithmetic on cumulative sums and on the raw numbers of a window, shared by both stores. Pure. */
import { RAW } from './feature-plan.ts';
import { WRAP } from './wide-sum.ts';

/** What one transaction brings to a log. Reused: one object per store. */
export interface LogEvent {
  timeMs: number;
  id: number;
  /** −1: absent */
  value: number;
  squareLow: number;
  squareHigh: number;
  /** a number for the currency, kept in net logs; 0 = none */
  currency: number;
  /** hashes by member column of the log; 0 = absent */
  members: Float64Array;
}

const NONE = -1;

/** Adds a value to a cumulative sum modulo 2^53; answers 1 when it wrapped. */
export function addWrapping(numbers: Float64Array, index: number, value: number): 0 | 1 {
  const sum = numbers[index] as number;
  const room = WRAP - value;
  if (sum >= room) {
    numbers[index] = sum - room;
    return 1;
  }
  numbers[index] = sum + value;
  return 0;
}

export function addSquare(numbers: Float64Array, index: number, event: LogEvent): void {
  let top = numbers[index + 2] as number;
  if (addWrapping(numbers, index, event.squareLow) === 1) top += addWrapping(numbers, index + 1, 1);
  top += addWrapping(numbers, index + 1, event.squareHigh);
  numbers[index + 2] = top;
}

/** head − tail of two cumulative sums of squares, each three limbs. */
export function writeSquares(
  raw: Float64Array,
  out: number,
  lowDifference: number,
  highDifference: number,
  topDifference: number,
): void {
  const low = lowDifference < 0 ? lowDifference + WRAP : lowDifference;
  const borrowed = lowDifference < 0 ? highDifference - 1 : highDifference;
  raw[out + RAW.squares] = low;
  raw[out + RAW.squares + 1] = borrowed < 0 ? borrowed + WRAP : borrowed;
  raw[out + RAW.squares + 2] = borrowed < 0 ? topDifference - 1 : topDifference;
}

/** Adds the event's amount to raw numbers that were taken without it. */
export function addAmount(
  raw: Float64Array,
  out: number,
  event: LogEvent,
  hasSquares: boolean,
  hasMax: boolean,
  hasMin: boolean,
): void {
  if (event.value === NONE) return;
  const read = (offset: number): number => raw[out + offset] as number;
  raw[out + RAW.sumWraps] = read(RAW.sumWraps) + addWrapping(raw, out + RAW.sum, event.value);
  raw[out + RAW.present] = read(RAW.present) + 1;
  if (hasSquares) addSquare(raw, out + RAW.squares, event);
  if (hasMax && event.value > read(RAW.max)) raw[out + RAW.max] = event.value;
  if (hasMin && (read(RAW.min) === NONE || event.value < read(RAW.min))) raw[out + RAW.min] = event.value;
}
