/**
 * Honest behaviour that looks like fraud. Each occasion shares its signs with a scenario (named in the comment), so that no
 * rule and no model can be right every time.
 */
import { HOUR_MS, MINUTE_MS } from '../calendar.ts';
import { type Customer, newDevice, type Payee, payeeOf, publicIp } from '../customers.ts';
import {
  atBranch,
  atShop,
  basket,
  CHIP_AND_PIN,
  event,
  fromOwnDevice,
  IN_PERSON,
  journeyMsOf,
  PASSWORD,
  PASSWORD_AND_SMS,
  roundSum,
  USB_KEY,
  yuan,
} from '../draft.ts';
import { distanceKm } from '../geography.ts';
import type { YearlyOccasion } from '../parameters.ts';
import type { Draft, Occasion } from '../transaction-message.ts';
import { addPayee, firmAmountYuan, login, type Scene, type Session, transferTo, usualPayee } from './sessions.ts';

const APPS = ['MOBILE_BANKING', 'MOBILE_BANKING', 'ONLINE_BANKING', 'WECHAT_BANKING'] as const;
const gap = (scene: Scene, minutes: number): number => (0.3 + scene.random.exponential(minutes)) * MINUTE_MS;
const end = (drafts: readonly Draft[]): number => drafts.at(-1)?.occurredAtMs ?? 0;

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

/** A login through a foreign exit, half of them with a payment after it. (account-takeover) */
const vpnLogin: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const session = login(scene, atMs, customer.remoteChannel);
  const ip = publicIp(random);
  for (const { message } of session) {
    if (message.device !== undefined) message.device = { ...message.device, ip };
    delete message.location;
  }
  if (random.chance(0.5)) {
    transferTo(scene, session, customer.remoteChannel, usualPayee(customer, random), random.logNormal(900, 0.9));
  }
  return session;
};

/** Deposit and first rent to a landlord added a minute before. (telecom-scam, account-takeover) */
const rentNewPayee: Session = (scene, atMs) => {
  const { random } = scene;
  const channel = random.pick(APPS);
  const session = login(scene, atMs, channel);
  const landlord = addPayee(scene, session, channel);
  const rent = roundSum(random, random.logNormal(2600, 0.45));
  if (random.chance(0.5)) transferTo(scene, session, channel, landlord, rent);
  transferTo(scene, session, channel, landlord, rent * random.int(1, 3));
  return session;
};

/** The phone is bought, bound, and used at once for something large. (account-takeover, sim-swap) */
const newPhone: Session = (scene, atMs) => {
  const { world, customer, random } = scene;
  const shop = random.pick(world.places.phoneShops);
  const bought = event(customer, atMs, 'CREDIT_CARD', 'PURCHASE', {
    cardToken: customer.creditCard ?? customer.debitCard,
    ...atShop(shop, random),
    ...basket(shop, random, 1),
    authentication: CHIP_AND_PIN,
  });
  const device = newDevice(random);
  customer.devices[0] = device;
  const channel = customer.remoteChannel === 'ONLINE_BANKING' ? 'MOBILE_BANKING' : customer.remoteChannel;
  const bindAt = atMs + random.between(0.5, 30) * HOUR_MS;
  const bound = event(customer, bindAt, channel, 'DEVICE_BIND', {
    ...fromOwnDevice(customer, random, bindAt, device),
    authentication: PASSWORD_AND_SMS,
  });
  const session = [bound, ...login(scene, bindAt + gap(scene, 2), channel, device)];
  if (random.chance(0.25)) passwordChange(scene, session, channel);
  if (random.chance(0.7)) {
    const payee = random.chance(0.3) ? addPayee(scene, session, channel) : usualPayee(customer, random);
    transferTo(scene, session, channel, payee, roundSum(random, random.logNormal(4200, 0.9)));
  }
  return [bought, ...session];
};

