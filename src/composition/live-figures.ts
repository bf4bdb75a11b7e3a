/**
 * The live figures of the console: totals since the start, rates over the last ten full seconds, latencies of the last
 * minute or so (two histograms that take turns, so that memory is constant).
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { AlertStatus } from '../domain/alert.ts';
import type { ChannelCatalogue } from '../domain/channel-catalogue.ts';
import type { Clock } from '../domain/clock.ts';
import { type Decision, LEVELS, type Level, OUTCOMES, type Outcome } from '../domain/decision.ts';
import type { LiveSnapshot } from '../http/api-types.ts';
import type { ScoredInput } from '../pipeline/score-transactions.ts';

export interface LiveFigures {
  /** a chunk was decided: durations in milliseconds from receiving to deciding */
  count(results: readonly ScoredInput[], durationMs: number): void;
  snapshot(now: {
    readonly lag: number | null;
    readonly alerts: Readonly<Record<AlertStatus, number>> | null;
  }): LiveSnapshot;
}

const RATE_SECONDS = 10;
const HISTOGRAM_MS = 30_000;

const zeroes = <K extends string>(keys: readonly K[]): Record<K, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;

/** Counts per second of the clock for the last seconds. */
class RateWindow {
  readonly #counts = new Array<number>(RATE_SECONDS + 1).fill(0);
  readonly #seconds = new Array<number>(RATE_SECONDS + 1).fill(-1);

  add(nowMs: number, amount: number): void {
    const second = Math.floor(nowMs / 1000);
    const slot = second % this.#counts.length;
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second;
      this.#counts[slot] = 0;
    }
    this.#counts[slot] = (this.#counts[slot] ?? 0) + amount;
  }

  /** without the second that has only begun */
  perSecond(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    let sum = 0;
    for (const [slot, at] of this.#seconds.entries()) {
      if (at < second && at >= second - RATE_SECONDS) sum += this.#counts[slot] ?? 0;
    }
    return Math.round((sum / RATE_SECONDS) * 10) / 10;
  }
}

interface ChannelFigures {
  decisions: number;
  alerts: number;
  readonly outcomes: Record<Outcome, number>;
  readonly rate: RateWindow;
  lastAt: string | null;
}

export function createLiveFigures(options: {
  readonly channels: ChannelCatalogue;
  readonly clock: Clock;
}): LiveFigures {
  const { channels, clock } = options;
  const startMs = clock.now();
  const outcomes = zeroes(OUTCOMES);
  const levels = zeroes(LEVELS);
  const rate = new RateWindow();
  const perChannel = new Map<string, ChannelFigures>(
    [...channels.channels.keys()].map((code) => [
      code,
      { decisions: 0, alerts: 0, outcomes: zeroes(OUTCOMES), rate: new RateWindow(), lastAt: null },
    ]),
  );
  const latency = createTurningHistogram(clock);
  let [transactions, decisions, deadLetters] = [0, 0, 0];
  let level: Level = 'L0';

  const countDecision = (decision: Decision): void => {
    outcomes[decision.outcome] += 1;
    levels[decision.level] += 1;
    level = decision.level;
    const channel = perChannel.get(decision.channel);
    if (channel === undefined) return;
    channel.decisions += 1;
    channel.outcomes[decision.outcome] += 1;
    if (decision.alert) channel.alerts += 1;
    channel.rate.add(clock.now(), 1);
    channel.lastAt = decision.receivedAt;
  };

  return {
    count(results, durationMs) {
      transactions += results.length;
      for (const result of results) {
        if (result.kind === 'rejected') deadLetters += 1;
        else decisions += 1;
        if (result.kind === 'decided' && result.decision !== undefined) countDecision(result.decision);
      }
      rate.add(clock.now(), results.length);
      latency.record(durationMs, results.length);
    },
    snapshot({ lag, alerts }) {
      const nowMs = clock.now();
      return {
        at: new Date(nowMs).toISOString(),
        uptimeSeconds: Math.round((nowMs - startMs) / 1000),
        transactions,
        decisions,
        deadLetters,
        decisionsPerSecond: rate.perSecond(nowMs),
        outcomes: { ...outcomes },
        levels: { ...levels },
        level,
        latencyMs: latency.quantiles(),
        lag,
        alerts,
        channels: [...perChannel].map(([channel, figures]) => ({
          channel,
          decisions: figures.decisions,
          decisionsPerSecond: figures.rate.perSecond(nowMs),
          outcomes: { ...figures.outcomes },
          alerts: figures.alerts,
          lastAt: figures.lastAt,
        })),
      };
    },
  };
}

function createTurningHistogram(clock: Clock): {
  record(ms: number, count: number): void;
  quantiles(): LiveSnapshot['latencyMs'];
} {
  let current = createHistogram();
  let previous: RecordableHistogram | undefined;
  let turnedMs = clock.now();
  return {
    record(ms, count) {
      if (clock.now() - turnedMs > HISTOGRAM_MS) {
        [previous, current] = [current, createHistogram()];
        turnedMs = clock.now();
      }
      const microseconds = Math.max(1, Math.round(ms * 1000));
      for (let i = 0; i < count; i++) current.record(microseconds);
    },
    quantiles() {
      const both = createHistogram();
      both.add(current);
      if (previous !== undefined) both.add(previous);
      if (both.count === 0) return null;
      const ms = (percentile: number): number => Math.round(both.percentile(percentile) / 10) / 100;
      return { p50: ms(50), p99: ms(99), p999: ms(99.9) };
    },
  };
}
