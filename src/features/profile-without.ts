/**
 * A customer's profile without an event that is already in it. An event that comes again after its first reading was lost
 * (a worker ended between counting and deciding) must not find its own device known and its own payee paid before: a rule
 * on a new device would let pass what it exists for. What the event has overwritten is not kept, so this is exact for
 * counts, shares and what it made known, and says "unknown" where it cannot tell (null for times; of a late event, or one
 * of two in a millisecond, "not known"): of two answers the one that leads to a review. The reading carries READ_AGAIN. Pure.
 */
import {
  CHANNEL,
  findKnown,
  hoursOf,
  KNOWN_AT,
  KNOWN_KINDS,
  KNOWN_STRIDE,
  knownCount,
  PROFILE,
  type ProfileEvent,
  RING,
} from './profile-state.ts';

const PAYEE = KNOWN_KINDS.indexOf('payee');

const at = (state: Float64Array, index: number): number => state[index] as number;

/** A copy; `state` stays as it is. */
export function profileWithout(state: Float64Array, event: ProfileEvent): Float64Array {
  const before = state.slice();
  if (at(before, PROFILE.eventCount) === 0) return before;
  const t = event.timeMs;
  before[PROFILE.eventCount] = at(before, PROFILE.eventCount) - 1;
  if (at(before, PROFILE.firstMs) === t) before[PROFILE.firstMs] = Number.POSITIVE_INFINITY;
  forgetTime(before, PROFILE.lastMs, t);
  if (event.interest >= 0) forgetTime(before, PROFILE.interest + event.interest, t);
  if (!Number.isNaN(event.lat)) forgetTime(before, PROFILE.locatedMs, t);
  if (event.amount >= 0) forgetAmount(before, event.amount, t);
  const hours = hoursOf(before);
  hours[event.hourOfWeek] = Math.max(0, (hours[event.hourOfWeek] ?? 0) - 1);
  for (let kind = 0; kind < KNOWN_KINDS.length; kind++) {
    const hash = at(event.known, kind);
    if (hash !== 0 && (kind !== PAYEE || event.learnsPayee)) forgetKnown(before, kind, hash, t);
  }
  return before;
}

/** The event before it is not known. */
function forgetTime(state: Float64Array, index: number, t: number): void {
  if (at(state, index) === t) state[index] = Number.NEGATIVE_INFINITY;
}

function forgetAmount(state: Float64Array, amount: number, t: number): void {
  const count = at(state, PROFILE.monetaryCount);
  forgetTime(state, PROFILE.lastMonetaryMs, t);
  for (let back = 1; back <= Math.min(RING, count); back++) {
    if (at(state, PROFILE.ring + ((count - back) % RING)) !== amount) continue;
    closeRing(state, count, back);
    break;
  }
  state[PROFILE.monetaryCount] = Math.max(0, count - 1);
  if (at(state, PROFILE.maxAmount) === amount) state[PROFILE.maxAmount] = largestKept(state);
}

/** The amounts after it move up; what it pushed out of a full ring is gone, and the oldest one left stands there twice. */
function closeRing(state: Float64Array, count: number, back: number): void {
  const place = (n: number): number => PROFILE.ring + (n % RING);
  const oldest = at(state, place(count >= RING ? count - RING : 0));
  for (let n = count - back; n < count - 1; n++) state[place(n)] = at(state, place(n + 1));
  if (count > RING) state[place(count - 1)] = oldest;
}

function largestKept(state: Float64Array): number {
  const kept = Math.min(RING, at(state, PROFILE.monetaryCount));
  let largest = -1;
  for (let index = 0; index < kept; index++) largest = Math.max(largest, at(state, PROFILE.ring + index));
  return largest;
}

/** What was first seen at the event's own time was made known by it; a channel is counted down. */
function forgetKnown(state: Float64Array, kind: number, hash: number, t: number): void {
  const place = findKnown(state, hash);
  if (place < 0) return;
  if (kind === CHANNEL && at(state, place + 1) > 1) {
    state[place + 1] = at(state, place + 1) - 1;
    return;
  }
  if (kind !== CHANNEL && at(state, place + 1) !== t) return;
  const end = KNOWN_AT + knownCount(state) * KNOWN_STRIDE;
  state.copyWithin(place, place + KNOWN_STRIDE, end);
  state[PROFILE.known + kind] = at(state, PROFILE.known + kind) - 1;
}
