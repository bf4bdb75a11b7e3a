import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withHeartbeats } from '../../../src/consumers/heartbeats.ts';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function counter(failure?: Error) {
  let beats = 0;
  const beat = async (): Promise<void> => {
    beats++;
    if (failure !== undefined) throw failure;
  };
  return { beat, beats: () => beats };
}

describe('heartbeats beside work', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('come while it lasts, and end with it', async () => {
    const { beat, beats } = counter();
    const done = withHeartbeats({ beat, everyMs: 10, limitMs: 10_000 }, () => wait(105));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await done).toBeUndefined();
    expect(beats()).toBe(10);
  });

  it('end also when the work fails, whose error is thrown', async () => {
    const { beat, beats } = counter();
    const work = async (): Promise<void> => {
      throw new Error('failed');
    };
    await expect(withHeartbeats({ beat, everyMs: 5, limitMs: 10_000 }, work)).rejects.toThrow('failed');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(beats()).toBe(0);
  });

  it('stop at the first that fails, whose error is answered', async () => {
    const lost = new Error('the group is rebalancing');
    const { beat, beats } = counter(lost);
    const done = withHeartbeats({ beat, everyMs: 5, limitMs: 10_000 }, () => wait(60));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await done).toBe(lost);
    expect(beats()).toBe(1);
  });

  it('stop after their limit: work that hangs must lose its session', async () => {
    const { beat, beats } = counter();
    const done = withHeartbeats({ beat, everyMs: 10, limitMs: 45 }, () => wait(200));
    await vi.advanceTimersByTimeAsync(1_000);
    await done;
    expect(beats()).toBe(4);
  });
});
