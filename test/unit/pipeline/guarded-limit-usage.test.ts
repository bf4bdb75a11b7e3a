import { describe, expect, it } from 'vitest';
import { VigilError } from '../../../src/domain/errors.ts';
import type { LimitUsageStore } from '../../../src/domain/ports.ts';
import { createCountedPositions } from '../../../src/pipeline/counted-positions.ts';
import { createGuardedLimitUsage } from '../../../src/pipeline/guarded-limit-usage.ts';
import { createMemoryLimitUsageStore } from '../../../src/rules/limits/adapters/memory-limit-usage-store.ts';
import { aLimitRecord } from '../../helpers/a-limit.ts';

function aGuard(maxBacklog?: number) {
  const time = { ms: 1_000_000 };
  const clock = { now: () => time.ms };
  const inner = createMemoryLimitUsageStore({ clock });
  const state = {
    isOff: false,
    losses: 0,
    failures: 0,
    makes: () => new VigilError('FEATURE_STORE_UNAVAILABLE', 'off') as Error,
  };
  const refuse = (): void => {
    if (state.isOff) throw state.makes();
  };
  const store: LimitUsageStore = {
    async recordAndRead(chunk) {
      refuse();
      return inner.recordAndRead(chunk);
    },
    async release(chunk) {
      refuse();
      return inner.release(chunk);
    },
    close: inner.close,
  };
  const guard = createGuardedLimitUsage(store, {
    clock,
    onFailure: () => void state.failures++,
    async onLoss() {
      refuse();
      state.losses += 1;
    },
    ...(maxBacklog === undefined ? {} : { maxBacklog }),
  });
  /** what was used before it */
  const reserve = async (id: string): Promise<number | null> => {
    const readings = await guard.recordAndRead([aLimitRecord(id)]);
    return readings === null ? null : ([...(readings[0]?.usage.values() ?? [])][0]?.amountMinor ?? 0);
  };
  return { guard, reserve, state, time };
}

describe('the guarded limit usage', () => {
  it('reads nothing in an outage, and has used what was used in it afterwards', async () => {
    const { reserve, state, time } = aGuard();
    expect(await reserve('A')).toBe(0);
    state.isOff = true;
    expect([await reserve('B'), await reserve('C')]).toEqual([null, null]);
    state.isOff = false;
    expect(await reserve('D')).toBeNull(); // left alone for half a second
    time.ms += 501;
    expect(await reserve('E')).toBe(400);
    expect(state.failures).toBe(3);
  });

  it('gives back what was blocked in an outage', async () => {
    const { guard, reserve, state, time } = aGuard();
    await reserve('A');
    state.isOff = true;
    await reserve('B');
    expect(await guard.release([aLimitRecord('B')])).toBe(false);
    expect(await guard.release([aLimitRecord('A')])).toBe(false);
    state.isOff = false;
    time.ms += 501;
    expect(await reserve('C')).toBe(0);
    expect(await guard.release([aLimitRecord('C')])).toBe(true);
    expect(await reserve('D')).toBe(0);
  });

  it('counts once what a call had reserved before it was given up', async () => {
    const { reserve, state, time } = aGuard();
    await reserve('A');
    state.isOff = true;
    await reserve('A'); // as if the first answer had been lost
    state.isOff = false;
    time.ms += 501;
    expect(await reserve('B')).toBe(100);
  });

  it('tells of what did not fit, once, when the counters are back', async () => {
    const { reserve, state, time } = aGuard(1);
    state.isOff = true;
    await reserve('A');
    await reserve('B');
    time.ms += 501;
    await reserve('C');
    expect(state.losses).toBe(0);
    state.isOff = false;
    time.ms += 501;
    expect(await reserve('D')).toBe(100);
    time.ms += 501;
    await reserve('E');
    expect(state.losses).toBe(1);
  });

  it('makes good what waits when it is closed', async () => {
    const { guard, reserve, state, time } = aGuard();
    state.isOff = true;
    await reserve('A');
    state.isOff = false;
    await guard.close();
    time.ms += 501;
    expect(await reserve('B')).toBe(100);
  });

  it('passes a bug on', async () => {
    const { reserve, state } = aGuard();
    state.isOff = true;
    state.makes = () => new TypeError('a bug');
    await expect(reserve('A')).rejects.toThrow(TypeError);
  });
});

describe('how far a partition is said to be counted', () => {
  const at = (finished: bigint, next: bigint) => ({ partition: 'p', finished, next, end: 99n });

  it('stops where limits wait in this process, and goes on from there when they are counted', () => {
    const positions = createCountedPositions();
    expect(positions.settled(positions.of(at(10n, 20n)), true)).toEqual(at(10n, 20n));
    expect(positions.settled(positions.of(at(20n, 30n)), false)).toBeUndefined();
    expect(positions.of(at(30n, 40n))).toEqual(at(20n, 40n));
    expect(positions.settled(positions.of(at(30n, 40n)), false)).toBeUndefined();
    expect(positions.settled(positions.of(at(40n, 50n)), true)).toEqual(at(20n, 50n));
    expect(positions.of(at(50n, 60n))).toEqual(at(50n, 60n));
  });

  it('says nothing of what comes from no partition', () => {
    const positions = createCountedPositions();
    expect([positions.of(undefined), positions.settled(undefined, false)]).toEqual([undefined, undefined]);
  });
});
