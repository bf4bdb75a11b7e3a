/**
 * A log of the in-process store below everything that uses it: members whose hashes share their low 32 bits, which no test
 * of the whole store meets, and sums that pass 2^53, which change the layout of the log that they are in.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planFeatures, RAW, type StreamPlan } from '../../../src/features/feature-plan.ts';
import { createLogArena } from '../../../src/features/log-arena.ts';
import { takeOut } from '../../../src/features/log-correcting.ts';
import { layoutOf } from '../../../src/features/log-layout.ts';
import { visitLog } from '../../../src/features/packed-log.ts';
import type { LogEvent } from '../../../src/features/raw-numbers.ts';
import { catalogueOf, HOUR } from '../../helpers/feature-cases.ts';

const LATENESS = 6 * HOUR;
const WINDOWS = [HOUR, 24 * HOUR];
const LINES = ['1h', '24h'].flatMap((window) => [
  `name: payees_${window}, entity: [customer], aggregate: distinct, of: counterparty.accountId, window: ${window}`,
  `name: sum_${window}, entity: [customer], aggregate: sum, of: amountMinor, window: ${window}`,
  `name: max_${window}, entity: [customer], aggregate: max, of: amountMinor, window: ${window}`,
]);

interface Entry {
  readonly timeMs: number;
  readonly id: number;
  readonly value: number;
  readonly member: number;
}

function aLog() {
  const plan = planFeatures(catalogueOf(LINES, LATENESS));
  const stream = plan.streams[0] as StreamPlan;
  const layout = (isWide: boolean) => layoutOf(stream, LATENESS, 1_000_000, isWide);
  const arena = createLogArena(layout(false), layout(true));
  let { address } = arena.create(Number.NEGATIVE_INFINITY);
  arena.save();
  const raw = new Float64Array(plan.rawLength);
  const inAnotherLog = arena.create(Number.NEGATIVE_INFINITY).address;
  arena.save();
  const visit = ({ timeMs, id, value, member }: Entry) => {
    const members = Float64Array.of(member);
    const event: LogEvent = { timeMs, id, value, squareLow: 0, squareHigh: 0, currency: 0, members };
    const log = arena.open(address);
    visitLog(log, event, true, raw);
    arena.save();
    address = log.address;
    arena.open(inAnotherLog);
    return stream.windows.map(({ windowMs, rawAt }) => {
      const at = (field: number): number => raw[rawAt + field] as number;
      return {
        windowMs,
        count: at(RAW.count),
        sum: BigInt(at(RAW.sum)) + (BigInt(at(RAW.sumWraps)) << 53n),
        max: at(RAW.max),
        distinct: at(RAW.distinct),
      };
    });
  };
  const remove = (position: number): void => {
    const log = arena.open(address);
    takeOut(log.layout, log, position);
    arena.save();
  };
  const open = () => arena.open(address);
  return { visit, remove, open };
}

/** From the entries that are there, the current one among them. */
function expected(entries: readonly Entry[], { timeMs }: Entry) {
  return WINDOWS.toSorted((a, b) => b - a).map((windowMs) => {
    const inside = entries.filter((entry) => entry.timeMs > timeMs - windowMs && entry.timeMs <= timeMs);
    return {
      windowMs,
      count: inside.length,
      sum: inside.reduce((sum, { value }) => sum + BigInt(value), 0n),
      max: Math.max(...inside.map(({ value }) => value)),
      distinct: new Set(inside.map(({ member }) => member)).size,
    };
  });
}

/** 5 and 5 + 2^32 begin at one place of the index, and say the same there; so do 2^32 and 2^33, whose low bits are none. */
const MEMBERS = [5, 5 + 2 ** 32, 5 + 3 * 2 ** 32, 9, 2 ** 32, 2 ** 33, 1];
const anyStep = fc.record({
  gapMs: fc.constantFrom(1, 60_000, HOUR),
  lateMs: fc.constantFrom(0, 0, 0, 30_000, HOUR + 1, 5 * HOUR),
  member: fc.constantFrom(...MEMBERS),
  value: fc.constantFrom(0, 1, 700, 9e15),
  /** share of the log at which an entry is taken out afterwards */
  removed: fc.option(fc.double({ min: 0, max: 0.99, noNaN: true }), { freq: 6 }),
});

describe('a packed log', () => {
  it('tells members apart whose hashes agree in 32 bits, and sums beyond 2^53, whatever comes late or is taken out', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 120 }), (steps) => {
        const { visit, remove } = aLog();
        const entries: Entry[] = [];
        let now = 1_800_000_000_000;
        steps.forEach(({ gapMs, lateMs, member, value, removed }, index) => {
          now += gapMs;
          const entry: Entry = { timeMs: now - lateMs, id: index + 1, value, member };
          const newest = entries.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY;
          if (entry.timeMs < newest - LATENESS) return;
          const place = entries.findLastIndex(({ timeMs }) => timeMs <= entry.timeMs) + 1;
          entries.splice(place, 0, entry);
          expect(visit(entry).toSorted((a, b) => b.windowMs - a.windowMs)).toEqual(expected(entries, entry));
          if (removed === null) return;
          const position = Math.floor(removed * entries.length);
          entries.splice(position, 1);
          remove(position);
        });
      }),
    );
  });

  it('has no column for wraps until its sum wraps', () => {
    const { visit, open } = aLog();
    const entry = (id: number, value: number): Entry => ({ timeMs: 1_800_000_000_000 + id, id, value, member: 5 });
    visit(entry(1, 2 ** 53 - 1));
    expect(open().layout.wrapsAt).toBe(-1);
    expect(visit(entry(2, 1))[0]?.sum).toBe(2n ** 53n);
    expect([open().layout.wrapsAt, open().count]).toEqual([open().layout.stride - 1, 2]);
  });
});
