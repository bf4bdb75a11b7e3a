/** One honest customer's day: habits, wages, occasions, journeys, refunds. Draws only from the customer's own stream. */
import { CLOSES_AT_HOUR, DAY_MS, HOUR_MS, isBranchOpen, type LocalDay, MINUTE_MS, OPENS_AT_HOUR } from '../calendar.ts';
import type { Customer } from '../customers.ts';
import { HABITS } from '../customers.ts';
import { event, type World, yuan } from '../draft.ts';
import type { YearlyOccasion } from '../parameters.ts';
import type { Random } from '../random.ts';
import type { Draft, Occasion } from '../transaction-message.ts';
import { dormantReturns } from './account-occasions.ts';
import { payroll } from './firms.ts';
import { inclination, OCCASION_SESSIONS } from './occasions.ts';
import { festivalPurchases, sharedCardPurchase } from './purchases.ts';
import type { Scene } from './scene.ts';
import { SESSIONS } from './sessions.ts';

export type Put = (session: readonly Draft[]) => void;

/** Wages, occasions and refunds included: measured over 400,000 messages; a test holds the length of a run to ± 15 %. */
export const MESSAGES_PER_SESSION = 1.53;

const DAYS_PER_YEAR = 365;

export function honestDay(world: World, customer: Customer, day: LocalDay, random: Random, put: Put): void {
  random.restart('customerDay', customer.index, day.number);
  const scene: Scene = { world, customer, random };
  const emit = (drafts: Draft[], occasion: Occasion | null): void => {
    if (drafts.length > 0) put(withReturns(scene, tagged(drafts, occasion)));
  };
  endTrip(customer, day);
  if (customer.isDormant) {
    if (random.chance(world.parameters.bank.dormantReturnsPerYear / DAYS_PER_YEAR)) {
      emit(dormantReturns(scene, timeOfDay(customer, day, random)), 'dormant-returns');
    }
    return;
  }
  wages(scene, day, emit);
  yearlyOccasions(scene, day, emit);
  festival(scene, day, emit);
  habits(scene, day, emit);
}

type Emit = (drafts: Draft[], occasion: Occasion | null) => void;

function tagged(drafts: Draft[], occasion: Occasion | null): Draft[] {
  if (occasion !== null) for (const draft of drafts) draft.occasion = occasion;
  return drafts;
}

const timeOfDay = (customer: Customer, day: LocalDay, random: Random): number =>
  day.startMs + (random.weighted(customer.hours) + random.next()) * HOUR_MS;

function habits(scene: Scene, day: LocalDay, emit: Emit): void {
  const { world, customer, random } = scene;
  const count = random.poisson(customer.sessionsPerDay * dayFactor(customer, day));
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const habit = HABITS[random.weighted(customer.habits)] ?? 'look';
    const isCounter = habit === 'counter';
    const atMs = apart(times, isCounter ? openingTime(day, random) : timeOfDay(customer, day, random));
    if (isCounter && !isBranchOpen(atMs, world.parameters.bank.zoneOffsetMinutes)) continue;
    times.push(atMs);
    if (!isOnTheRoad(customer, atMs)) emit(SESSIONS[habit](scene, atMs), tripAt(customer, atMs));
    // the relative with the second card lives his own day
    if (customer.sharedCardTown !== null && random.chance(0.25)) {
      emit(sharedCardPurchase(scene, timeOfDay(customer, day, random)), 'shared-card');
    }
  }
}

const openingTime = (day: LocalDay, random: Random): number =>
  day.startMs + random.between(OPENS_AT_HOUR, CLOSES_AT_HOUR - 0.4) * HOUR_MS;

/** Nobody is in two shops within the same minute: a session begins at least 20 minutes before or after the others. */
function apart(times: readonly number[], atMs: number): number {
  let moved = atMs;
  for (let attempt = 0; attempt < 8 && times.some((time) => Math.abs(time - moved) < 20 * MINUTE_MS); attempt++) {
    moved += 25 * MINUTE_MS;
  }
  return moved;
}

/** Firms rest at weekends; people on a journey spend more. */
function dayFactor(customer: Customer, day: LocalDay): number {
  const isFirm = customer.segment === 'CORPORATE' || customer.segment === 'SMALL_BUSINESS';
  if (isFirm) return day.isWeekend ? 0.25 : 1.3;
  return customer.trip === null ? 1 : 1.8;
}

function isOnTheRoad({ trip }: Customer, atMs: number): boolean {
  if (trip === null) return false;
  return (
    (atMs >= trip.fromMs - trip.journeyMs && atMs < trip.fromMs) ||
    (atMs >= trip.untilMs && atMs < trip.untilMs + trip.journeyMs)
  );
}

