import { describe, expect, it } from 'vitest';
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
  it('come while it lasts, and end with it', async () => {
    const { beat, beats } = counter();
    expect(await withHeartbeats({ beat, everyMs: 10, limitMs: 10_000 }, () => wait(100))).toBeUndefined();
    const during = beats();
    expect(during).toBeGreaterThan(3);
    await wait(40);
    expect(beats()).toBe(during);
  });

  it('end also when the work fails, whose error is thrown', async () => {
    const { beat, beats } = counter();
    const work = async (): Promise<void> => {
      throw new Error('failed');
    };
    await expect(withHeartbeats({ beat, everyMs: 5, limitMs: 10_000 }, work)).rejects.toThrow('failed');
    await wait(30);
    expect(beats()).toBe(0);
  });

  it('stop at the first that fails, whose error is answered', async () => {
    const lost = new Error('the group is rebalancing');
    const { beat, beats } = counter(lost);
    expect(await withHeartbeats({ beat, everyMs: 5, limitMs: 10_000 }, () => wait(60))).toBe(lost);
    expect(beats()).toBe(1);
  });

  it('stop after their limit: work that hangs must lose its session', async () => {
    const { beat, beats } = counter();
    await withHeartbeats({ beat, everyMs: 10, limitMs: 40 }, () => wait(200));
    expect(beats()).toBeLessThanOrEqual(5);
  });
});
