/** The bank in real time, on a clock of the test: rate, order, plausibility, an end when asked. */
import { describe, expect, it } from 'vitest';
import type { SimulatedTransaction } from '../../../src/simulation/bank.ts';
import { hoursApart, liveStream } from '../../../src/simulation/live-stream.ts';
import { paced } from '../../../src/simulation/pace.ts';
import { aBank } from './a-bank.ts';

const NOON = Date.parse('2026-03-04T12:00:00+08:00');

/** Sleeping moves the clock. */
function aClock(startMs: number) {
  let nowMs = startMs;
  return {
    clock: { now: () => nowMs },
    sleep: async (ms: number): Promise<void> => {
      nowMs += ms;
    },
    advance: (ms: number): void => {
      nowMs += ms;
    },
  };
}

async function live(count: number, ratePerSecond: number, startMs = NOON): Promise<readonly SimulatedTransaction[]> {
  const { clock, sleep } = aClock(startMs);
  const bank = aBank({ seed: 4 });
  for (const _ of bank.transactions({ count: 3000 }));
  const items: SimulatedTransaction[] = [];
  for await (const item of liveStream(bank, { ratePerSecond, clock, sleep, signal: new AbortController().signal })) {
    items.push(item);
    if (items.length === count) break;
  }
  return items;
}
const atMs = (item: SimulatedTransaction): number => Date.parse(item.message.occurredAt);

describe('the live stream', () => {
  it('gives about the rate that it is asked for, in order of time, as of now', async () => {
    const items = await live(1200, 4);
    const times = items.map(atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(NOON);
    const seconds = ((times.at(-1) ?? 0) - NOON) / 1000;
    expect(seconds).toBeGreaterThan(300 * 0.7);
    expect(seconds).toBeLessThan(300 * 1.3);
  });

  it('goes on with the ids of the history', async () => {
    const bank = aBank({ seed: 4 });
    const history = [...bank.transactions({ count: 2000 })];
    const { clock, sleep } = aClock(NOON);
    const ids = new Set(history.map(({ message }) => `${message.channel}/${message.transactionId}`));
    for await (const { message } of liveStream(bank, {
      ratePerSecond: 5,
      clock,
      sleep,
      signal: new AbortController().signal,
    })) {
      expect(message.transactionId).toContain('-20260304-');
      ids.add(`${message.channel}/${message.transactionId}`);
      if (ids.size === 2300) break;
    }
    expect(ids.size).toBe(2300);
  });

  it('moves nobody faster than an airliner but thieves and shared cards', async () => {
    const items = await live(2500, 3);
    const last = new Map<string, SimulatedTransaction>();
    const jumps = items.filter((item) => {
      const { location, customerId } = item.message;
      if (location === undefined || item.scenario !== undefined || item.occasion === 'shared-card') return false;
      const before = last.get(customerId);
      last.set(customerId, item);
      const from = before?.message.location;
      if (before === undefined || from === undefined) return false;
      const degrees = Math.hypot(location.lat - from.lat, location.lon - from.lon);
      const hours = (atMs(item) - atMs(before)) / 3_600_000;
      return degrees * 80 > 100 + 900 * hours;
    });
    expect(jumps).toEqual([]);
  });

  it('keeps the share of fraud also in the small hours, when few customers are awake', async () => {
    const items = await live(1500, 3, Date.parse('2026-03-04T01:00:00+08:00'));
    const share = items.filter((item) => item.scenario !== undefined).length / items.length;
    expect(share).toBeGreaterThan(0.002);
    expect(share).toBeLessThan(0.03);
  });

  it('does not make up for a time in which nobody read', async () => {
    const { clock, sleep, advance } = aClock(NOON);
    const times: number[] = [];
    const options = { ratePerSecond: 2, clock, sleep, signal: new AbortController().signal };
    for await (const item of liveStream(aBank({ seed: 9 }), options)) {
      times.push(atMs(item));
      if (times.length === 20) advance(3_600_000);
      if (times.length === 60) break;
    }
    // 40 messages at two a second after the stall, not 7,200 at once
    expect((times[59] ?? 0) - (times[20] ?? 0)).toBeGreaterThan(8000);
  });

  it('ends when it is told to, also while it waits', async () => {
    const controller = new AbortController();
    const stream = liveStream(aBank(), { ratePerSecond: 0.01, clock: { now: Date.now }, signal: controller.signal });
    await stream.next();
    setTimeout(() => controller.abort(), 20);
    let last = await stream.next();
    while (last.done !== true) last = await stream.next();
    expect(last.done).toBe(true);
  });
});

describe('times of day', () => {
  it.each([
    ['2026-01-01T23:30:00Z', '2026-05-05T00:30:00Z', 1],
    ['2026-01-01T12:00:00Z', '2026-01-03T00:00:00Z', 12],
    ['2026-01-01T06:00:00Z', '2025-01-01T08:15:00Z', 2.25],
  ])('are %s and %s apart by %d hours', (a, b, hours) => {
    expect(hoursApart(Date.parse(a), Date.parse(b))).toBeCloseTo(hours, 9);
  });
});

describe('a paced stream', () => {
  it('gives 1,000 items at 50 a second in 20 seconds', async () => {
    const { clock, sleep } = aClock(0);
    const items: number[] = [];
    const source = Array.from({ length: 1001 }, (_, i) => i);
    for await (const item of paced(source, { ratePerSecond: 50, clock, sleep, signal: new AbortController().signal })) {
      items.push(item);
    }
    expect(items).toEqual(source);
    expect(clock.now()).toBeGreaterThanOrEqual(19_990);
    expect(clock.now()).toBeLessThanOrEqual(20_000);
  });

  it('drops the time of a stall', async () => {
    const { clock, sleep, advance } = aClock(0);
    let given = 0;
    const options = { ratePerSecond: 10, clock, sleep, signal: new AbortController().signal };
    for await (const _ of paced(new Array(100).fill(0), options)) {
      given += 1;
      if (given === 50) advance(60_000);
    }
    expect(clock.now()).toBeGreaterThan(60_000 + 9_700);
  });

  it('ends at once when aborted', async () => {
    const controller = new AbortController();
    const given: number[] = [];
    const options = { ratePerSecond: 100, clock: { now: Date.now }, signal: controller.signal };
    for await (const item of paced([1, 2, 3, 4], options)) {
      given.push(item);
      if (item === 2) controller.abort();
    }
    expect(given).toEqual([1, 2]);
  });
});
