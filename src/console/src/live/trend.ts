/** The last minutes of a figure, kept in the page, and its line. Pure. */
export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

export const TREND_SECONDS = 300;

/** Adds a sample; one that is not newer than the last is dropped, as are those older than the trend. */
export function addSample(samples: readonly Sample[], next: Sample): readonly Sample[] {
  const last = samples.at(-1);
  if (last !== undefined && next.atMs <= last.atMs) return samples;
  return [...samples.filter(({ atMs }) => atMs > next.atMs - TREND_SECONDS * 1000), next];
}

/** A page that has just been opened shows its first minute at full width. */
const SHORTEST_SECONDS = 60;

export interface Line {
  /** for a polyline */
  readonly points: string;
  readonly peak: number;
  /** what the width of the picture stands for */
  readonly seconds: number;
}

/** The right edge is the newest sample, the width is the time since the oldest: a gap in time is a gap in the picture. */
export function lineOf(samples: readonly Sample[], width: number, height: number): Line {
  const last = samples.at(-1);
  const first = samples[0];
  if (last === undefined || first === undefined) return { points: '', peak: 0, seconds: SHORTEST_SECONDS };
  const seconds = Math.max((last.atMs - first.atMs) / 1000, SHORTEST_SECONDS);
  const peak = Math.max(...samples.map(({ value }) => value));
  const points = samples.map(({ atMs, value }) => {
    const x = width - ((last.atMs - atMs) / (seconds * 1000)) * width;
    const y = height - 2 - (value / (peak || 1)) * (height - 6);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return { points: points.join(' '), peak, seconds };
}
