/**
 * Exact sums of amounts and of their squares. A double holds integers below 2^53; running sums of amounts pass that in a
 * few payments of 10^15, running sums of squares at once. So cumulative values are kept modulo 2^53 with the number of
 * wraps beside them: two additions and one comparison, the same bits in V8 and in Redis's Lua, and the difference of two
 * cumulative values is exact whatever came before. A square (below 2^106) is two limbs of 53 bits. Pure.
 */
export const WRAP = 2 ** 53;

/** Largest integer whose square is below 2^53. */
const SMALL_ROOT = 94_906_265;
const LOW_BITS = (1n << 53n) - 1n;

/** The limbs of value², low first: value = 0 … 2^53 − 1. */
export function squareLow(value: number): number {
  return value <= SMALL_ROOT ? value * value : Number((BigInt(value) * BigInt(value)) & LOW_BITS);
}
export function squareHigh(value: number): number {
  return value <= SMALL_ROOT ? 0 : Number((BigInt(value) * BigInt(value)) >> 53n);
}

const wide = (low: number, high: number, top: number): bigint =>
  BigInt(low) + (BigInt(high) << 53n) + (BigInt(top) << 106n);

/** sum = low + wraps · 2^53; exact below 2^53, the nearest double beyond. */
export function sumOf(low: number, wraps: number): number {
  return wraps === 0 ? low : Number(wide(low, wraps, 0));
}

/**
 * Population standard deviation from exact sums: sqrt(n Σx² − (Σx)²) / n. The integer under the root is exact, so equal
 * values give exactly 0 and huge values lose nothing to cancellation.
 */
export function standardDeviation(
  count: number,
  sumLow: number,
  sumWraps: number,
  squaresLow: number,
  squaresHigh: number,
  squaresTop: number,
): number {
  const isSmall =
    sumWraps === 0 && squaresHigh === 0 && squaresTop === 0 && sumLow <= SMALL_ROOT && count * squaresLow < WRAP;
  if (isSmall) return Math.sqrt(count * squaresLow - sumLow * sumLow) / count;
  const sum = wide(sumLow, sumWraps, 0);
  const spread = BigInt(count) * wide(squaresLow, squaresHigh, squaresTop) - sum * sum;
  return Math.sqrt(Number(spread)) / count;
}
