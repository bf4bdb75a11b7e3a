/** An event as the profile learns it, among the numbers of a call of record-and-read.lua: written, and read again. */
import type { ProfileEvent } from './profile-state.ts';

/** (−1, time, amount, event of interest, hour of the week, latitude, longitude, learns payees, six hashes) */
export const PROFILE_NUMBERS = 14;
/** in the place of a stream */
const PROFILE = -1;

/** Where the next update starts. */
export function writeProfileEvent(numbers: Float64Array, at: number, event: ProfileEvent): number {
  const { timeMs, amount, interest, hourOfWeek, lat, lon, learnsPayee, known } = event;
  numbers.set([PROFILE, timeMs, amount, interest, hourOfWeek, lat, lon, learnsPayee ? 1 : 0, ...known], at);
  return at + PROFILE_NUMBERS;
}

export function takeProfileEvent(event: ProfileEvent, numbers: Float64Array, at: number): void {
  event.timeMs = numbers[at + 1] as number;
  event.amount = numbers[at + 2] as number;
  event.interest = numbers[at + 3] as number;
  event.hourOfWeek = numbers[at + 4] as number;
  event.lat = numbers[at + 5] as number;
  event.lon = numbers[at + 6] as number;
  event.learnsPayee = numbers[at + 7] === 1;
  event.known.set(numbers.subarray(at + 8, at + PROFILE_NUMBERS));
}
