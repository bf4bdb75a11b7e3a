/** Giving messages out at a rate, by the clock that is handed in. Ends when the signal is aborted; a late start is not made up. */
import { setTimeout as timer } from 'node:timers/promises';
import type { Clock } from '../domain/clock.ts';

/** Resolves after the time or when aborted, whichever is first; never rejects. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export interface Pacing {
  readonly ratePerSecond: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** default: a real timer */
  readonly sleep?: Sleep | undefined;
}

export const sleepByTimer: Sleep = async (ms, signal) => {
  try {
    await timer(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
};

/** Timers are good to a millisecond or two: sleep only when this far ahead. */
const SLACK_MS = 5;
/** After a stall (a suspended machine, a blocked consumer) the missed time is dropped, so that no burst follows. */
const MAX_CATCH_UP_MS = 2000;

export async function* paced<T>(source: Iterable<T>, pacing: Pacing): AsyncGenerator<T, void, undefined> {
  const { ratePerSecond, clock, signal, sleep = sleepByTimer } = pacing;
  let originMs = clock.now();
  let given = 0;
  for (const item of source) {
    const aheadMs = originMs + (given / ratePerSecond) * 1000 - clock.now();
    if (aheadMs > SLACK_MS) await sleep(aheadMs, signal);
    else if (aheadMs < -MAX_CATCH_UP_MS) originMs -= aheadMs;
    if (signal.aborted) return;
    yield item;
    given += 1;
  }
}
