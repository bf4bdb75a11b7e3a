/**
 * Durations on a busy machine: a clock that goes on only while this process is given time. It ticks every 5 ms and counts at
 * most 10 ms a tick, so seconds in which the process was not run count for next to nothing, while a wait for a server that
 * does not answer counts in full. Good to some 20 ms.
 */
const TICK_MS = 5;
const MOST_PER_TICK_MS = 10;

export interface FreeClock {
  /** free milliseconds between two times since the epoch, both since the start */
  between(fromMs: number, toMs: number): number;
  stop(): void;
}

export function startFreeClock(): FreeClock {
  const now = (): number => performance.timeOrigin + performance.now();
  const ticks: { readonly atMs: number; readonly freeMs: number }[] = [{ atMs: now(), freeMs: 0 }];
  const timer = setInterval(() => {
    const atMs = now();
    const last = ticks[ticks.length - 1];
    if (last !== undefined) ticks.push({ atMs, freeMs: last.freeMs + Math.min(atMs - last.atMs, MOST_PER_TICK_MS) });
  }, TICK_MS);
  const freeAt = (atMs: number): number => ticks.findLast((tick) => tick.atMs <= atMs)?.freeMs ?? 0;
  return { between: (fromMs, toMs) => freeAt(toMs) - freeAt(fromMs), stop: () => clearInterval(timer) };
}
