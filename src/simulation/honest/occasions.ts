/**
 * Honest behaviour that looks like fraud, by how often it happens. Each occasion shares its signs with a scenario (named in
 * its comment), so that no rule and no model can be right every time.
 */

import { HOUR_MS } from '../calendar.ts';
import type { Customer } from '../customers.ts';
import { journeyMsOf } from '../draft.ts';
import { distanceKm } from '../geography.ts';
import type { YearlyOccasion } from '../parameters.ts';
import type { Occasion } from '../transaction-message.ts';
import { forgottenPassword, helpedByChild, newNumber, newPhone, vpnLogin } from './account-occasions.ts';
import { invoiceDay } from './firms.ts';
import {
  familyEmergency,
  groupCollection,
  houseDeposit,
  largeCounterWithdrawal,
  rentNewPayee,
} from './money-occasions.ts';
import { microPayments } from './purchases.ts';
import type { Session } from './scene.ts';

/** Starts the journey: the messages come from the habits, in another town. (counterfeit-card) */
function startTrip(occasion: 'domestic-trip' | 'foreign-holiday'): Session {
  return ({ world, customer, random }, atMs) => {
    const { places } = world;
    const isAbroad = occasion === 'foreign-holiday';
    const towns = isAbroad ? places.abroad : places.towns;
    const town = towns[random.weighted(isAbroad ? places.foreignVisits : places.domesticVisits)] ?? customer.town;
    if (town === customer.town || customer.trip !== null) return [];
    const journeyMs = journeyMsOf(distanceKm(customer.town.city, town.city));
    const fromMs = atMs + journeyMs;
    const days = isAbroad ? random.int(3, 8) : random.int(1, 4);
    customer.trip = { town, fromMs, untilMs: fromMs + days * 24 * HOUR_MS, journeyMs, occasion };
    return [];
  };
}

/** How much more often than the declared rate this customer has the occasion; 0 = never. */
export function inclination(occasion: Occasion, { segment }: Customer): number {
  const isFirm = segment === 'CORPORATE' || segment === 'SMALL_BUSINESS';
  if (occasion === 'invoice-day') return isFirm ? 1 : 0;
  if (occasion === 'large-counter-withdrawal' || occasion === 'helped-by-child') return segment === 'SENIOR' ? 1 : 0;
  if (occasion === 'micro-payments') return segment === 'STUDENT' ? 4 : isFirm ? 0 : 0.6;
  if (segment === 'CORPORATE') return 0;
  if (occasion === 'domestic-trip') return segment === 'STUDENT' ? 1.8 : segment === 'SENIOR' ? 0.5 : 1;
  if (occasion === 'house-deposit') return segment === 'STUDENT' ? 0 : segment === 'PRIVATE' ? 4 : 1;
  return 1;
}

export const OCCASION_SESSIONS: Readonly<Record<YearlyOccasion, Session>> = {
  'domestic-trip': startTrip('domestic-trip'),
  'foreign-holiday': startTrip('foreign-holiday'),
  'vpn-login': vpnLogin,
  'rent-new-payee': rentNewPayee,
  'new-phone': newPhone,
  'new-number': newNumber,
  'forgotten-password': forgottenPassword,
  'large-counter-withdrawal': largeCounterWithdrawal,
  'helped-by-child': helpedByChild,
  'house-deposit': houseDeposit,
  'family-emergency': familyEmergency,
  'group-collection': groupCollection,
  'micro-payments': microPayments,
  'invoice-day': invoiceDay,
};
