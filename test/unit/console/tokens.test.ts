/** Contrast by WCAG 2.2 (relative luminance of sRGB), computed from the tokens file for both themes. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const css = readFileSync(path.resolve(import.meta.dirname, '../../../src/console/src/tokens.css'), 'utf8');

function tokensOf(theme: 'light' | 'dark'): Readonly<Record<string, string>> {
  const block = new RegExp(`\\[data-theme="${theme}"\\] \\{([^}]*)\\}`).exec(css)?.[1] ?? '';
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]),
  );
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ['canvas', 'panel', 'sunken', 'hover', 'selected'];
const MARKS = ['critical', 'high', 'medium', 'low', 'allow', 'challenge', 'hold', 'block', 'towards', 'away'];

const TEXT_PAIRS: readonly (readonly [string, readonly string[]])[] = [
  ['text', [...GROUNDS, 'danger-ground', 'warn-ground', 'notice-ground']],
  ['text-muted', [...GROUNDS, 'notice-ground']],
  ['text-accent', [...GROUNDS, 'notice-ground']],
  ['text-danger', [...GROUNDS, 'danger-ground']],
  ['text-warn', [...GROUNDS, 'warn-ground']],
  ['text-good', ['panel', 'sunken']],
  ['on-accent', ['accent']],
  // the announcement at the foot of the page is drawn the other way round
  ['canvas', ['text']],
];
const MARK_PAIRS: readonly (readonly [string, readonly string[]])[] = [
  ...MARKS.map((mark) => [`mark-${mark}`, ['canvas', 'panel', 'hover', 'selected']] as const),
  ['mark-value', ['panel', 'sunken']],
  ['mark-reference', ['panel', 'sunken']],
  ['mark-low', ['sunken']],
  ['mark-good', ['panel', 'sunken']],
  ['line-control', ['panel', 'canvas']],
  ['focus', ['canvas', 'panel', 'selected']],
  ['accent', ['panel']],
];

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  const tokens = tokensOf(theme);
  const ratio = (front: string, ground: string): number => contrast(tokens[front] ?? '', tokens[ground] ?? '');
  const tooWeak = (pairs: typeof TEXT_PAIRS, minimum: number): readonly string[] =>
    pairs.flatMap(([front, grounds]) =>
      grounds
        .filter((ground) => !(ratio(front, ground) >= minimum))
        .map((ground) => `${front} on ${ground}: ${ratio(front, ground).toFixed(2)}`),
    );

  it('every text has at least 4.5 : 1', () => {
    expect(tooWeak(TEXT_PAIRS, 4.5)).toEqual([]);
  });

  it('every mark has at least 3 : 1', () => {
    expect(tooWeak(MARK_PAIRS, 3)).toEqual([]);
  });

  it('every colour that is used in a style sheet is a token', () => {
    expect(Object.keys(tokens).length).toBeGreaterThan(30);
    expect(Object.keys(tokens).sort()).toEqual(Object.keys(tokensOf('light')).sort());
  });
});

it('the contrast is computed as the standard says', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 10);
  // the well-known example: #767676 on white is the lightest grey that passes
  expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});
