import { describe, expect, it } from 'vitest';
import { createOffsetTracker } from '../../../src/consumers/offset-tracker.ts';

describe('the offset tracker', () => {
  it('commits only the contiguous finished prefix', () => {
    const tracker = createOffsetTracker();
    const [first, second, third] = [10n, 20n, 30n].map((next) => tracker.begin(next));
    second?.finish();
    expect(tracker.committable()).toBeUndefined();
    first?.finish();
    expect(tracker.committable()).toBe(20n);
    expect(tracker.inFlight()).toBe(1);
    third?.finish();
    expect(tracker.committable()).toBe(30n);
  });

  it('has nothing to commit twice', () => {
    const tracker = createOffsetTracker();
    tracker.begin(10n).finish();
    tracker.committed(10n);
    expect(tracker.committable()).toBeUndefined();
    tracker.begin(15n).finish();
    expect(tracker.committable()).toBe(15n);
    tracker.committed(15n);
    tracker.committed(10n); // an older answer that comes late
    expect(tracker.committable()).toBeUndefined();
  });

  it('commits nothing after the partition was revoked, whatever finishes then', () => {
    const tracker = createOffsetTracker();
    const range = tracker.begin(10n);
    tracker.revoke();
    range.finish();
    expect(tracker.committable()).toBeUndefined();
    expect(tracker.isRevoked()).toBe(true);
  });

  it('begins an abandoned range anew, with those after it', () => {
    const tracker = createOffsetTracker();
    tracker.begin(10n).finish();
    const second = tracker.begin(20n);
    tracker.begin(30n).finish();
    second.abandon();
    expect([tracker.committable(), tracker.inFlight()]).toEqual([10n, 0]);
    tracker.begin(20n).finish();
    expect(tracker.committable()).toBe(20n);
    second.finish(); // too late: it was given up
    expect(tracker.committable()).toBe(20n);
  });

  it('refuses ranges that are not in offset order', () => {
    const tracker = createOffsetTracker();
    tracker.begin(10n);
    expect(() => tracker.begin(10n)).toThrow(RangeError);
  });
});
