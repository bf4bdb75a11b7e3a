import { describe, expect, it } from 'vitest';
import { createFormats } from '../../../src/console/src/format/formats.ts';
import { truncateMiddle } from '../../../src/console/src/format/identifier.ts';
import { formatAmount, formatMoneyInText } from '../../../src/console/src/format/money.ts';
import { createTimeFormatter, windowSeconds } from '../../../src/console/src/format/time.ts';

describe('money', () => {
  it('has exactly the decimals of ISO 4217', () => {
    expect(formatAmount(4_990_000, 'CNY')).toBe('49,900.00');
    expect(formatAmount(128_000, 'JPY')).toBe('128,000');
    expect(formatAmount(1_234_567, 'KWD')).toBe('1,234.567');
    // CLDR, which browsers use, shows none for these; ISO 4217 has three and two
    expect(formatAmount(1_500, 'IQD')).toBe('1.500');
    expect(formatAmount(1_500, 'LAK')).toBe('15.00');
  });

  it('keeps small and enormous amounts exact', () => {
    expect(formatAmount(0, 'CNY')).toBe('0.00');
    expect(formatAmount(7, 'CNY')).toBe('0.07');
    expect(formatAmount(Number.MAX_SAFE_INTEGER, 'CNY')).toBe('90,071,992,547,409.91');
    expect(formatAmount(-12_345, 'CNY')).toBe('−123.45');
  });

  it('names its currency in a sentence, and leaves out decimals that are zero', () => {
    expect(formatMoneyInText(4_990_000, 'CNY')).toBe('¥49,900');
    expect(formatMoneyInText(4_990_050, 'CNY')).toBe('¥49,900.50');
    expect(formatMoneyInText(128_000, 'JPY')).toBe('JPY\u00a0128,000');
    expect(formatMoneyInText(100, null)).toBe('100');
  });
});

describe('times', () => {
  const time = createTimeFormatter('Asia/Shanghai');
  const now = Date.parse('2026-11-23T02:15:00Z');

  it('are in the bank’s zone, with the date only when it is not today there', () => {
    expect(time.moment('2026-11-23T01:02:03Z', now)).toBe('09:02:03');
    expect(time.moment('2026-11-22T15:59:59Z', now)).toBe('11-22 23:59:59');
    expect(time.moment('2026-11-22T16:00:00Z', now)).toBe('00:00:00');
    expect(time.moment('2025-12-31T16:00:00Z', now)).toBe('01-01 00:00:00');
    expect(time.moment('2025-12-31T15:59:59Z', now)).toBe('2025-12-31 23:59:59');
  });

  it('say their zone in full', () => {
    expect(time.full('2026-11-23T02:15:00Z')).toBe('2026-11-23 10:15:00 (Asia/Shanghai)');
    expect(time.hour('2026-11-23T16:30:00Z')).toBe(0);
    expect(time.minutes('2026-11-23T16:30:00Z')).toBe('00:30');
  });

  it('that cannot be read are a dash, never "Invalid Date"', () => {
    expect(time.moment('soon', now)).toBe('—');
    expect(time.full('soon')).toBe('—');
  });
});

describe('a probability', () => {
  it.each([
    [0, '<0.1%'],
    [0.0004, '<0.1%'],
    [0.0312, '3.1%'],
    [0.21, '21%'],
    [0.987, '99%'],
    [0.9962, '99.6%'],
    [0.99951, '>99.9%'],
    [1, '>99.9%'],
  ])('of %f is written %s: never a certainty', (share, text) => {
    expect(createFormats('en', 'Asia/Shanghai').probability(share)).toBe(text);
  });
});

describe('spans', () => {
  const en = createFormats('en', 'Asia/Shanghai');
  const zh = createFormats('zh-CN', 'Asia/Shanghai');

  it.each([
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 min'],
    [660, '11 min'],
    [3_600, '1 h'],
    [7_500, '2 h 5 min'],
    [3_600 * 2 + 59 * 60 + 45, '3 h'],
    [86_400, '1 d'],
    [86_400 + 4 * 3_600, '1 d 4 h'],
    [41 * 86_400 + 9 * 3_600, '41 d'],
  ])('%i seconds are %s', (seconds, text) => {
    expect(en.span(seconds)).toBe(text);
  });

  it('are in full in a sentence', () => {
    expect([45, 60, 600, 3_600, 86_400, 7 * 86_400].map(en.spanInText)).toEqual([
      '45 seconds',
      '1 minute',
      '10 minutes',
      '1 hour',
      '24 hours',
      '7 days',
    ]);
    expect(zh.spanInText(600)).toBe('10分钟');
  });

  it('of windows are read from the names of features', () => {
    expect(['10m', '24h', '7d', '30s'].map(windowSeconds)).toEqual([600, 86_400, 604_800, 30]);
    expect(['seconds', 'm', '10', '1.5h'].map(windowSeconds)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('ids', () => {
  it('lose their middle and keep head and tail', () => {
    expect(truncateMiddle('CUSTOMER-0123456789-0123456789-012345678', 13)).toBe('CUSTOM…345678');
    expect(truncateMiddle('C1001', 13)).toBe('C1001');
  });

  it('are cut between characters, not inside them', () => {
    expect(truncateMiddle('𠮷𠮷𠮷𠮷𠮷𠮷𠮷', 5)).toBe('𠮷𠮷…𠮷𠮷');
  });
});
