/**
 * The swim-lane time-line as numbers. Time runs on a symmetric logarithmic scale around the alert's transaction: minutes
 * around it have as much room as the weeks before, because a burst is what the reader looks for. Pure.
 */
import type { CustomerTransaction } from '../../../http/api-types.ts';

export interface Dot {
  readonly item: CustomerTransaction;
  readonly lane: number;
  readonly x: number;
  readonly radius: number;
  readonly isThis: boolean;
}

export interface Tick {
  readonly x: number;
  /** seconds from the centre, negative = before */
  readonly offsetSeconds: number;
}

export interface Timeline {
  readonly channels: readonly string[];
  readonly dots: readonly Dot[];
  readonly ticks: readonly Tick[];
}

const MIN_RADIUS = 3.5;
const MAX_RADIUS = 10;
const MARGIN = 16;
const MIN_TICK_GAP = 62;
/** half of what lies within this is drawn linearly */
const LINEAR_SECONDS = 60;

const TICKS: readonly number[] = [60, 600, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400, 180 * 86_400].flatMap(
  (seconds) => [-seconds, seconds],
);

const stretch = (seconds: number): number => Math.sign(seconds) * Math.log1p(Math.abs(seconds) / LINEAR_SECONDS);
const timeOf = (item: CustomerTransaction): number => Date.parse(item.occurredAt ?? item.decidedAt);

/** Keeps the ticks that have room, those nearest to the centre first. */
function ticksThatFit(ticks: readonly Tick[]): readonly Tick[] {
  const kept: Tick[] = [];
  for (const tick of [...ticks].sort((a, b) => Math.abs(a.offsetSeconds) - Math.abs(b.offsetSeconds)))
    if (kept.every(({ x }) => Math.abs(x - tick.x) >= MIN_TICK_GAP)) kept.push(tick);
  return kept.sort((a, b) => a.x - b.x);
}

export function layoutTimeline(
  items: readonly CustomerTransaction[],
  thisDecisionId: string | null,
  width: number,
): Timeline {
  const known = items.filter((item) => Number.isFinite(timeOf(item)));
  const centreItem = known.find(({ decisionId }) => decisionId === thisDecisionId);
  const centre = centreItem === undefined ? Math.max(...known.map(timeOf)) : timeOf(centreItem);
  const offsets = known.map((item) => (timeOf(item) - centre) / 1000);
  const low = stretch(Math.min(...offsets, -LINEAR_SECONDS));
  const high = stretch(Math.max(...offsets, 0));
  const room = Math.max(width - 2 * MARGIN, 1);
  const xOf = (seconds: number): number => MARGIN + ((stretch(seconds) - low) / (high - low)) * room;
  const channels = [...new Set(known.map(({ channel }) => channel))].sort();
  const largest = Math.max(1, ...known.map(({ amountMinor }) => amountMinor ?? 0));
  const dots = known.map(
    (item, index): Dot => ({
      item,
      lane: channels.indexOf(item.channel),
      x: xOf(offsets[index] ?? 0),
      radius: MIN_RADIUS + (MAX_RADIUS - MIN_RADIUS) * Math.sqrt((item.amountMinor ?? 0) / largest),
      isThis: item.decisionId === thisDecisionId,
    }),
  );
  const ticks = [0, ...TICKS]
    .filter((seconds) => stretch(seconds) >= low && stretch(seconds) <= high)
    .map((offsetSeconds) => ({ x: xOf(offsetSeconds), offsetSeconds }));
  return {
    channels,
    // large ones first, so that small ones are not covered; this one last, on top
    dots: [...dots].sort((a, b) => Number(a.isThis) - Number(b.isThis) || b.radius - a.radius),
    ticks: known.length === 0 ? [] : ticksThatFit(ticks),
  };
}
