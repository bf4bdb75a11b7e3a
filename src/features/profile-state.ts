/**
 * What is kept of a customer, as one array of doubles with the same bytes in both stores: no transcendental function and
 * no rounding takes part in keeping it (those are in compute-profile.ts). Bounded: 784 bytes and at most 160 known things
 * of 24 bytes. Pure.
 */
import { MONETARY_TYPES, type Transaction, type TransactionType } from '../domain/transaction.ts';
import { hash53 } from './hash.ts';

/** Positions of single numbers. Times are milliseconds, −Infinity = never. */
export const PROFILE = {
  eventCount: 0,
  monetaryCount: 1,
  firstMs: 2,
  lastMs: 3,
  lastMonetaryMs: 4,
  /** −1 before the first */
  maxAmount: 5,
  /** six times: see EVENTS_OF_INTEREST */
  interest: 6,
  lat: 12,
  lon: 13,
  locatedMs: 14,
  /** how many known things of each kind: see KNOWN_KINDS */
  known: 15,
  /** the last amounts, a ring: the n-th amount is at ring + n mod RING */
  ring: 24,
} as const;

export const RING = 32;
const HOURS_AT = PROFILE.ring + RING;
export const HOURS = 168;
/** 168 counters of 16 bits */
const HOURS_BYTES = HOURS * 2;
export const KNOWN_AT = HOURS_AT + HOURS_BYTES / 8;
/** hash with the kind in its low three bits, first seen, last seen (a channel: how often, last seen) */
export const KNOWN_STRIDE = 3;
export const MAX_HOUR = 65_535;

export const EVENTS_OF_INTEREST: readonly TransactionType[] = [
  'LOGIN',
  'PASSWORD_CHANGE',
  'PAYEE_ADD',
  'DEVICE_BIND',
  'LIMIT_CHANGE',
  'CONTACT_CHANGE',
];

export const KNOWN_KINDS = ['device', 'payee', 'ip', 'place', 'country', 'channel'] as const;
export type KnownKind = (typeof KNOWN_KINDS)[number];
export const KNOWN_CAPS: readonly number[] = [16, 64, 32, 16, 16, 16];

export const hoursOf = (state: Float64Array): Uint16Array =>
  new Uint16Array(state.buffer, state.byteOffset + HOURS_AT * 8, HOURS);

/** What one transaction brings to the profile. Reused: one object per store. */
export interface ProfileEvent {
  timeMs: number;
  /** −1: not monetary */
  amount: number;
  /** index into EVENTS_OF_INTEREST, −1 = none */
  interest: number;
  /** 0 … 167 from Monday 0 h in the bank's zone */
  hourOfWeek: number;
  lat: number;
  lon: number;
  /** by KNOWN_KINDS; 0 = the transaction names none */
  known: Float64Array;
  /** money that arrives makes no payee: a payment of one cent must not make a stranger known */
  learnsPayee: boolean;
}

export const createProfileEvent = (): ProfileEvent => ({
  timeMs: 0,
  amount: -1,
  interest: -1,
  hourOfWeek: 0,
  lat: Number.NaN,
  lon: Number.NaN,
  known: new Float64Array(KNOWN_KINDS.length),
  learnsPayee: false,
});

const PAYER_TYPES: ReadonlySet<TransactionType> = new Set(['DEPOSIT', 'REFUND', 'REVERSAL']);
const HOUR_MS = 3_600_000;
/** 1970-01-01 was a Thursday: 72 hours after Monday 0 h */
const EPOCH_HOUR_OF_WEEK = 72;

export function readProfileEvent(event: ProfileEvent, transaction: Transaction, zoneOffsetMinutes: number): void {
  const { device, counterparty, location } = transaction;
  event.timeMs = transaction.occurredAtMs;
  event.amount = MONETARY_TYPES.has(transaction.type) ? (transaction.amountMinor ?? -1) : -1;
  event.interest = EVENTS_OF_INTEREST.indexOf(transaction.type);
  const hour = Math.floor((transaction.occurredAtMs + zoneOffsetMinutes * 60_000) / HOUR_MS) + EPOCH_HOUR_OF_WEEK;
  event.hourOfWeek = ((hour % HOURS) + HOURS) % HOURS;
  event.lat = location?.lat ?? Number.NaN;
  event.lon = location?.lon ?? Number.NaN;
  event.learnsPayee = !PAYER_TYPES.has(transaction.type);
  event.known[0] = knownHash(0, device?.id);
  event.known[1] = knownHash(1, counterparty?.accountId);
  event.known[2] = knownHash(2, device?.ip);
  event.known[3] = knownHash(3, placeOf(event.lat, event.lon));
  event.known[4] = knownHash(4, location?.country);
  event.known[5] = knownHash(5, transaction.channel);
}

/** The kind in the low three bits of the hash, so that one list holds all kinds. */
const knownHash = (kind: number, text: string | undefined): number =>
  text === undefined ? 0 : Math.floor(hash53(text) / 8) * 8 + kind + (hash53(text) < 8 ? 8 : 0);

/** A tenth of a degree: about 11 km from north to south, the size of a town. */
const placeOf = (lat: number, lon: number): string | undefined =>
  Number.isNaN(lat) ? undefined : `${Math.floor(lat * 10)}/${Math.floor(lon * 10)}`;

export function createProfile(): Float64Array {
  const state = new Float64Array(KNOWN_AT + 6 * KNOWN_STRIDE);
  clearProfile(state);
  return state;
}

