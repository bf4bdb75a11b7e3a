/** Laws of lists, limits and mappings over generated input; a failure prints its seed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAmount } from '../../src/backtest/mapping/amount-format.ts';
import { compilePattern, createTimeReader } from '../../src/backtest/mapping/time-format.ts';
import { outcomeRank } from '../../src/domain/decision.ts';
import { ENTITY_KINDS } from '../../src/domain/feature.ts';
import { createCalendar } from '../../src/rules/limits/calendar.ts';
import { evaluateLimits } from '../../src/rules/limits/evaluate-limits.ts';
import { limitCounters } from '../../src/rules/limits/limit-counters.ts';
import { createEntryIndexBuilder } from '../../src/rules/lists/entry-index.ts';
import { writeCsv } from '../../src/rules/lists/list-csv.ts';
import type { ListEntry } from '../../src/rules/lists/list-entry.ts';
import { aLimit, limitSet } from '../helpers/a-limit.ts';
import { aTransaction } from '../helpers/a-transaction.ts';
import { aList, loaded } from '../unit/lists/a-list.ts';

/** What an entry may hold: well-formed text in NFC without characters that cannot be seen, not blank at its ends. */
const aText = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 30 })
  .map((text) => text.normalize('NFC').trim())
  .filter((text) => text !== '' && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\uFFFD]/u.test(text) && !/\d{13}|\d[ -]\d/.test(text));
