/**
 * The fate of an error, and how long to wait before the next try: exponential with full jitter in the upper half, so that
 * many workers that lost one server do not come back in step (Brooker, "Exponential Backoff and Jitter", AWS 2015).
 */
import { VigilError } from '../domain/errors.ts';

export interface RetryPolicy {
  readonly initialMs: number;
  readonly maxMs: number;
  /** 0…1, for tests */
  readonly random?: () => number;
}

export const DEFAULT_RETRY: RetryPolicy = { initialMs: 100, maxMs: 5_000 };

/**
 * An outage is retried; everything else that reaches a consumer is our own bug, and it stops. A fault to be degraded and
 * marked has reached somebody who has nothing to degrade to (labels have no fallback): for him it is an outage.
 */
export const isRetriable = (error: unknown): boolean =>
  error instanceof VigilError && (error.retriable || error.fate === 'degrade');

/** Milliseconds before try `attempt + 1`; attempts count from 1. Between half of the exponential value and all of it. */
export function retryDelayMs(attempt: number, policy: RetryPolicy): number {
  const random = policy.random ?? Math.random;
  const exponential = Math.min(policy.maxMs, policy.initialMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(exponential / 2 + (exponential / 2) * random());
}

export interface Pause {
  /** resolves after `ms`, or at once when it was woken */
  wait(ms: number): Promise<void>;
  wake(): void;
}

/** A sleep that a stop can end. Once woken it never sleeps again. */
export function createPause(): Pause {
  const sleepers = new Set<() => void>();
  let isAwake = false;
  return {
    wait(ms) {
      if (isAwake) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          sleepers.delete(done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        sleepers.add(done);
      });
    },
    wake() {
      isAwake = true;
      for (const done of [...sleepers]) done();
    },
  };
}
