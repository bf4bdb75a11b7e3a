/** Days and hours of the bank's zone, without the clock: a day is its number since the epoch in that zone. */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export interface LocalDay {
  readonly number: number;
  readonly startMs: number;
  readonly month: number;
  readonly dayOfMonth: number;
  /** MM-DD */
  readonly monthDay: string;
  /** 0 = Sunday */
  readonly weekday: number;
  readonly isWeekend: boolean;
}

export const dayNumberOf = (ms: number, zoneOffsetMinutes: number): number =>
  Math.floor((ms + zoneOffsetMinutes * MINUTE_MS) / DAY_MS);

export function localDay(number: number, zoneOffsetMinutes: number): LocalDay {
  const date = new Date(number * DAY_MS);
  const weekday = date.getUTCDay();
  return {
    number,
    startMs: number * DAY_MS - zoneOffsetMinutes * MINUTE_MS,
    month: date.getUTCMonth() + 1,
    dayOfMonth: date.getUTCDate(),
    monthDay: date.toISOString().slice(5, 10),
    weekday,
    isWeekend: weekday === 0 || weekday === 6,
  };
}

/** Branches are open from nine to five, on every day of the week. */
export const OPENS_AT_HOUR = 9;
export const CLOSES_AT_HOUR = 17;

export function isBranchOpen(ms: number, zoneOffsetMinutes: number): boolean {
  const hour = ((ms + zoneOffsetMinutes * MINUTE_MS) % DAY_MS) / HOUR_MS;
  return hour >= OPENS_AT_HOUR && hour < CLOSES_AT_HOUR;
}
