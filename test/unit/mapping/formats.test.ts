import { describe, expect, it } from 'vitest';
import { type AmountFormat, parseAmount } from '../../../src/backtest/mapping/amount-format.ts';
import { compilePattern, createTimeReader, type TimeFormat } from '../../../src/backtest/mapping/time-format.ts';

const format = (more: Partial<AmountFormat> = {}): AmountFormat => ({
  mark: '.',
  grouping: null,
  impliedDecimals: 0,
  sign: 'none',
  negative: 'refuse',
  moreDecimals: 'refuse',
  ...more,
});
const amount = (text: string, more: Partial<AmountFormat> = {}, exponent = 2) => {
  const parsed = parseAmount(text, format(more), exponent);
  return parsed.ok ? parsed.value : parsed.error;
};
const NOT_OF_FORM = 'not an amount of the stated form';

describe('amounts as a mapping states them', () => {
  it('become minor units of their currency', () => {
    expect([amount('57.16'), amount('57.1'), amount('57'), amount('0.07'), amount('0')]).toEqual([
      5716, 5710, 5700, 7, 0,
    ]);
    expect(amount('1234,5', { mark: ',' })).toBe(123_450);
    expect(amount('500', {}, 0)).toBe(500);
    expect(amount('1.234', {}, 3)).toBe(1234);
    expect(amount('5000.000', {}, 0)).toBe(5000);
    expect(amount('90071992547409.91')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('take groups of exactly three digits where grouping is stated, and none where it is not', () => {
    const grouped = { grouping: ',' };
    expect(amount('1,234,567.89', grouped)).toBe(123_456_789);
    expect(amount('1234567.89', grouped)).toBe(123_456_789);
    expect(amount('1.234.567,89', { mark: ',', grouping: '.' })).toBe(123_456_789);
    for (const text of ['12,34', '1,2345', '1234,567', ',123', '1,,234', '1,234,'])
      expect(amount(text, grouped), text).toBe(NOT_OF_FORM);
    expect(amount('1,234.00')).toBe(NOT_OF_FORM);
  });

  it.each(['', ' ', '1e3', '0x10', '１２', '1.2.3', '1.', '.5', '+5', '-5', '5-', 'NaN', '1 000', '٣'])(
    'refuse %j',
    (text) => {
      expect(amount(text)).toBe(NOT_OF_FORM);
    },
  );

  it('refuse more decimals than the currency has, unless they are 0', () => {
    expect(amount('1.465')).toBe('more than the 2 decimals of its currency');
    expect(amount('1.460')).toBe(146);
    expect(amount('5000.5', {}, 0)).toBe('more than the 0 decimals of its currency');
  });

  it('round half up to the decimals of the currency where the mapping says so', () => {
    const round = { moreDecimals: 'round' } as const;
    expect(amount('85.64999999999999', round)).toBe(8565);
    expect([amount('1.465', round), amount('1.4649', round), amount('0.995', round)]).toEqual([147, 146, 100]);
    expect(amount('5000.5', round, 0)).toBe(5001);
    expect(amount('90071992547409.915', round)).toBe('larger than 2^53 − 1 minor units');
  });

  it('refuse what is beyond 2^53 − 1 minor units', () => {
    expect(amount('90071992547409.92')).toBe('larger than 2^53 − 1 minor units');
    expect(amount('9'.repeat(30), { mark: null })).toBe('larger than 2^53 − 1 minor units');
  });

  it('have implied decimals: those of the currency in ISO 8583, or a stated number', () => {
    const de4 = { mark: null, impliedDecimals: 'currency' } as const;
    expect(amount('000000012345', de4, 2)).toBe(12_345);
    expect(amount('000000012345', de4, 0)).toBe(12_345);
    expect(amount('000000012345', de4, 3)).toBe(12_345);
    expect(amount('12300', { mark: null, impliedDecimals: 2 }, 0)).toBe(123);
    expect(amount('12345', { mark: null, impliedDecimals: 2 }, 0)).toBe('more than the 0 decimals of its currency');
    expect(amount('5', { mark: null, impliedDecimals: 2 }, 2)).toBe(5);
    expect(amount('5', { mark: null, impliedDecimals: 0 }, 2)).toBe(500);
  });

  it('have the sign that is stated: a minus, or C and D of x+n', () => {
    expect(amount('-5.00', { sign: 'minus', negative: 'keep' })).toBe(-500);
    expect(amount('-5.00', { sign: 'minus', negative: 'absolute' })).toBe(500);
    expect(amount('-5.00', { sign: 'minus', negative: 'refuse' })).toBe('a negative amount');
    expect(Object.is(amount('-0.00', { sign: 'minus', negative: 'keep' }), 0)).toBe(true);
    const xn = { mark: null, impliedDecimals: 'currency', sign: 'x+n', negative: 'keep' } as const;
    expect([amount('D00000150', xn), amount('C00000150', xn)]).toEqual([-150, 150]);
    expect([amount('E00000150', xn), amount('00000150', xn), amount('-150', xn)]).toEqual([
      NOT_OF_FORM,
      NOT_OF_FORM,
      NOT_OF_FORM,
    ]);
  });
});

function time(text: string, more: Partial<TimeFormat> & { pattern: TimeFormat['pattern'] }, reference = '') {
  const reader = createTimeReader({
    zone: 'UTC',
    year: { kind: 'text' },
    timeOfDay: null,
    repeatedHour: 'refuse',
    ...more,
  });
  const read = reader.read(text, () => reference);
  return read.ok ? new Date(read.value).toISOString() : read.error;
}

function pattern(text: string) {
  const compiled = compilePattern(text);
  if (compiled === undefined) throw new Error(`not a pattern: ${text}`);
  return compiled;
}

describe('times as a mapping states them', () => {
  it('are read by their pattern, in their zone', () => {
    expect(time('2018-04-01 00:00:31', { pattern: pattern('YYYY-MM-DD HH:mm:ss') })).toBe('2018-04-01T00:00:31.000Z');
    expect(time('20261123101500', { pattern: pattern('YYYYMMDDHHmmss'), zone: '+08:00' })).toBe(
      '2026-11-23T02:15:00.000Z',
    );
    expect(time('23.11.2026 10:15', { pattern: pattern('DD.MM.YYYY HH:mm'), zone: 'Asia/Shanghai' })).toBe(
      '2026-11-23T02:15:00.000Z',
    );
    expect(time('2026/11/23T10:15:00.5', { pattern: pattern('YYYY/MM/DDTHH:mm:ss.S') })).toBe(
      '2026-11-23T10:15:00.500Z',
    );
    expect(time('2026-11-23 10:15:00.123456', { pattern: pattern('YYYY-MM-DD HH:mm:ss.SSSSSS') })).toBe(
      '2026-11-23T10:15:00.123Z',
    );
  });

  it('refuse days and hours that do not exist', () => {
    const day = { pattern: pattern('YYYY-MM-DD HH:mm') };
    expect(time('2024-02-29 10:00', day)).toBe('2024-02-29T10:00:00.000Z');
    expect(time('2026-02-29 10:00', day)).toBe('a day that does not exist');
    expect(time('2018-04-31 10:00', day)).toBe('a day that does not exist');
    expect(time('2018-13-01 10:00', day)).toBe('a day that does not exist');
    for (const text of [
      '2018-04-01 24:00',
      '2018-04-01 10:60',
      '18-04-01 10:00',
      '2018-4-1 10:00',
      '2018-04-01',
      '2018-04-01 10:00 ',
    ]) {
      expect(time(text, day), text).toBe('not a time of the form YYYY-MM-DD HH:mm');
    }
  });

  it('refuse a wall-clock time that is skipped, and one that comes twice unless it is said which', () => {
    const berlin = { pattern: pattern('YYYY-MM-DD HH:mm'), zone: 'Europe/Berlin' };
    expect(time('2026-03-29 02:30', berlin)).toBe('a time that a change of clock skips');
    expect(time('2026-03-29 03:00', berlin)).toBe('2026-03-29T01:00:00.000Z');
    expect(time('2026-10-25 02:30', berlin)).toBe('a time that comes twice at a change of clock');
    expect(time('2026-10-25 02:30', { ...berlin, repeatedHour: 'earlier' })).toBe('2026-10-25T00:30:00.000Z');
    expect(time('2026-10-25 02:30', { ...berlin, repeatedHour: 'later' })).toBe('2026-10-25T01:30:00.000Z');
    expect(time('2026-10-25 03:00', berlin)).toBe('2026-10-25T02:00:00.000Z');
  });

  it('take the century, the time of day and the year from where the mapping says', () => {
    const short = { pattern: pattern('YYMMDD'), timeOfDay: '12:00:00' };
    expect(time('930101', { ...short, year: { kind: 'century', century: 1900 } })).toBe('1993-01-01T12:00:00.000Z');
    expect(time('930101', { ...short, year: { kind: 'century', century: 2000 } })).toBe('2093-01-01T12:00:00.000Z');
    expect(time('1231 23:59', { pattern: pattern('MMDD HH:mm'), year: { kind: 'constant', year: 2025 } })).toBe(
      '2025-12-31T23:59:00.000Z',
    );
  });

  it('give DE7 the year that is nearest to the other date, over the turn of the year in both directions', () => {
    const de7 = {
      pattern: pattern('MMDDHHmmss'),
      year: { kind: 'nearest', column: 'D', pattern: pattern('YYYYMMDD') },
    } as const;
    expect(time('1231235958', de7, '20270101')).toBe('2026-12-31T23:59:58.000Z');
    expect(time('0101000002', de7, '20261231')).toBe('2027-01-01T00:00:02.000Z');
    expect(time('0615120000', de7, '20260615')).toBe('2026-06-15T12:00:00.000Z');
    expect(time('0229120000', de7, '20240301')).toBe('2024-02-29T12:00:00.000Z');
    expect(time('0229120000', de7, '20270301')).toBe('no such day near the date in D');
    expect(time('0230120000', de7, '20270301')).toBe('a day that does not exist');
    expect(time('0101000000', de7, '')).toBe('the year comes from D, which is not a date of the form YYYYMMDD');
  });

  it('know ISO 8601 with and without a zone, and RFC 3339 only with one', () => {
    expect(time('2026-11-23T10:15:00', { pattern: 'ISO8601', zone: 'Asia/Shanghai' })).toBe('2026-11-23T02:15:00.000Z');
    expect(time('2026-11-23T10:15:00.5Z', { pattern: 'ISO8601', zone: 'Asia/Shanghai' })).toBe(
      '2026-11-23T10:15:00.500Z',
    );
    expect(time('2026-11-23T10:15:00+01:00', { pattern: 'RFC3339', zone: null })).toBe('2026-11-23T09:15:00.000Z');
    expect(time('2026-11-23T10:15:00', { pattern: 'RFC3339', zone: null })).toBe('not a time of the form RFC3339');
    expect(time('2026-02-30T10:15:00', { pattern: 'ISO8601' })).toBe('not a time of the form ISO8601');
  });

  it('refuse patterns that leave something open', () => {
    const texts = [
      'YYYY-MM',
      'YYYY-MM-DD HH',
      'YYYY-MM-DD YY',
      'yyyy-mm-dd',
      'YYYY-MM-DD HH:mm:ss Z',
      'DD.MM.YYYY mm:ss',
    ];
    expect(texts.map(compilePattern)).toEqual(Array(6).fill(undefined));
  });
});
