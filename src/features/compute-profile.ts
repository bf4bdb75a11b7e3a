/**
 * The profile of a customer as rules and the model see it, derived from the kept state and the current transaction.
 * All logarithms, exponentials and angles of the feature engine are here, on the TypeScript side, so that both stores
 * give the same bits. Pure.
 */
import type { Profile } from '../domain/feature.ts';
import {
  CHANNEL,
  findEach,
  HOURS,
  hoursOf,
  KNOWN_AT,
  KNOWN_KINDS,
  KNOWN_STRIDE,
  kindOf,
  knownCount,
  PROFILE,
  type ProfileEvent,
  RING,
} from './profile-state.ts';

const MIN_AMOUNTS = 5;
const MIN_EVENTS_FOR_SHARE = 20;
/** median absolute deviation → standard deviation of a normal distribution */
const MAD_TO_SIGMA = 1.4826;
/** a customer who always pays the same would make any other amount infinitely odd */
const SCALE_FLOOR = 0.1;
const EARTH_RADIUS_KM = 6371.0088;
/** two events of one second: a speed stays finite */
const MIN_TRAVEL_SECONDS = 1;

export const EMPTY_PROFILE: Profile = {
  eventCount: 0,
  monetaryCount: 0,
  secondsSinceFirst: null,
  secondsSinceLast: null,
  secondsSinceLastMonetary: null,
  typicalAmountMinor: null,
  amountZ: null,
  amountRatio: null,
  maxAmountMinor: null,
  hourShare: null,
  channelShare: null,
  deviceKnown: null,
  deviceAgeSeconds: null,
  payeeKnown: null,
  payeeAgeSeconds: null,
  ipKnown: null,
  placeKnown: null,
  countryKnown: null,
  distanceKm: null,
  speedKmh: null,
  secondsSinceLogin: null,
  secondsSincePasswordChange: null,
  secondsSincePayeeAdd: null,
  secondsSinceDeviceBind: null,
  secondsSinceLimitChange: null,
  secondsSinceContactChange: null,
  knownDevices: 0,
  knownPayees: 0,
};

const places = new Int32Array(KNOWN_KINDS.length);

/** `state` is what was kept before this transaction; `hours`: hoursOf(state), if it is there. */
export function computeProfile(state: Float64Array, event: ProfileEvent, hours?: Uint16Array): Profile {
  const at = (index: number): number => state[index] as number;
  const since = (index: number): number | null => secondsBetween(at(index), event.timeMs);
  const amounts = amountsOf(state, event.amount);
  const travel = travelOf(state, event);
  findEach(state, event, places);
  const device = placeOf(event, 0);
  const payee = placeOf(event, 1);
  return {
    eventCount: at(PROFILE.eventCount),
    monetaryCount: at(PROFILE.monetaryCount),
    secondsSinceFirst: since(PROFILE.firstMs),
    secondsSinceLast: since(PROFILE.lastMs),
    secondsSinceLastMonetary: since(PROFILE.lastMonetaryMs),
    typicalAmountMinor: amounts.typical,
    amountZ: amounts.z,
    amountRatio: amounts.ratio,
    maxAmountMinor: at(PROFILE.maxAmount) < 0 ? null : at(PROFILE.maxAmount),
    hourShare: hourShare(state, event.hourOfWeek, hours),
    channelShare: channelShare(state, placeOf(event, CHANNEL) ?? -1),
    deviceKnown: isKnown(device),
    deviceAgeSeconds: ageOf(state, device, event.timeMs),
    payeeKnown: isKnown(payee),
    payeeAgeSeconds: ageOf(state, payee, event.timeMs),
    ipKnown: isKnown(placeOf(event, 2)),
    placeKnown: isKnown(placeOf(event, 3)),
    countryKnown: isKnown(placeOf(event, 4)),
    distanceKm: travel?.distanceKm ?? null,
    speedKmh: travel?.speedKmh ?? null,
    secondsSinceLogin: since(PROFILE.interest),
    secondsSincePasswordChange: since(PROFILE.interest + 1),
    secondsSincePayeeAdd: since(PROFILE.interest + 2),
    secondsSinceDeviceBind: since(PROFILE.interest + 3),
    secondsSinceLimitChange: since(PROFILE.interest + 4),
    secondsSinceContactChange: since(PROFILE.interest + 5),
    knownDevices: at(PROFILE.known),
    knownPayees: at(PROFILE.known + 1),
  };
}

const secondsBetween = (earlierMs: number, timeMs: number): number | null =>
  Number.isFinite(earlierMs) ? Math.max(0, timeMs - earlierMs) / 1000 : null;

/** Undefined: the transaction names none; −1: not known. */
const placeOf = (event: ProfileEvent, kind: number): number | undefined =>
  event.known[kind] === 0 ? undefined : (places[kind] as number);
