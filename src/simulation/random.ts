/**
 * Seeded randomness with independent streams. A stream is named by (seed, purpose, a, b), for example "customer 17 on day
 * 5": what one customer does therefore does not change when there are more customers, more fraud or another purpose.
 * Generator: sfc32 (Chris Doty-Humphrey, PractRand), its state filled by the 32-bit finaliser of MurmurHash3.
 * Same draws on every machine: integer arithmetic, and Math.log / sqrt / cos only for sizes and gaps, never for choices.
 */
import { VigilError } from '../domain/errors.ts';

export const STREAMS = {
  places: 1,
  customer: 2,
  customerDay: 3,
  dormantPast: 4,
  fraudDeck: 5,
  fraudEpisode: 6,
  criminals: 7,
  labels: 8,
  live: 9,
} as const;
export type Stream = keyof typeof STREAMS;

export interface Random {
  /** starts the named stream; the generator is reused because millions of streams are opened in a long run */
  restart(stream: Stream, a?: number, b?: number): void;
  /** uniform in [0, 1) */
  next(): number;
  /** uniform integer, both ends included */
  int(min: number, max: number): number;
  between(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** index of the interval of a cumulative table whose last entry is the total */
  weighted(cumulative: ArrayLike<number>): number;
  normal(): number;
  logNormal(median: number, sigma: number): number;
  exponential(mean: number): number;
  /** for small means: Knuth's product method */
  poisson(mean: number): number;
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const UNIT = 2 ** -32;

export function createRandom(seed: number, stream: Stream, a = 0, b = 0): Random {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let counter = 1;

  const bits = (): number => {
    const sum = (s0 + s1 + counter) | 0;
    counter = (counter + 1) | 0;
    s0 = s1 ^ (s1 >>> 9);
    s1 = (s2 + (s2 << 3)) | 0;
    s2 = (s2 << 21) | (s2 >>> 11);
    s2 = (s2 + sum) | 0;
    return sum >>> 0;
  };
  const next = (): number => bits() * UNIT;
  const restart = (name: Stream, first = 0, second = 0): void => {
    const low = mix(seed ^ Math.imul(STREAMS[name], 0x9e3779b1));
    const high = mix(Math.floor(seed / 2 ** 32) ^ low);
    s0 = mix(low ^ Math.imul(first + 1, 0x85ebca77));
    s1 = mix(high ^ Math.imul(second + 1, 0xc2b2ae3d) ^ s0);
    s2 = mix(s0 ^ s1 ^ 0x27d4eb2f);
    counter = 1;
    for (let round = 0; round < 12; round++) bits();
  };
  restart(stream, a, b);

  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    restart,
    next,
    normal,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    between: (min, max) => min + next() * (max - min),
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new VigilError('BUG', 'the simulation was asked to pick from an empty list');
      return item;
    },
    weighted: (cumulative) => {
      const target = next() * (cumulative[cumulative.length - 1] ?? 0);
      let index = 0;
      while (index < cumulative.length - 1 && (cumulative[index] ?? 0) <= target) index += 1;
      return index;
    },
    logNormal: (median, sigma) => median * Math.exp(sigma * normal()),
    exponential: (mean) => -Math.log(1 - next()) * mean,
    poisson: (mean) => {
      const limit = Math.exp(-mean);
      let product = next();
      let count = 0;
      while (product > limit) {
        product *= next();
        count += 1;
      }
      return count;
    },
  };
}

/** Running totals for `Random.weighted`. */
export function cumulate(weights: readonly number[]): Float64Array {
  let total = 0;
  return Float64Array.from(weights, (weight) => {
    total += weight;
    return total;
  });
}

// no I, L, O, U (Crockford's base 32)
const LETTERS = 'abcdefghjkmnpqrstvwxyz';
const ALPHANUMERIC = `0123456789${LETTERS}`;

/** A token that looks like the real ones; every fourth character is a letter, so that it never holds a card number. */
export function token(random: Random, prefix: string, length: number): string {
  let text = prefix;
  for (let i = 0; i < length; i++) {
    const alphabet = i % 4 === 3 ? LETTERS : ALPHANUMERIC;
    text += alphabet[Math.floor(random.next() * alphabet.length)];
  }
  return text;
}
