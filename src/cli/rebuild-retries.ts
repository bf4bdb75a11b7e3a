/** A rebuild goes on through an outage of Redis: each call is repeated, which the stores make harmless, for a minute. */
import { setTimeout as sleep } from 'node:timers/promises';
import { retryDelayMs } from '../consumers/retry-policy.ts';
import { VigilError } from '../domain/errors.ts';
import type { FeatureStore, LimitUsageStore } from '../domain/ports.ts';

const POLICY = { initialMs: 100, maxMs: 5_000 };
/** with the waits of POLICY about a minute */
const MOST_TRIES = 18;

async function retrying<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isOutage = error instanceof VigilError && error.code === 'FEATURE_STORE_UNAVAILABLE';
      if (!isOutage || attempt >= MOST_TRIES || signal.aborted) throw error;
      await sleep(retryDelayMs(attempt, POLICY));
    }
  }
}

export function retryingStore(store: FeatureStore, signal: AbortSignal): FeatureStore {
  return {
    recordAndRead: (chunk) => retrying(() => store.recordAndRead(chunk), signal),
    settle: (chunk) => retrying(() => store.settle(chunk), signal),
    applyLabels: (labels) => retrying(() => store.applyLabels(labels), signal),
    close: () => store.close(),
  };
}

export function retryingLimits(limits: LimitUsageStore, signal: AbortSignal): LimitUsageStore {
  return {
    recordAndRead: (chunk) => retrying(() => limits.recordAndRead(chunk), signal),
    release: (chunk) => retrying(() => limits.release(chunk), signal),
    close: () => limits.close(),
  };
}