const isKnown = (place: number | undefined): boolean | null => (place === undefined ? null : place >= 0);
const ageOf = (state: Float64Array, place: number | undefined, timeMs: number): number | null =>
  place === undefined || place < 0 ? null : secondsBetween(state[place + 1] as number, timeMs);

const sorted = new Float64Array(RING);

/**
 * Median and median absolute deviation of log(1 + amount) over the last 32 amounts: one outlier moves neither. The amounts
 * are sorted, not their logarithms, of which half are asked for.
 */
function amountsOf(
  state: Float64Array,
  amount: number,
): { readonly typical: number | null; readonly z: number | null; readonly ratio: number | null } {
  const count = Math.min(RING, state[PROFILE.monetaryCount] as number);
  if (count === 0) return { typical: null, z: null, ratio: null };
  sortAmounts(state, count);
  const middle = count >> 1;
  const location = count % 2 === 1 ? logOf(middle) : (logOf(middle - 1) + logOf(middle)) / 2;
  const typical = Math.exp(location);
  if (amount < 0) return { typical, z: null, ratio: null };
  const ratio = amount / typical;
  if (count < MIN_AMOUNTS) return { typical, z: null, ratio };
  const scale = MAD_TO_SIGMA * medianDeviation(count, location);
  return { typical, z: (Math.log(1 + amount) - location) / Math.max(scale, SCALE_FLOOR), ratio };
}

const logOf = (place: number): number => Math.log(1 + (sorted[place] as number));

/** The last `count` amounts in order (insertion: at most 32). */
function sortAmounts(state: Float64Array, count: number): void {
  for (let index = 0; index < count; index++) {
    const value = state[PROFILE.ring + index] as number;
    let place = index;
    while (place > 0 && (sorted[place - 1] as number) > value) {
      sorted[place] = sorted[place - 1] as number;
      place--;
    }
    sorted[place] = value;
  }
}

/** Of the sorted amounts' logarithms from their median: the next one is always beside those that are nearer to it. */
function medianDeviation(count: number, location: number): number {
  const middle = count >> 1;
  let below = middle - 1;
  let above = middle;
  let belowBy = location - logOf(below);
  let aboveBy = logOf(above) - location;
  let before = 0;
  let deviation = 0;
  for (let taken = 0; taken <= middle; taken++) {
    before = deviation;
    if (belowBy < aboveBy) {
      deviation = belowBy;
      belowBy = --below < 0 ? Number.POSITIVE_INFINITY : location - logOf(below);
    } else {
      deviation = aboveBy;
      aboveBy = ++above >= count ? Number.POSITIVE_INFINITY : logOf(above) - location;
    }
  }
  return count % 2 === 1 ? deviation : (before + deviation) / 2;
}

function hourShare(state: Float64Array, hour: number, known: Uint16Array | undefined): number | null {
  if ((state[PROFILE.eventCount] as number) < MIN_EVENTS_FOR_SHARE) return null;
  const hours = known ?? hoursOf(state);
  let total = 0;
  for (let index = 0; index < HOURS; index++) total += hours[index] as number;
  let around = 0;
  for (let index = hour + HOURS - 1; index <= hour + HOURS + 1; index++) around += hours[index % HOURS] as number;
  return around / total;
}

function channelShare(state: Float64Array, place: number): number | null {
  if ((state[PROFILE.eventCount] as number) < MIN_EVENTS_FOR_SHARE) return null;
  const end = KNOWN_AT + knownCount(state) * KNOWN_STRIDE;
  let total = 0;
  for (let index = KNOWN_AT; index < end; index += KNOWN_STRIDE)
    if (kindOf(state[index] as number) === CHANNEL) total += state[index + 1] as number;
  return total === 0 || place < 0 ? 0 : (state[place + 1] as number) / total;
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Great-circle distance (haversine) from the last located transaction, and the speed that it implies. */
function travelOf(
  state: Float64Array,
  event: ProfileEvent,
): { readonly distanceKm: number; readonly speedKmh: number } | undefined {
  const seconds = Math.abs(event.timeMs - (state[PROFILE.locatedMs] as number)) / 1000;
  if (Number.isNaN(event.lat) || !Number.isFinite(seconds)) return undefined;
  const lat = state[PROFILE.lat] as number;
  const a =
    Math.sin(radians(event.lat - lat) / 2) ** 2 +
    Math.cos(radians(lat)) *
      Math.cos(radians(event.lat)) *
      Math.sin(radians(event.lon - (state[PROFILE.lon] as number)) / 2) ** 2;
  const distanceKm = 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(a)));
  return { distanceKm, speedKmh: distanceKm / (Math.max(seconds, MIN_TRAVEL_SECONDS) / 3600) };
}
