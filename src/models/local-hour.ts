/** Hour of the day in the bank's zone, as a fraction: 13.5 = half past one in the afternoon. */
import { zoneOffset } from '../domain/time-zone.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Throws a RangeError for a zone that nobody knows. */
export function createLocalHour(zone: string): (epochMs: number) => number {
  const offset = zoneOffset(zone);
  if (offset === undefined) throw new RangeError(`${zone} is no time zone`);
  return (epochMs) => {
    // the remainder first, on whole milliseconds: times before 1970 give negative ones
    const ofDay = (epochMs + offset(epochMs)) % DAY_MS;
    return (ofDay < 0 ? ofDay + DAY_MS : ofDay) / HOUR_MS;
  };
}
