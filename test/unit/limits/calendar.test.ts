import { describe, expect, it } from 'vitest';
import { addMonths, compareDates, createCalendar, isZone, parseDate } from '../../../src/rules/limits/calendar.ts';

const ms = (text: string) => Date.parse(text);
const bounds = (zone: string, period: 'day' | 'month' | 'year', at: string) => {
  const { startMs, endMs } = createCalendar(zone).bounds(period, ms(at));
  return [new Date(startMs).toISOString(), new Date(endMs).toISOString(), (endMs - startMs) / 3_600_000];
};

describe('calendar periods of the bank', () => {
  it('ends the day at midnight in Shanghai, not by UTC', () => {
    expect(bounds('Asia/Shanghai', 'day', '2026-11-23T23:30:00+08:00')).toEqual([
      '2026-11-22T16:00:00.000Z',
      '2026-11-23T16:00:00.000Z',
      24,
    ]);
    expect(bounds('Asia/Shanghai', 'day', '2026-11-24T00:30:00+08:00')).toEqual([
      '2026-11-23T16:00:00.000Z',
      '2026-11-24T16:00:00.000Z',
      24,
    ]);
  });

  it('puts the first millisecond of a day into the day and the last before it into the day before', () => {
    expect(bounds('Asia/Shanghai', 'day', '2026-11-24T00:00:00.000+08:00')[0]).toBe('2026-11-23T16:00:00.000Z');
    expect(bounds('Asia/Shanghai', 'day', '2026-11-23T23:59:59.999+08:00')[0]).toBe('2026-11-22T16:00:00.000Z');
  });

  it('gives days of 23 and 25 hours at a change of clock', () => {
    expect(bounds('Europe/Berlin', 'day', '2026-03-29T12:00:00+02:00')).toEqual([
      '2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
      23,
    ]);
    expect(bounds('Europe/Berlin', 'day', '2026-10-25T12:00:00+01:00')).toEqual([
      '2026-10-24T22:00:00.000Z',
      '2026-10-25T23:00:00.000Z',
      25,
    ]);
    expect(bounds('America/New_York', 'day', '2026-11-01T01:30:00-05:00')).toEqual([
      '2026-11-01T04:00:00.000Z',
      '2026-11-02T05:00:00.000Z',
      25,
    ]);
    expect(bounds('Asia/Shanghai', 'day', '1988-04-17T12:00:00+09:00')[2]).toBe(23);
  });

  it('starts a day whose midnight is skipped at the first instant that has its date', () => {
    // Brazil, 4 November 2018: 00:00 became 01:00
    expect(bounds('America/Sao_Paulo', 'day', '2018-11-04T12:00:00-02:00')).toEqual([
      '2018-11-04T03:00:00.000Z',
      '2018-11-05T02:00:00.000Z',
      23,
    ]);
    expect(bounds('America/Sao_Paulo', 'day', '2018-11-03T23:59:59-03:00')[1]).toBe('2018-11-04T03:00:00.000Z');
  });

  it('keeps the repeated hour before midnight in one day', () => {
    // Brazil, 18 February 2018: 24:00 of the 17th became 23:00 of the 17th again
    expect(bounds('America/Sao_Paulo', 'day', '2018-02-17T23:30:00-03:00')).toEqual([
      '2018-02-17T02:00:00.000Z',
      '2018-02-18T03:00:00.000Z',
      25,
    ]);
    // Cuba, 1 November 2026: 01:00 became 00:00 again, so midnight comes twice
    expect(bounds('America/Havana', 'day', '2026-11-01T00:30:00-05:00')).toEqual([
      '2026-11-01T04:00:00.000Z',
      '2026-11-02T05:00:00.000Z',
      25,
    ]);
  });

  it('gives minutes of the day before that come again after midnight to the day that has started', () => {
    // Newfoundland, 7 November 2010: 00:01 became 23:01 of the 6th
    const started = '2010-11-07T02:30:00.000Z';
    expect(bounds('America/St_Johns', 'day', '2010-11-07T02:30:30Z')[0]).toBe(started);
    expect(bounds('America/St_Johns', 'day', '2010-11-07T03:00:00Z')[0]).toBe(started);
    expect(bounds('America/St_Johns', 'day', '2010-11-07T02:29:00Z')[1]).toBe(started);
  });

  it('has no day where a zone skipped one', () => {
    expect(bounds('Pacific/Apia', 'day', '2011-12-29T12:00:00-10:00')).toEqual([
      '2011-12-29T10:00:00.000Z',
      '2011-12-30T10:00:00.000Z',
      24,
    ]);
    expect(bounds('Pacific/Apia', 'day', '2011-12-31T12:00:00+14:00')[0]).toBe('2011-12-30T10:00:00.000Z');
  });

  it('knows leap days, months and years', () => {
    expect(bounds('Asia/Shanghai', 'month', '2024-02-29T23:59:59+08:00')).toEqual([
      '2024-01-31T16:00:00.000Z',
      '2024-02-29T16:00:00.000Z',
      29 * 24,
    ]);
    expect(bounds('Asia/Shanghai', 'day', '2024-02-29T10:00:00+08:00')[0]).toBe('2024-02-28T16:00:00.000Z');
    expect(bounds('Asia/Shanghai', 'month', '2026-12-31T23:59:59+08:00')[1]).toBe('2026-12-31T16:00:00.000Z');
    expect(bounds('Asia/Shanghai', 'year', '2027-01-01T00:00:00+08:00')).toEqual([
      '2026-12-31T16:00:00.000Z',
      '2027-12-31T16:00:00.000Z',
      365 * 24,
    ]);
    expect(bounds('Europe/Berlin', 'month', '2026-03-15T00:00:00Z')[2]).toBe(31 * 24 - 1);
  });

  it('answers the same whatever was asked before', () => {
    const calendar = createCalendar('America/Sao_Paulo');
    const first = ms('2018-01-01T00:00:00Z');
    const gaps: number[] = [];
    for (
      let at = first, end = calendar.bounds('day', first).endMs;
      at < ms('2019-12-31T00:00:00Z');
      at += 17 * 60_000
    ) {
      const day = calendar.bounds('day', at);
      if (at < day.startMs || at >= day.endMs) gaps.push(at);
      if (day.startMs !== end && day.endMs !== end) gaps.push(at);
      end = day.endMs;
      if ((at - first) % 85_000_000 < 17 * 60_000) {
        const fresh = createCalendar('America/Sao_Paulo').bounds('day', at);
        if (fresh.startMs !== day.startMs) gaps.push(at);
      }
    }
    expect(gaps.length).toBe(0);
  });

  it('takes names of zones and nothing that only looks like one', () => {
    expect(['Asia/Shanghai', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+8'].map(isZone)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['CST', '+08:00', 'Asia/Peking', '', 'asia', 'Asia/Shanghai\n'].map(isZone)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('dates', () => {
  it('adds months to the last day that exists', () => {
    expect(addMonths({ year: 2023, month: 8, day: 31 }, 6)).toEqual({ year: 2024, month: 2, day: 29 });
    expect(addMonths({ year: 2025, month: 8, day: 31 }, 6)).toEqual({ year: 2026, month: 2, day: 28 });
    expect(addMonths({ year: 2026, month: 6, day: 15 }, 6)).toEqual({ year: 2026, month: 12, day: 15 });
    expect(addMonths({ year: 2026, month: 7, day: 1 }, 6)).toEqual({ year: 2027, month: 1, day: 1 });
  });

  it('reads only days that exist', () => {
    expect(parseDate('2024-02-29')).toEqual({ year: 2024, month: 2, day: 29 });
    expect(['2026-02-29', '2026-13-01', '2026-00-10', '26-01-01', '2026-1-1', 'today'].map(parseDate)).toEqual(
      Array(6).fill(undefined),
    );
    expect(compareDates({ year: 2026, month: 2, day: 1 }, { year: 2026, month: 1, day: 31 })).toBeGreaterThan(0);
  });
});
