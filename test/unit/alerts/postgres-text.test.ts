import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromPostgresText, toPostgresText } from '../../../src/alerts/postgres-text.ts';

const anyUnits = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0x1a, 0x30, 0xd800, 0xdc00)))
  .map((units) => String.fromCharCode(...units));

describe('text for PostgreSQL', () => {
  it('leaves ordinary text as it is', () => {
    expect(toPostgresText('MB-20261123-000001 张伟 😀 \\ "')).toBe('MB-20261123-000001 张伟 😀 \\ "');
  });

  it.each([
    ['a\0b', 'a\u001a0000b'],
    ['\ud800', '\u001ad800'],
    ['😀\udc00', '😀\u001adc00'],
    ['\u001a', '\u001a001a'],
  ])('escapes %j as %j', (text, stored) => {
    expect(toPostgresText(text)).toBe(stored);
  });

  it('gives back any text, and what it stores can be stored', () => {
    fc.assert(
      fc.property(anyUnits, (text) => {
        const stored = toPostgresText(text);
        expect(fromPostgresText(stored)).toBe(text);
        expect(stored).not.toContain('\0');
        expect(Buffer.from(stored, 'utf8').toString('utf8')).toBe(stored);
      }),
      { numRuns: 2_000 },
    );
  });
});