function passwordChange(scene: Scene, session: Draft[], channel: string): void {
  const last = session.at(-1)?.message.device;
  session.push(
    event(scene.customer, end(session) + gap(scene, 1.5), channel, 'PASSWORD_CHANGE', {
      ...(last === undefined ? {} : { device: last }),
      authentication: PASSWORD_AND_SMS,
    }),
  );
}

/** A new number, often with a new phone and a payment on the same day. (sim-swap) */
const newNumber: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const place = random.chance(0.5) ? { channel: 'COUNTER', details: atBranch(customer.branch) } : null;
  const changed = event(customer, atMs, place?.channel ?? 'PHONE_BANKING', 'CONTACT_CHANGE', {
    ...(place?.details ?? {}),
    authentication: place === null ? ['PHONE_PASSWORD'] : IN_PERSON,
    attributes: { contact: 'PHONE' },
  });
  const at = atMs + random.between(0.2, 8) * HOUR_MS;
  const device = random.chance(0.5) ? newDevice(random) : undefined;
  const session: Draft[] = [];
  if (device !== undefined) {
    customer.devices[0] = device;
    const details = { ...fromOwnDevice(customer, random, at, device), authentication: PASSWORD_AND_SMS };
    session.push(event(customer, at, 'MOBILE_BANKING', 'DEVICE_BIND', details));
  }
  session.push(...login(scene, at + gap(scene, 3), 'MOBILE_BANKING', device));
  if (random.chance(0.4)) passwordChange(scene, session, 'MOBILE_BANKING');
  if (random.chance(0.5)) {
    const amount = roundSum(random, random.logNormal(2800, 1));
    transferTo(scene, session, 'MOBILE_BANKING', usualPayee(customer, random), amount);
  }
  return [changed, ...session];
};

/** Two or three wrong passwords, a reset, and then the transfer that was in a hurry. (account-takeover) */
const forgottenPassword: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const channel = random.pick(APPS);
  const origin = fromOwnDevice(customer, random, atMs);
  let at = atMs;
  const session = Array.from({ length: random.int(2, 3) }, () => {
    at += gap(scene, 0.4);
    return event(customer, at, channel, 'LOGIN', {
      ...origin,
      authentication: PASSWORD,
      attributes: { result: 'FAILED' },
    });
  });
  passwordChange(scene, session, channel);
  session.push(
    event(customer, end(session) + gap(scene, 0.5), channel, 'LOGIN', {
      ...origin,
      authentication: PASSWORD,
      attributes: { result: 'OK' },
    }),
  );
  const payee = random.chance(0.25) ? addPayee(scene, session, channel) : usualPayee(customer, random);
  transferTo(scene, session, channel, payee, roundSum(random, random.logNormal(3200 * customer.spending, 0.9)));
  return session;
};

/** Savings in cash, before a holiday or for a wedding. (telecom-scam at the counter) */
const largeCounterWithdrawal: Session = ({ customer, random }, atMs) => [
  event(customer, atMs, 'COUNTER', 'WITHDRAWAL', {
    ...atBranch(customer.branch),
    ...yuan(Math.round(Math.min(49_000, random.logNormal(24_000, 0.5)) / 1000) * 1000 || 1000),
    authentication: IN_PERSON,
  }),
];

/** A daughter or son sets up the new phone and moves savings to a safer place. (account-takeover, telecom-scam) */
const helpedByChild: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const device = newDevice(random);
  customer.devices.unshift(device);
  if (customer.devices.length > 4) customer.devices.pop();
  const details = { ...fromOwnDevice(customer, random, atMs, device), authentication: PASSWORD_AND_SMS };
  const session = [event(customer, atMs, 'MOBILE_BANKING', 'DEVICE_BIND', details)];
  session.push(...login(scene, end(session) + gap(scene, 4), 'MOBILE_BANKING', device));
  const child = random.chance(0.5) ? addPayee(scene, session, 'MOBILE_BANKING') : usualPayee(customer, random);
  const amount = roundSum(random, customer.balanceYuan * random.between(0.1, 0.7));
  transferTo(scene, session, 'MOBILE_BANKING', child, Math.min(amount, 50_000));
  return session;
};

