/**
 * The profile of a customer as rules and the model see it, derived from the kept state and the current transaction.
 * All logarithms, exponentials and angles of the feature engine are here, on the TypeScript side, so that both stores
 * give the same bits. Pure.
 */
import type { Profile } from '../domain/feature.ts';
import {
  findKnown,
  HOURS,
  hoursOf,
  KNOWN_AT,
  KNOWN_STRIDE,
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

/** `state` is what was kept before this transaction. */
export function computeProfile(state: Float64Array, event: ProfileEvent): Profile {
  const at = (index: number): number => state[index] as number;
  const since = (index: number): number | null => secondsBetween(at(index), event.timeMs);
  const amounts = amountsOf(state, event.amount);
  const travel = travelOf(state, event);
  const device = findIf(state, event, 0);
  const payee = findIf(state, event, 1);
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
    hourShare: hourShare(state, event.hourOfWeek),
    channelShare: channelShare(state, event),
    deviceKnown: isKnown(device),
    deviceAgeSeconds: ageOf(state, device, event.timeMs),
    payeeKnown: isKnown(payee),
    payeeAgeSeconds: ageOf(state, payee, event.timeMs),
    ipKnown: isKnown(findIf(state, event, 2)),
    placeKnown: isKnown(findIf(state, event, 3)),
    countryKnown: isKnown(findIf(state, event, 4)),
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
const findIf = (state: Float64Array, event: ProfileEvent, kind: number): number | undefined =>
  event.known[kind] === 0 ? undefined : findKnown(state, event.known[kind] as number);
const isKnown = (place: number | undefined): boolean | null => (place === undefined ? null : place >= 0);
const ageOf = (state: Float64Array, place: number | undefined, timeMs: number): number | null =>
  place === undefined || place < 0 ? null : secondsBetween(state[place + 1] as number, timeMs);

const sorted = new Float64Array(RING);

/** Median and median absolute deviation of log(1 + amount) over the last 32 amounts: one outlier moves neither. */
function amountsOf(
  state: Float64Array,
  amount: number,
): { readonly typical: number | null; readonly z: number | null; readonly ratio: number | null } {
  const count = Math.min(RING, state[PROFILE.monetaryCount] as number);
  if (count === 0) return { typical: null, z: null, ratio: null };
  for (let index = 0; index < count; index++) sorted[index] = Math.log(1 + (state[PROFILE.ring + index] as number));
  const location = medianOfFirst(count);
  const typical = Math.exp(location);
  if (amount < 0) return { typical, z: null, ratio: null };
  const ratio = amount / typical;
  if (count < MIN_AMOUNTS) return { typical, z: null, ratio };
  for (let index = 0; index < count; index++) sorted[index] = Math.abs((sorted[index] as number) - location);
  const scale = MAD_TO_SIGMA * medianOfFirst(count);
  return { typical, z: (Math.log(1 + amount) - location) / Math.max(scale, SCALE_FLOOR), ratio };
}

/** Sorts the first `count` numbers of the scratch array (insertion: at most 32) and answers their median. */
function medianOfFirst(count: number): number {
  for (let index = 1; index < count; index++) {
    const value = sorted[index] as number;
    let place = index;
    while (place > 0 && (sorted[place - 1] as number) > value) {
      sorted[place] = sorted[place - 1] as number;
      place--;
    }
    sorted[place] = value;
  }
  const middle = count >> 1;
  return count % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

function hourShare(state: Float64Array, hour: number): number | null {
  if ((state[PROFILE.eventCount] as number) < MIN_EVENTS_FOR_SHARE) return null;
  const hours = hoursOf(state);
  let total = 0;
  for (let index = 0; index < HOURS; index++) total += hours[index] as number;
  const around = [hour + HOURS - 1, hour, hour + 1].reduce((sum, index) => sum + (hours[index % HOURS] as number), 0);
  return around / total;
}

function channelShare(state: Float64Array, event: ProfileEvent): number | null {
  if ((state[PROFILE.eventCount] as number) < MIN_EVENTS_FOR_SHARE) return null;
  const end = KNOWN_AT + knownCount(state) * KNOWN_STRIDE;
  let total = 0;
  let own = 0;
  for (let index = KNOWN_AT; index < end; index += KNOWN_STRIDE) {
    if ((state[index] as number) % 8 !== 5) continue;
    total += state[index + 1] as number;
    if (state[index] === event.known[5]) own = state[index + 1] as number;
  }
  return total === 0 ? 0 : own / total;
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