const anId = fc
  .oneof(aText, fc.stringMatching(/^[=+@'"-][=+@'",-]{0,3}[a-z]$/), fc.stringMatching(/^[1-9][0-9]{18}$/))
  .filter((id) => !/^\d(?:[.,]\d+)?E[+-]?\d+$/i.test(id));
const anEntry: fc.Arbitrary<ListEntry> = fc.record({
  id: anId,
  entity: fc.constantFrom(null, 'account' as const, 'counterparty' as const),
  expiresMs: fc.option(fc.integer({ min: 0, max: 4_000_000_000_000 }), { nil: null }),
  source: aText,
  reason: aText,
  person: aText,
});
const entries = fc.uniqueArray(anEntry, { selector: ({ id, entity }) => `${entity}/${id}`, maxLength: 30 });

describe('lists', () => {
  it('give every entry back that was exported, whatever its text', () => {
    fc.assert(
      fc.property(entries, (written) => {
        const csv = [...writeCsv(written)].join('');
        expect([...loaded(aList({ csv })).entries('bad_accounts')]).toEqual(written);
      }),
      { numRuns: 200 },
    );
  });

  it('find exactly what a plain map finds', () => {
    fc.assert(
      fc.property(
        entries,
        fc.array(anId, { maxLength: 10 }),
        fc.integer({ min: 0, max: 4_000_000_000_000 }),
        (list, others, atMs) => {
          const builder = createEntryIndexBuilder(list.length);
          for (const entry of list) expect(builder.add(entry)).toBeUndefined();
          const index = builder.build();
          for (const id of [...list.map((entry) => entry.id), ...others]) {
            for (const entity of ENTITY_KINDS) {
              const inForce = list.filter(
                (entry) => entry.id === id && (entry.expiresMs === null || atMs < entry.expiresMs),
              );
              const expected =
                inForce.find((entry) => entry.entity === entity) ?? inForce.find((entry) => entry.entity === null);
              expect(index.find(entity, id, atMs)).toEqual(expected);
            }
            const isListed = list.some(
              (entry) => entry.id === id && (entry.expiresMs === null || atMs < entry.expiresMs),
            );
            expect(index.contains(id, atMs)).toBe(isListed);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

const ZONES = [
  'Asia/Shanghai',
  'Europe/Berlin',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kathmandu',
  'Africa/Casablanca',
];
const instant = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2040, 0, 1) });

describe('calendar periods', () => {
  it('hold every instant in exactly one period, without gaps, in any zone', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.constantFrom('day' as const, 'month' as const, 'year' as const),
        instant,
        (zone, period, atMs) => {
          const calendar = createCalendar(zone);
          const { startMs, endMs } = calendar.bounds(period, atMs);
          expect(startMs <= atMs && atMs < endMs).toBe(true);
          expect(createCalendar(zone).bounds(period, startMs)).toEqual({ startMs, endMs });
          expect(createCalendar(zone).bounds(period, endMs - 1)).toEqual({ startMs, endMs });
          expect(calendar.bounds(period, endMs).startMs).toBe(endMs);
        },
      ),
      { numRuns: 400 },
    );
  });
});

const YUAN = fc.integer({ min: 0, max: 200_000 });
const NAMED = ['CHALLENGE', 'HOLD', 'BLOCK'] as const;

describe('limits', () => {
  it('never get milder when a maximum is lowered or more was used', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(YUAN, fc.constantFrom(...NAMED)), { minLength: 1, maxLength: 5 }),
        YUAN,
        YUAN,
        YUAN,
        (limits, amountMinor, usedMinor, more) => {
          const worst = (lowerBy: number, used: number): number => {
            const set = limitSet(
              limits.map(([max, outcome], index) =>
                aLimit({ id: `l${index}`, max: String(Math.max(0, max - lowerBy)), outcome }),
              ),
            );
            const { transaction } = aTransaction({ amountMinor });
            const usage = new Map(
              limitCounters(set, transaction).map(({ key }) => [key, { amountMinor: used, count: 1 }]),
            );
            const hits = evaluateLimits(set, transaction, usage);
            const stated = limits
              .filter(([max]) => used + amountMinor > Math.max(0, max - lowerBy))
              .map(([, outcome]) => outcomeRank(outcome));
            const found = hits.filter((hit) => hit.exceeded).map((hit) => outcomeRank(hit.outcome));
            expect(found.toSorted()).toEqual(stated.toSorted());
            expect(hits.filter((hit) => hit.binding)).toHaveLength(1);
            return Math.max(0, ...found);
          };
          const before = worst(0, usedMinor);
          expect(worst(more, usedMinor)).toBeGreaterThanOrEqual(before);
          expect(worst(0, usedMinor + more)).toBeGreaterThanOrEqual(before);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('mappings', () => {
  it('read back any amount that is written in the stated form', () => {
    const form = fc.record({
      exponent: fc.constantFrom(0, 2, 3),
      mark: fc.constantFrom('.' as const, ',' as const),
      isGrouped: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        form,
        (minor, { exponent, mark, isGrouped }) => {
          const digits = String(minor).padStart(exponent + 1, '0');
          const grouping = mark === '.' ? ',' : '.';
          const whole = digits.slice(0, digits.length - exponent);
          const written = isGrouped ? whole.replace(/\B(?=(\d{3})+$)/g, grouping) : whole;
          const text = exponent === 0 ? written : `${written}${mark}${digits.slice(-exponent)}`;
          const format = {
            mark,
            grouping: isGrouped ? grouping : null,
            impliedDecimals: 0,
            sign: 'none',
            negative: 'refuse',
            moreDecimals: 'refuse',
          } as const;
          expect(parseAmount(text, format, exponent)).toEqual({ ok: true, value: minor });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('read back any wall-clock time of any zone, but for what a change of clock makes twice', () => {
    const pattern = compilePattern('YYYY-MM-DD HH:mm:ss');
    if (pattern === undefined) throw new Error('not a pattern');
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instant, (zone, rawMs) => {
        const atMs = Math.floor(rawMs / 1000) * 1000;
        const text = new Intl.DateTimeFormat('sv-SE', {
          timeZone: zone,
          dateStyle: 'short',
          timeStyle: 'medium',
        }).format(atMs);
        const read = (repeatedHour: 'earlier' | 'later') => {
          const result = createTimeReader({
            pattern,
            zone,
            year: { kind: 'text' },
            timeOfDay: null,
            repeatedHour,
          }).read(text, () => undefined);
          return result.ok ? result.value : result.error;
        };
        expect([read('earlier'), read('later')]).toContain(atMs);
      }),
      { numRuns: 400 },
    );
  });
});