/** One large sum in pieces below the daily limit, over the channels at hand. (threshold-splitting) */
const houseDeposit: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const seller = payeeOf(random, scene.world.customers.length);
  customer.payees.push(seller);
  let at = atMs;
  return Array.from({ length: random.int(2, 4) }, () => {
    const amount = random.pick([49_000, 49_900, 48_000, 45_000, 40_000, 30_000]);
    const isCounter = random.chance(0.2);
    const draft = event(customer, at, isCounter ? 'COUNTER' : random.pick(APPS), 'TRANSFER', {
      ...(isCounter ? atBranch(customer.branch) : fromOwnDevice(customer, random, at)),
      ...yuan(amount),
      counterparty: seller,
      authentication: isCounter ? IN_PERSON : USB_KEY,
    });
    at += random.chance(0.6) ? gap(scene, 20) : random.between(18, 26) * HOUR_MS;
    return draft;
  });
};

/** A large transfer to a new payee, at night or while somebody is on the telephone. (telecom-scam) */
const familyEmergency: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const session = login(scene, atMs, 'MOBILE_BANKING');
  if (random.chance(0.4)) for (const { message } of session) message.attributes = { result: 'OK', onCall: true };
  const payee = random.chance(0.7) ? addPayee(scene, session, 'MOBILE_BANKING') : usualPayee(customer, random);
  const amount = Math.min(50_000, roundSum(random, customer.balanceYuan * random.between(0.15, 0.8)));
  transferTo(scene, session, 'MOBILE_BANKING', payee, amount);
  if (random.chance(0.3)) transferTo(scene, session, 'MOBILE_BANKING', payee, roundSum(random, amount * 0.5));
  return session;
};

/** Many senders within hours, then most of it leaves again: gifts, class trips, group purchases. (mule-account) */
const groupCollection: Session = (scene, atMs) => {
  const { world, customer, random } = scene;
  const gift = random.pick([88, 100, 188, 200, 300, 520, 600, 1000]);
  let at = atMs;
  const drafts = Array.from({ length: random.int(4, 12) }, () => {
    at += gap(scene, 14);
    return event(customer, at, random.pick(['THIRD_PARTY_PAYMENT', 'MOBILE_BANKING', 'QR_CODE']), 'DEPOSIT', {
      ...yuan(gift * random.pick([1, 1, 1, 2])),
      counterparty: payeeOf(random, world.customers.length),
      authentication: PASSWORD,
    });
  });
  const total = drafts.reduce((sum, draft) => sum + (draft.message.amountMinor ?? 0), 0) / 100;
  const session = login(scene, at + random.between(0.3, 10) * HOUR_MS, 'MOBILE_BANKING');
  const payee = random.chance(0.4) ? addPayee(scene, session, 'MOBILE_BANKING') : usualPayee(customer, random);
  transferTo(scene, session, 'MOBILE_BANKING', payee, roundSum(random, total * random.between(0.7, 1)));
  return [...drafts, ...session];
};

/** Small sums to one digital shop in a few minutes. (card-testing) */
const microPayments: Session = ({ world, customer, random }, atMs) => {
  const shop = random.pick(world.places.digitalShops);
  const origin = fromOwnDevice(customer, random, atMs);
  const isCard = customer.creditCard !== null && random.chance(0.4);
  let at = atMs;
  return Array.from({ length: random.int(3, 8) }, () => {
    at += (0.2 + random.exponential(1.5)) * MINUTE_MS;
    return event(customer, at, isCard ? 'CREDIT_CARD' : 'THIRD_PARTY_PAYMENT', isCard ? 'PURCHASE' : 'PAYMENT', {
      ...origin,
      ...(isCard ? { cardToken: customer.creditCard ?? customer.debitCard } : {}),
      ...atShop(shop, random),
      ...yuan(random.pick([1, 3, 6, 6, 12, 18, 30, 68])),
      authentication: PASSWORD,
    });
  });
};