const tripAt = ({ trip }: Customer, atMs: number): Occasion | null =>
  trip !== null && atMs >= trip.fromMs && atMs < trip.untilMs ? trip.occasion : null;

function endTrip(customer: Customer, day: LocalDay): void {
  if (customer.trip !== null && customer.trip.untilMs + customer.trip.journeyMs < day.startMs) customer.trip = null;
}

function wages({ world, customer, random }: Scene, day: LocalDay, emit: Emit): void {
  if (day.dayOfMonth !== customer.salaryDay) return;
  const scene: Scene = { world, customer, random };
  const atMs = day.startMs + random.between(8.5, 11.5) * HOUR_MS;
  if (customer.paysWages) emit(payroll(scene, atMs), 'payroll');
  if (customer.segment !== 'RETAIL' && customer.segment !== 'SENIOR' && customer.segment !== 'PRIVATE') return;
  const paid = event(customer, atMs, 'DIRECT_LINK', 'DEPOSIT', {
    ...yuan(customer.salaryYuan * random.between(0.95, 1.08)),
    counterparty: customer.employer,
    authentication: ['USB_KEY'],
    attributes: { purpose: customer.segment === 'SENIOR' ? 'PENSION' : 'SALARY' },
  });
  emit([paid], null);
}

/** Times of their own: counters and firms in office hours, emergencies at odd hours, everything else as usual. */
function occasionTime(occasion: YearlyOccasion, customer: Customer, day: LocalDay, random: Random): number {
  if (occasion === 'family-emergency' && random.chance(0.4)) return day.startMs + random.between(0, 6) * HOUR_MS;
  if (occasion === 'large-counter-withdrawal' || occasion === 'new-number' || occasion === 'invoice-day') {
    return openingTime(day, random);
  }
  return timeOfDay(customer, day, random);
}

function yearlyOccasions(scene: Scene, day: LocalDay, emit: Emit): void {
  const { world, customer, random } = scene;
  const rates = world.parameters.occasionsPerYear;
  for (const occasion of Object.keys(OCCASION_SESSIONS) as YearlyOccasion[]) {
    const rate = rates[occasion] * inclination(occasion, customer);
    if (!random.chance(rate / DAYS_PER_YEAR)) continue;
    const atMs = occasionTime(occasion, customer, day, random);
    if (!isOnTheRoad(customer, atMs)) emit(OCCASION_SESSIONS[occasion](scene, atMs), occasion);
  }
}

function festival(scene: Scene, day: LocalDay, emit: Emit): void {
  const { world, customer, random } = scene;
  const { days, share } = world.parameters.festival;
  if (!days.includes(day.monthDay) || customer.segment === 'CORPORATE' || !random.chance(share)) return;
  const hour = random.chance(0.5) ? random.between(0, 1.5) : random.between(19, 23.5);
  emit(festivalPurchases(scene, day.startMs + hour * HOUR_MS), 'shopping-festival');
}

const RETURNABLE: ReadonlySet<string> = new Set(['PURCHASE', 'PAYMENT']);

/** Some purchases are given back within days, some are reversed within minutes because the terminal timed out. */
function withReturns({ world, customer, random }: Scene, session: readonly Draft[]): readonly Draft[] {
  const { refundShare, reversalShare } = world.parameters.ordinary;
  const returns: Draft[] = [];
  for (const draft of session) {
    const { type, channel, merchant } = draft.message;
    const choice = random.next();
    if (choice < reversalShare && (RETURNABLE.has(type) || type === 'WITHDRAWAL')) {
      returns.push(takeBack(customer, draft, 'REVERSAL', draft.occurredAtMs + random.between(0.1, 6) * MINUTE_MS, 1));
    } else if (choice > 1 - refundShare && RETURNABLE.has(type) && merchant !== undefined && channel !== 'TV_BANKING') {
      const isPartial = random.chance(0.25);
      const atMs = draft.occurredAtMs + random.between(0.2, 10) * DAY_MS;
      returns.push(takeBack(customer, draft, 'REFUND', atMs, isPartial ? random.between(0.2, 0.9) : 1));
    }
  }
  return returns.length === 0 ? session : [...session, ...returns];
}

function takeBack(customer: Customer, draft: Draft, type: 'REFUND' | 'REVERSAL', atMs: number, share: number): Draft {
  const { message } = draft;
  const details: Parameters<typeof event>[4] = {
    amountMinor: Math.max(1, Math.round((message.amountMinor ?? 1) * share)),
  };
  for (const key of ['currency', 'merchant', 'terminalId', 'cardToken', 'counterparty'] as const) {
    if (message[key] !== undefined) Object.assign(details, { [key]: message[key] });
  }
  return event(customer, atMs, message.channel, type, details, draft);
}
