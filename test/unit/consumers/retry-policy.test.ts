import { describe, expect, it } from 'vitest';
import { createPause, isRetriable, retryDelayMs } from '../../../src/consumers/retry-policy.ts';
import { VigilError } from '../../../src/domain/errors.ts';

describe('the retry policy', () => {
  it('doubles up to its maximum', () => {
    const policy = { initialMs: 100, maxMs: 1000, random: () => 1 };
    expect([1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(attempt, policy))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
  });

  it('spreads between half and all of it', () => {
    const delay = (random: number): number => retryDelayMs(3, { initialMs: 100, maxMs: 1000, random: () => random });
    expect([0, 0.5, 1].map(delay)).toEqual([200, 300, 400]);
  });

  it('stays finite for any number of attempts', () => {
    expect(retryDelayMs(100_000, { initialMs: 100, maxMs: 5000, random: () => 1 })).toBe(5000);
  });

  it('retries outages, and what nobody could degrade; a bug and a foreign error stop', () => {
    expect(isRetriable(new VigilError('ALERT_STORE_UNAVAILABLE', 'x'))).toBe(true);
    expect(isRetriable(new VigilError('BUS_UNAVAILABLE', 'x'))).toBe(true);
    expect(isRetriable(new VigilError('BUG', 'x'))).toBe(false);
    expect(isRetriable(new VigilError('FEATURE_STORE_UNAVAILABLE', 'x'))).toBe(true);
    expect(isRetriable(Object.assign(new Error('x'), { retriable: true }))).toBe(false);
    expect(isRetriable('x')).toBe(false);
  });
});

describe('a pause', () => {
  it('ends when it is woken, and does not sleep again', async () => {
    const pause = createPause();
    const start = performance.now();
    const sleeping = pause.wait(60_000);
    pause.wake();
    await sleeping;
    await pause.wait(60_000);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('lasts its time otherwise', async () => {
    const start = performance.now();
    await createPause().wait(50);
    expect(performance.now() - start).toBeGreaterThanOrEqual(49);
  });
});