export function clearProfile(state: Float64Array): void {
  state.fill(0, 0, KNOWN_AT);
  state.fill(Number.NEGATIVE_INFINITY, PROFILE.firstMs, PROFILE.known);
  state[PROFILE.firstMs] = Number.POSITIVE_INFINITY;
  state[PROFILE.maxAmount] = -1;
}

const at = (state: Float64Array, index: number): number => state[index] as number;

/** How many known things there are, of all kinds. */
export function knownCount(state: Float64Array): number {
  let count = 0;
  for (let kind = 0; kind < KNOWN_KINDS.length; kind++) count += at(state, PROFILE.known + kind);
  return count;
}

/** Position of a known thing's three numbers, −1 when it is not known. */
export function findKnown(state: Float64Array, hash: number): number {
  const end = KNOWN_AT + knownCount(state) * KNOWN_STRIDE;
  for (let index = KNOWN_AT; index < end; index += KNOWN_STRIDE) if (at(state, index) === hash) return index;
  return -1;
}

export const kindOf = (hash: number): number => hash & 7;

/** Positions of what an event names, by kind, −1 where it is not known: one look at the list for all of them. */
export function findEach(state: Float64Array, event: ProfileEvent, places: Int32Array): void {
  const { known } = event;
  const end = KNOWN_AT + knownCount(state) * KNOWN_STRIDE;
  places.fill(-1);
  for (let index = KNOWN_AT; index < end; index += KNOWN_STRIDE) {
    const hash = at(state, index);
    const kind = kindOf(hash);
    if (known[kind] === hash) places[kind] = index;
  }
}

const found = new Int32Array(KNOWN_KINDS.length);

/** Adds one event; answers the state, which is another array when it had to grow. `hours`: hoursOf(state), if it is there. */
export function updateProfile(state: Float64Array, event: ProfileEvent, hours = hoursOf(state)): Float64Array {
  const t = event.timeMs;
  state[PROFILE.eventCount] = at(state, PROFILE.eventCount) + 1;
  state[PROFILE.firstMs] = Math.min(at(state, PROFILE.firstMs), t);
  state[PROFILE.lastMs] = Math.max(at(state, PROFILE.lastMs), t);
  if (event.amount >= 0) {
    const count = at(state, PROFILE.monetaryCount);
    state[PROFILE.ring + (count % RING)] = event.amount;
    state[PROFILE.monetaryCount] = count + 1;
    state[PROFILE.lastMonetaryMs] = Math.max(at(state, PROFILE.lastMonetaryMs), t);
    state[PROFILE.maxAmount] = Math.max(at(state, PROFILE.maxAmount), event.amount);
  }
  const interest = PROFILE.interest + event.interest;
  if (event.interest >= 0) state[interest] = Math.max(at(state, interest), t);
  if (!Number.isNaN(event.lat) && t >= at(state, PROFILE.locatedMs)) {
    state[PROFILE.lat] = event.lat;
    state[PROFILE.lon] = event.lon;
    state[PROFILE.locatedMs] = t;
  }
  countHour(hours, event.hourOfWeek);
  // what is learnt stands behind what was known, or in the place of one of its own kind
  findEach(state, event, found);
  let grown = state;
  for (let kind = 0; kind < KNOWN_KINDS.length; kind++) {
    const hash = at(event.known, kind);
    if (hash !== 0 && (kind !== 1 || event.learnsPayee)) grown = learn(grown, kind, found[kind] as number, hash, t);
  }
  return grown;
}

/** A full counter halves all: the shares stay. */
function countHour(hours: Uint16Array, hour: number): void {
  if (hours[hour] === MAX_HOUR) for (let index = 0; index < HOURS; index++) hours[index] = (hours[index] ?? 0) >> 1;
  hours[hour] = (hours[hour] ?? 0) + 1;
}

export const CHANNEL = KNOWN_KINDS.indexOf('channel');

/** `place`: where it is known, −1 where it is not. */
function learn(state: Float64Array, kind: number, place: number, hash: number, t: number): Float64Array {
  if (place >= 0) {
    state[place + 1] = kind === CHANNEL ? at(state, place + 1) + 1 : Math.min(at(state, place + 1), t);
    state[place + 2] = Math.max(at(state, place + 2), t);
    return state;
  }
  const count = at(state, PROFILE.known + kind);
  let target = state;
  let slot = KNOWN_AT + knownCount(state) * KNOWN_STRIDE;
  if (count >= (KNOWN_CAPS[kind] ?? 0)) slot = leastRecent(state, kind);
  else {
    if (slot + KNOWN_STRIDE > state.length) {
      target = new Float64Array(state.length + 8 * KNOWN_STRIDE);
      target.set(state);
    }
    target[PROFILE.known + kind] = count + 1;
  }
  target[slot] = hash;
  target[slot + 1] = kind === CHANNEL ? 1 : t;
  target[slot + 2] = t;
  return target;
}

/** The thing of this kind that was seen longest ago gives way; the first of equals. */
function leastRecent(state: Float64Array, kind: number): number {
  const end = KNOWN_AT + knownCount(state) * KNOWN_STRIDE;
  let oldest = -1;
  for (let index = KNOWN_AT; index < end; index += KNOWN_STRIDE) {
    if (kindOf(at(state, index)) !== kind) continue;
    if (oldest === -1 || at(state, index + 2) < at(state, oldest + 2)) oldest = index;
  }
  return oldest;
}
