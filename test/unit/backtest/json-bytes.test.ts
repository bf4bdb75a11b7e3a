/** JSON written straight as bytes: the oracle is the engine's own JSON.stringify. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeNumber, writeString, writeValue } from '../../../src/backtest/texts/json-bytes.ts';

const target = Buffer.alloc(1 << 20);
const START = 7;
const written = (write: (buffer: Buffer, at: number) => number): string =>
  target.toString('utf8', START, write(target, START));

const aFraction = fc
  .tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.integer({ min: 0, max: 9 }))
  .map(([digits, places]) => digits / 10 ** places);

describe('JSON as bytes', () => {
  it('is that of the engine for any plain value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, noUnicodeString: false }), (value) => {
        expect(written((buffer, at) => writeValue(buffer, at, value))).toBe(JSON.stringify(value));
      }),
    );
  });

  it('writes every number as the engine does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.maxSafeInteger(), fc.integer(), aFraction), (value) => {
        expect(written((buffer, at) => writeNumber(buffer, at, value))).toBe(JSON.stringify(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [0, '0'],
    [-0, '0'],
    [9, '9'],
    [10, '10'],
    [-2147483648, '-2147483648'],
    [2147483647, '2147483647'],
    [2147483648, '2147483648'],
    [9007199254740991, '9007199254740991'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
    [0.001, '0.001'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [-0.5, '-0.5'],
    [62887.781, '62887.781'],
    [100.05, '100.05'],
    [2147483.647, '2147483.647'],
    [0.1 + 0.2, '0.30000000000000004'],
    [Number.NaN, 'null'],
    [Number.POSITIVE_INFINITY, 'null'],
  ])('writes %d as %s', (value, text) => {
    expect(written((buffer, at) => writeNumber(buffer, at, value))).toBe(text);
  });

  it('escapes as the engine does: quotes, control characters, lone surrogates, and nothing of other scripts', () => {
    for (const text of [
      '',
      'plain',
      'a"b',
      'a\\b',
      '\n\u0000\u001f\u007f',
      '短时间多笔转账',
      '\ud83d\ude00',
      '\ud83d',
      'é',
    ]) {
      expect(written((buffer, at) => writeString(buffer, at, text))).toBe(JSON.stringify(text));
    }
  });

  it('leaves an undefined property out, and writes an undefined element as null', () => {
    const value = { first: undefined, a: 1, b: undefined, list: [undefined, 'x'], none: { only: undefined } };
    expect(written((buffer, at) => writeValue(buffer, at, value))).toBe('{"a":1,"list":[null,"x"],"none":{}}');
  });

  it('tells by its end how much room is needed, and writes nothing behind the buffer', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3, noUnicodeString: false }), fc.nat(40), (value, room) => {
        const needed = Buffer.byteLength(JSON.stringify(value));
        const whole = Buffer.alloc(room + 64, 0xff);
        expect(writeValue(whole.subarray(0, room), 0, value)).toBe(needed);
        expect(whole.subarray(room).every((byte) => byte === 0xff)).toBe(true);
      }),
    );
  });
});
