/**
 * The bank in real time, at a gentle rate: what happens now, at the hour that it is now in the bank's zone. A bank of 2,000
 * customers would send one message in 90 seconds; to send several a second its days are run through faster, and only the
 * sessions are taken that fit: begun at this hour of the day, by a customer who was not seen a moment ago and can be where
 * the session is. Sessions stay whole, with the gaps between their messages (the long ones shortened), so that velocity,
 * distance and order mean what they mean in the history. Ids go on after those of the history.
 */

import type { SimulatedBank, SimulatedTransaction } from './bank.ts';
import { HOUR_MS, MINUTE_MS } from './calendar.ts';
import { distanceKm } from './geography.ts';
import { type Pacing, sleepByTimer } from './pace.ts';
import { createRandom } from './random.ts';
import type { Draft } from './transaction-message.ts';

export interface LiveOptions extends Pacing {
  /** seed of the gaps between the sessions */
  readonly seed?: number;
}

/** Longer waits inside a session (a refund after days, a patient thief) are shortened to this. */
const MAX_GAP_MS = 90_000;
const MAX_PAUSE_MS = 20 * MINUTE_MS;
/** At a high rate every customer must come more often: a third of the mean time between two sessions of one customer. */
const pauseMsOf = (customers: number, ratePerSecond: number): number =>
  Math.min(MAX_PAUSE_MS, ((customers / ratePerSecond) * 1000) / 3);
/** Faster than an airliner with the way to the airport. */
const PLAUSIBLE_KMH = 600;
const TOWN_KM = 50;
const STALL_MS = 5000;
/** So many days without one session that fits: the hour is given up (a tiny bank in the small hours), then the rest. */
const MAX_DAYS_WITHOUT = 40;

interface Due {
  readonly atMs: number;
  readonly draft: Draft;
}

export async function* liveStream(
  bank: SimulatedBank,
  options: LiveOptions,
): AsyncGenerator<SimulatedTransaction, void, undefined> {
  const { ratePerSecond, clock, signal, sleep = sleepByTimer } = options;
  const random = createRandom(options.seed ?? 1, 'live');
  const choose = createChooser(bank, pauseMsOf(bank.customers, ratePerSecond));
  const queue: Due[] = [];
  // times of the stream; a stall moves them all
  let shiftMs = 0;
  let nextSessionMs = clock.now();
  while (!signal.aborted) {
    for (let head = queue[0]; head === undefined || nextSessionMs <= head.atMs; head = queue[0]) {
      const session = choose(nextSessionMs + shiftMs);
      enqueue(queue, session, nextSessionMs);
      nextSessionMs += random.exponential((session.length * 1000) / ratePerSecond);
    }
    const due = queue.shift();
    if (due === undefined) return;
    const waitMs = due.atMs + shiftMs - clock.now();
    if (waitMs > 0) await sleep(waitMs, signal);
    else if (waitMs < -STALL_MS) shiftMs -= waitMs;
    if (signal.aborted) return;
    yield bank.finish(due.draft, clock.now());
  }
}

/** Keeps the queue in order of time; equal times stay in order of entry. */
function enqueue(queue: Due[], session: readonly Draft[], startMs: number): void {
  let atMs = startMs;
  let before = session[0]?.occurredAtMs ?? 0;
  for (const draft of session) {
    atMs += Math.min(MAX_GAP_MS, Math.max(0, draft.occurredAtMs - before));
    before = draft.occurredAtMs;
    let position = queue.length;
    while (position > 0 && (queue[position - 1]?.atMs ?? 0) > atMs) position -= 1;
    queue.splice(position, 0, { atMs, draft });
  }
}

interface Seen {
  readonly atMs: number;
  readonly place: { readonly lat: number; readonly lon: number } | null;
}

/** The next session that fits a moment. */
function createChooser(bank: SimulatedBank, pauseMs: number): (atMs: number) => readonly Draft[] {
  const sessions = bank.sessions();
  const seen = new Map<string, Seen>();
  let given = 0;
  let episodes = 0;

  const fits = (session: readonly Draft[], atMs: number, isAnyHour: boolean): boolean => {
    const first = session[0];
    if (first === undefined || (!isAnyHour && hoursApart(first.occurredAtMs, atMs) > 1)) return false;
    if (session.some((draft) => draft.scenario !== null)) {
      // at night there are more thieves awake than customers: the declared share holds all the same
      return episodes <= (given / 1000) * bank.episodesPerThousand;
    }
    const place = placeOf(session);
    // days between two messages become a minute: both must be in the same town
    const isOneTown = session.every(
      ({ message: { location } }) => place === null || location === undefined || distanceKm(place, location) < TOWN_KM,
    );
    if (!isOneTown) return false;
    const last = seen.get(first.message.customerId);
    if (last === undefined) return true;
    const hours = (atMs - last.atMs) / HOUR_MS;
    if (atMs - last.atMs < pauseMs) return false;
    if (place === null || last.place === null || first.occasion === 'shared-card') return true;
    return distanceKm(place, last.place) <= TOWN_KM + PLAUSIBLE_KMH * hours;
  };
  const take = (session: readonly Draft[], atMs: number): readonly Draft[] => {
    given += session.length;
    if (session.some((draft) => draft.scenario !== null)) episodes += 1;
    for (const { message } of session) {
      const place = message.location ?? seen.get(message.customerId)?.place ?? null;
      seen.set(message.customerId, { atMs, place });
    }
    return session;
  };

  return (atMs) => {
    let days = 0;
    for (let day = -1; ; ) {
      const { value } = sessions.next();
      if (value === undefined) return [];
      if (value.day !== day) {
        day = value.day;
        days += 1;
      }
      const isLastResort = days > 2 * MAX_DAYS_WITHOUT && value.drafts.length > 0;
      if (isLastResort || fits(value.drafts, atMs, days > MAX_DAYS_WITHOUT)) return take(value.drafts, atMs);
    }
  };
}

const placeOf = (session: readonly Draft[]): Seen['place'] =>
  session.find((draft) => draft.message.location !== undefined)?.message.location ?? null;

/** Distance of two times of day on the clock face; the zone cancels out. */
export function hoursApart(aMs: number, bMs: number): number {
  const hours = Math.abs((aMs - bMs) / HOUR_MS) % 24;
  return Math.min(hours, 24 - hours);
}