/** Suppliers are paid within the hour, some for the first time. (mule cash-out, account-takeover of a firm) */
const invoiceDay: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const session = login(scene, atMs, 'CORPORATE_ONLINE_BANKING');
  for (let count = random.int(4, 8); count > 0; count--) {
    const payee = random.chance(0.25)
      ? addPayee(scene, session, 'CORPORATE_ONLINE_BANKING')
      : usualPayee(customer, random);
    transferTo(scene, session, 'CORPORATE_ONLINE_BANKING', payee, Math.round(firmAmountYuan(customer, random)));
  }
  return session;
};

/** Wages: one message per employee within a minute or two. (bursts of transfers) */
export const payroll: Session = ({ customer, random }, atMs) => {
  const channel = customer.segment === 'CORPORATE' ? 'DIRECT_LINK' : 'CORPORATE_ONLINE_BANKING';
  let at = atMs;
  return customer.employees.map((employee: Payee) => {
    at += random.between(0.5, 9) * 1000;
    return event(customer, at, channel, 'TRANSFER', {
      ...yuan(Math.round(random.logNormal(6200, 0.35))),
      counterparty: employee,
      authentication: USB_KEY,
      attributes: { purpose: 'SALARY' },
    });
  });
};

/** Purchases in the first hour of the sale or in its evening. (card-testing, night) */
export const festivalPurchases: Session = ({ world, customer, random }, atMs) => {
  const [low, high] = world.parameters.festival.purchases;
  let at = atMs;
  return Array.from({ length: random.int(low, high) }, () => {
    at += (0.5 + random.exponential(6)) * MINUTE_MS;
    const shop = random.pick(world.places.webShops);
    const isCard = customer.creditCard !== null && random.chance(0.3);
    return event(customer, at, isCard ? 'CREDIT_CARD' : 'THIRD_PARTY_PAYMENT', isCard ? 'PURCHASE' : 'PAYMENT', {
      ...(isCard ? { cardToken: customer.creditCard ?? customer.debitCard } : fromOwnDevice(customer, random, at)),
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending * 1.8),
      authentication: isCard ? PASSWORD_AND_SMS : PASSWORD,
    });
  });
};

/** A relative pays with the second card, far away, while the owner pays at home. (counterfeit-card) */
export const sharedCardPurchase: Session = ({ customer, random }, atMs) => {
  const town = customer.sharedCardTown ?? customer.town;
  const shop = random.pick(town.shops);
  return [
    event(customer, atMs, customer.creditCard === null ? 'POS' : 'CREDIT_CARD', 'PURCHASE', {
      cardToken: customer.creditCard ?? customer.debitCard,
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending * 1.3),
      authentication: CHIP_AND_PIN,
    }),
  ];
};

/** The owner of an unused account comes back: login on a new phone, then the money is used. (dormant-woken) */
export const dormantReturns: Session = (scene, atMs) => {
  const { customer, random } = scene;
  if (random.chance(0.35)) {
    const amount = roundSum(random, customer.balanceYuan * random.between(0.1, 0.9));
    return [
      event(customer, atMs, 'COUNTER', 'WITHDRAWAL', {
        ...atBranch(customer.branch),
        ...yuan(Math.max(100, Math.min(amount, 48_000))),
        authentication: IN_PERSON,
      }),
    ];
  }
  const device = newDevice(random);
  customer.devices[0] = device;
  const session = login(scene, atMs, 'MOBILE_BANKING', device);
  if (random.chance(0.5)) passwordChange(scene, session, 'MOBILE_BANKING');
  const payee = random.chance(0.5) ? addPayee(scene, session, 'MOBILE_BANKING') : usualPayee(customer, random);
  const amount = roundSum(random, customer.balanceYuan * random.between(0.05, 0.8));
  transferTo(scene, session, 'MOBILE_BANKING', payee, Math.min(amount, 50_000));
  return session;
};

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
