/** The seeded generator: known values, independent streams, and the shapes of its distributions. */
import { describe, expect, it } from 'vitest';
import { containsCardNumber } from '../../../src/domain/card-number.ts';
import { createRandom, cumulate, token } from '../../../src/simulation/random.ts';

const draws = (count: number, draw: () => number): readonly number[] => Array.from({ length: count }, draw);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('a random stream', () => {
  it('gives the same draws for the same name and others for any other', () => {
    const first = (seed: number, a: number, b: number): readonly number[] => {
      const random = createRandom(seed, 'customerDay', a, b);
      return draws(4, random.next);
    };
    const reference = JSON.stringify(first(7, 3, 5));
    expect(JSON.stringify(first(7, 3, 5))).toBe(reference);
    for (const other of [first(8, 3, 5), first(7, 4, 5), first(7, 3, 6), first(7, 5, 3), first(7 + 2 ** 32, 3, 5)]) {
      expect(JSON.stringify(other)).not.toBe(reference);
    }
  });

  it('begins again where it began when it is restarted', () => {
    const random = createRandom(1, 'customer', 9);
    const before = draws(10, random.next);
    random.restart('customer', 10);
    random.restart('customer', 9);
    expect(draws(10, random.next)).toEqual(before);
  });

  it('has no two equal beginnings among 100,000 neighbouring streams', () => {
    const random = createRandom(1, 'customerDay');
    const seen = new Set<number>();
    for (let customer = 0; customer < 1000; customer++) {
      for (let day = 0; day < 100; day++) {
        random.restart('customerDay', customer, day);
        seen.add(random.next() + random.next() * 2 ** -32);
      }
    }
    expect(seen.size).toBe(100_000);
  });

  it('is uniform over ten classes (chi-square below the 0.1 % bound of 27.9), also over first draws of neighbours', () => {
    const random = createRandom(42, 'customer');
    const chi = (next: (i: number) => number): number => {
      const classes = new Array<number>(10).fill(0);
      for (let i = 0; i < 100_000; i++) {
        const index = Math.floor(next(i) * 10);
        classes[index] = (classes[index] ?? 0) + 1;
      }
      return classes.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    };
    expect(chi(() => random.next())).toBeLessThan(27.9);
    const firstOfNeighbour = (i: number): number => {
      random.restart('customer', i);
      return random.next();
    };
    expect(chi(firstOfNeighbour)).toBeLessThan(27.9);
  });

  it('has the means that it is asked for', () => {
    const random = createRandom(3, 'places');
    expect(mean(draws(50_000, random.normal))).toBeCloseTo(0, 1);
    expect(mean(draws(50_000, () => random.exponential(4)))).toBeCloseTo(4, 0);
    expect(mean(draws(50_000, () => random.poisson(0.3)))).toBeCloseTo(0.3, 1);
    expect(mean(draws(50_000, () => random.int(1, 6)))).toBeCloseTo(3.5, 1);
    const sorted = [...draws(50_000, () => random.logNormal(120, 0.8))].sort((a, b) => a - b);
    expect(sorted[25_000]).toBeGreaterThan(116);
    expect(sorted[25_000]).toBeLessThan(124);
  });

  it('picks by weight, and never what has no weight', () => {
    const random = createRandom(3, 'places');
    const table = cumulate([0, 3, 0, 1, 0]);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 40_000; i++) {
      const index = random.weighted(table);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    expect([counts[0], counts[2], counts[4]]).toEqual([0, 0, 0]);
    expect((counts[1] ?? 0) / 40_000).toBeCloseTo(0.75, 1);
  });

  it('refuses to pick from nothing', () => {
    expect(() => createRandom(1, 'places').pick([])).toThrow('empty list');
  });

  it('makes tokens that are never card numbers', () => {
    const random = createRandom(5, 'customer');
    const tokens = Array.from({ length: 20_000 }, () => token(random, 'tok_', 20));
    expect(tokens.filter((text) => containsCardNumber(text) || /\d{4}/.test(text))).toEqual([]);
    expect(new Set(tokens).size).toBe(20_000);
  });
});
