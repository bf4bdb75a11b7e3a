import { describe, expect, it } from 'vitest';
import { visible } from '../../../src/cli/config-diff.ts';
import { diffLines } from '../../../src/cli/line-diff.ts';

const text = (...lines: readonly string[]): string => lines.join('\n');

describe('the difference of two texts', () => {
  it('names changed lines with their numbers and leaves out what stands on both sides', () => {
    expect(diffLines(text('a', 'b', 'c', 'd'), text('a', 'x', 'c', 'd', 'e'))).toEqual({
      removed: 1,
      added: 2,
      lines: ['- 2  b', '+ 2  x', '+ 5  e'],
    });
  });

  it('is nothing for one text, and everything for none', () => {
    expect(diffLines('a\nb', 'a\nb')).toEqual({ removed: 0, added: 0, lines: [] });
    expect(diffLines('', 'a')).toEqual({ removed: 1, added: 1, lines: ['- 1  ', '+ 1  a'] });
  });

  it('finds the longest part that stayed when a line has moved', () => {
    expect(diffLines(text('a', 'b', 'c', 'd'), text('d', 'a', 'b', 'c')).lines).toEqual(['+ 1  d', '- 4  d']);
  });

  it('gives the new text when it is played over the old one', () => {
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let n = 0; n < 300; n++) {
      const [a, b] = [0, 1].map(() => Array.from({ length: 1 + random(12) }, () => 'abcd'[random(4)] ?? ''));
      if (a === undefined || b === undefined) continue;
      const { lines } = diffLines(text(...a), text(...b));
      const numbersOf = (sign: string) =>
        new Map(
          lines.filter((line) => line.startsWith(sign)).map((line) => [Number(line.split(' ')[1]), line.slice(-1)]),
        );
      const [gone, come] = [numbersOf('-'), numbersOf('+')];
      const kept = a.filter((_, index) => !gone.has(index + 1));
      expect(b.map((_, index) => come.get(index + 1) ?? kept.shift())).toEqual(b);
      expect(kept).toEqual([]);
    }
  });

  it('tells of 200,000 entries that were sorted anew only what one side has', () => {
    const entries = Array.from({ length: 200_000 }, (_, n) => `62${n}`);
    const { removed, added, lines } = diffLines(
      text(entries.join('\n'), 'old'),
      text('new', entries.toReversed().join('\n')),
    );
    expect([removed, added, lines]).toEqual([1, 1, ['- 200001  old', '+ 1  new']]);
  });
});

it('a line that is shown for approval hides nothing: control and bidi characters are spelled out', () => {
  expect(visible('+ 1  max: 5\u001b[2K\u202e\t大额\r')).toBe('+ 1  max: 5\\u{1b}[2K\\u{202e}\t大额\\u{d}');
});
