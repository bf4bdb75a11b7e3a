/**
 * What an honest customer does in one session, one function per habit. Each takes the time of the start and returns the
 * messages of the session in order of time.
 */
import type { Customer, Habit, Payee, Phone } from '../customers.ts';
import { newDevice, payeeOf } from '../customers.ts';
import {
  atBranch,
  atShop,
  atTerminal,
  BIOMETRIC,
  basket,
  CHIP_AND_PIN,
  confirmation,
  type Details,
  event,
  fromOwnDevice,
  IN_PERSON,
  ownDevice,
  PASSWORD,
  PASSWORD_AND_SMS,
  roundSum,
  townOf,
  USB_KEY,
  type World,
  yuan,
} from '../draft.ts';
import type { Shop } from '../places.ts';
import type { Random } from '../random.ts';
import type { Draft } from '../transaction-message.ts';

export interface Scene {
  readonly world: World;
  readonly customer: Customer;
  readonly random: Random;
}
export type Session = (scene: Scene, atMs: number) => Draft[];

const SECOND_MS = 1000;
const think = (random: Random, seconds: number): number => (2 + random.exponential(seconds)) * SECOND_MS;

/** A login, now and then after a mistyped password. `device` undefined: one of the customer's own. */
export function login({ world, customer, random }: Scene, atMs: number, channel: string, device?: Phone): Draft[] {
  const used = device ?? ownDevice(customer, random);
  const isOnCall = random.chance(world.parameters.ordinary.onCallShare);
  const attempt = (at: number, result: 'OK' | 'FAILED'): Draft =>
    event(customer, at, channel, 'LOGIN', {
      ...fromOwnDevice(customer, random, at, used),
      authentication: used.isMobile && random.chance(0.6) ? BIOMETRIC : PASSWORD,
      attributes: isOnCall ? { result, onCall: true } : { result },
    });
  if (!random.chance(world.parameters.ordinary.failedLoginShare)) return [attempt(atMs, 'OK')];
  return [attempt(atMs, 'FAILED'), attempt(atMs + think(random, 15), 'OK')];
}

/** The same device, address and place as the login of the session. */
export function sameOrigin(session: readonly Draft[]): Details {
  const message = session.at(-1)?.message;
  const details: Details = {};
  if (message?.device !== undefined) details.device = message.device;
  if (message?.location !== undefined) details.location = message.location;
  if (message?.attributes?.onCall === true) details.attributes = { onCall: true };
  return details;
}

const lastAt = (session: readonly Draft[]): number => session.at(-1)?.occurredAtMs ?? 0;

/** A home bank's payees are known by heart: the first ones are paid most. */
export function usualPayee(customer: Customer, random: Random): Payee {
  const index = Math.floor(customer.payees.length * random.next() ** 2);
  return customer.payees[index] ?? random.pick(customer.payees);
}

export function addPayee({ world, customer, random }: Scene, session: Draft[], channel: string): Payee {
  const payee = payeeOf(random, world.customers.length);
  session.push(
    event(customer, lastAt(session) + think(random, 40), channel, 'PAYEE_ADD', {
      ...sameOrigin(session),
      counterparty: payee,
      authentication: PASSWORD_AND_SMS,
    }),
  );
  customer.payees.push(payee);
  return payee;
}

export function transferTo(scene: Scene, session: Draft[], channel: string, payee: Payee, amountYuan: number): void {
  const { customer, random } = scene;
  session.push(
    event(customer, lastAt(session) + think(random, 45), channel, 'TRANSFER', {
      ...sameOrigin(session),
      ...yuan(amountYuan),
      counterparty: payee,
      authentication: confirmation(random, amountYuan),
    }),
  );
}

/** What the customer usually sends: a share of what is there, mostly far below it. */
export const usualTransferYuan = (customer: Customer, random: Random): number =>
  roundSum(random, Math.min(customer.balanceYuan, random.logNormal(380 * customer.spending, 1.1)));

const transfer: Session = (scene, atMs) => {
  const { world, customer, random } = scene;
  const channel = random.chance(0.8) ? customer.remoteChannel : random.pick(['MOBILE_BANKING', 'ONLINE_BANKING']);
  const session = login(scene, atMs, channel);
  const payee = random.chance(world.parameters.ordinary.newPayeeShare)
    ? addPayee(scene, session, channel)
    : usualPayee(customer, random);
  transferTo(scene, session, channel, payee, usualTransferYuan(customer, random));
  return session;
};

function shopFor({ customer, random }: Scene, atMs: number): Shop {
  const town = townOf(customer, atMs);
  return town === customer.town && random.chance(0.8) ? random.pick(customer.shops) : random.pick(town.shops);
}

export const qr: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const shop = shopFor(scene, atMs);
  return [
    event(customer, atMs, 'QR_CODE', 'PURCHASE', {
      ...fromOwnDevice(customer, random, atMs, customer.devices[0]),
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending * 0.7),
      authentication: random.chance(0.6) ? BIOMETRIC : PASSWORD,
    }),
  ];
};

export const pos: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const shop = shopFor(scene, atMs);
  return [
    event(customer, atMs, 'POS', 'PURCHASE', {
      cardToken: customer.debitCard,
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending * 1.6),
      authentication: random.chance(0.3) ? ['CONTACTLESS'] : CHIP_AND_PIN,
    }),
  ];
};

export const creditCard: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const isOnline = random.chance(0.45);
  const shop = isOnline ? random.pick(customer.webShops) : shopFor(scene, atMs);
  return [
    event(customer, atMs, 'CREDIT_CARD', 'PURCHASE', {
      cardToken: customer.creditCard ?? customer.debitCard,
      ...(isOnline ? { device: fromOwnDevice(customer, random, atMs).device } : {}),
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending * 1.8),
      authentication: isOnline ? PASSWORD_AND_SMS : CHIP_AND_PIN,
    } as Details),
  ];
};

export const webPayment: Session = ({ world, customer, random }, atMs) => {
  const shop = random.chance(0.06) ? random.pick(world.places.digitalShops) : random.pick(customer.webShops);
  return [
    event(customer, atMs, 'THIRD_PARTY_PAYMENT', 'PAYMENT', {
      ...fromOwnDevice(customer, random, atMs),
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending),
      authentication: random.chance(0.6) ? BIOMETRIC : PASSWORD,
    }),
  ];
};

/** Pays a bill on the channel; the channels with a login show it first. */
function payBill(scene: Scene, atMs: number, channel: string, isRemote: boolean): Draft[] {
  const { customer, random } = scene;
  const biller = random.pick(customer.billers);
  const session = isRemote && random.chance(0.6) ? login(scene, atMs, channel) : [];
  session.push(
    event(customer, session.length === 0 ? atMs : lastAt(session) + think(random, 30), channel, 'PAYMENT', {
      ...(session.length > 0 ? sameOrigin(session) : isRemote ? fromOwnDevice(customer, random, atMs) : {}),
      ...atShop(biller, random),
      ...basket(biller, random, 1),
      authentication: PASSWORD,
    }),
  );
  return session;
}
const bill: Session = (scene, atMs) => payBill(scene, atMs, scene.customer.remoteChannel, true);
const look: Session = (scene, atMs) => login(scene, atMs, scene.customer.remoteChannel);

export const atmWithdrawal: Session = ({ customer, random }, atMs) => {
  const amount = Math.min(20, Math.max(1, Math.round(random.logNormal(9 * customer.spending, 0.7)))) * 100;
  return [
    event(customer, atMs, 'ATM', 'WITHDRAWAL', {
      cardToken: customer.debitCard,
      ...atTerminal(random.pick(townOf(customer, atMs).atms)),
      ...yuan(amount),
      authentication: CHIP_AND_PIN,
    }),
  ];
};

const atmDeposit: Session = ({ customer, random }, atMs) => [
  event(customer, atMs, 'ATM', 'DEPOSIT', {
    cardToken: customer.debitCard,
    ...atTerminal(random.pick(townOf(customer, atMs).atms)),
    ...yuan(Math.max(1, Math.round(random.logNormal(20 * customer.spending, 0.7))) * 100),
    authentication: CHIP_AND_PIN,
  }),
];

const counter: Session = ({ customer, random }, atMs) => {
  const branch = random.chance(0.8) ? customer.branch : random.pick(townOf(customer, atMs).branches);
  const type = random.pick(['DEPOSIT', 'DEPOSIT', 'WITHDRAWAL', 'WITHDRAWAL', 'TRANSFER'] as const);
  const amount = roundSum(random, random.logNormal(4200 * customer.spending, 0.9));
  return [
    event(customer, atMs, 'COUNTER', type, {
      ...atBranch(branch),
      ...yuan(amount),
      ...(type === 'TRANSFER' ? { counterparty: usualPayee(customer, random) } : {}),
      authentication: IN_PERSON,
    }),
  ];
};

const selfService: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const kiosk = atTerminal(random.pick(townOf(customer, atMs).kiosks));
  const base: Details = { cardToken: customer.debitCard, ...kiosk, authentication: CHIP_AND_PIN };
  const choice = random.next();
  if (choice < 0.4) return payBill(scene, atMs, 'SELF_SERVICE', false).map((draft) => withDetails(draft, base));
  const amount = roundSum(random, random.logNormal(1500 * customer.spending, 0.8));
  if (choice < 0.7) {
    const payee = usualPayee(customer, random);
    return [event(customer, atMs, 'SELF_SERVICE', 'TRANSFER', { ...base, ...yuan(amount), counterparty: payee })];
  }
  return [event(customer, atMs, 'SELF_SERVICE', 'DEPOSIT', { ...base, ...yuan(Math.ceil(amount / 100) * 100) })];
};

function withDetails(draft: Draft, details: Details): Draft {
  Object.assign(draft.message, details);
  return draft;
}

const phone: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const voice: Details = { authentication: ['PHONE_PASSWORD'], attributes: { result: 'OK' } };
  const session = [event(customer, atMs, 'PHONE_BANKING', 'LOGIN', voice)];
  if (random.chance(0.35)) return session;
  const amount = roundSum(random, random.logNormal(600 * customer.spending, 0.8));
  session.push(
    event(customer, atMs + think(random, 120), 'PHONE_BANKING', 'TRANSFER', {
      ...yuan(amount),
      counterparty: usualPayee(customer, random),
      authentication: ['PHONE_PASSWORD'],
    }),
  );
  return session;
};

const sms: Session = (scene, atMs) => {
  const { customer, random } = scene;
  if (random.chance(0.6)) return payBill(scene, atMs, 'SMS_BANKING', false);
  return [
    event(customer, atMs, 'SMS_BANKING', 'TRANSFER', {
      ...yuan(roundSum(random, random.logNormal(260, 0.6))),
      counterparty: usualPayee(customer, random),
      authentication: ['SMS_OTP'],
    }),
  ];
};
const television: Session = (scene, atMs) => payBill(scene, atMs, 'TV_BANKING', false);

const maintenance: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const channel = customer.remoteChannel;
  const session = login(scene, atMs, channel);
  const type = random.pick([
    'LIMIT_CHANGE',
    'LIMIT_CHANGE',
    'CONTACT_CHANGE',
    'PASSWORD_CHANGE',
    'PASSWORD_CHANGE',
    'PAYEE_ADD',
    'PAYEE_ADD',
    'DEVICE_BIND',
  ] as const);
  if (type === 'PAYEE_ADD') {
    addPayee(scene, session, channel);
    return session;
  }
  const details: Details = { ...sameOrigin(session), authentication: PASSWORD_AND_SMS };
  if (type === 'DEVICE_BIND') {
    const device = newDevice(random);
    if (customer.devices.length < 4) customer.devices.push(device);
    details.device = { id: device.id, ip: customer.homeIp, trusted: false };
  }
  if (type === 'LIMIT_CHANGE') details.attributes = { limitYuan: random.pick([5000, 10_000, 20_000, 50_000, 100_000]) };
  session.push(event(customer, lastAt(session) + think(random, 60), channel, type, details));
  return session;
};

export const firmAmountYuan = (customer: Customer, random: Random): number =>
  Math.min(customer.balanceYuan * 0.6, random.logNormal(customer.segment === 'CORPORATE' ? 52_000 : 5200, 1.1));

const firmPayments: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const session = login(scene, atMs, 'CORPORATE_ONLINE_BANKING');
  const origin = sameOrigin(session);
  let at = lastAt(session);
  for (let count = random.int(1, 3); count > 0; count--) {
    at += think(random, 70);
    session.push(
      event(customer, at, 'CORPORATE_ONLINE_BANKING', random.chance(0.7) ? 'TRANSFER' : 'PAYMENT', {
        ...origin,
        ...firmMoney(customer, random),
        counterparty: usualPayee(customer, random),
        authentication: USB_KEY,
      }),
    );
  }
  return session;
};

/** A few companies trade abroad. */
function firmMoney(customer: Customer, random: Random): Details {
  const amount = firmAmountYuan(customer, random);
  if (customer.segment !== 'CORPORATE' || !random.chance(0.06)) return yuan(amount);
  const currency = random.pick(['USD', 'USD', 'EUR', 'HKD', 'JPY']);
  return { amountMinor: Math.round(amount * (currency === 'JPY' ? 21 : 14)), currency };
}

const directLink: Session = ({ customer, random }, atMs) => {
  let at = atMs;
  return Array.from({ length: random.int(1, 4) }, () => {
    at += random.between(0.2, 4) * SECOND_MS;
    return event(customer, at, 'DIRECT_LINK', 'TRANSFER', {
      ...yuan(firmAmountYuan(customer, random)),
      counterparty: usualPayee(customer, random),
      authentication: ['USB_KEY'],
    });
  });
};

const firmIncome: Session = ({ customer, random }, atMs) => [
  event(customer, atMs, random.chance(0.6) ? 'THIRD_PARTY_PAYMENT' : 'DIRECT_LINK', 'DEPOSIT', {
    ...yuan(firmAmountYuan(customer, random)),
    counterparty: usualPayee(customer, random),
    authentication: ['USB_KEY'],
  }),
];

export const SESSIONS: Readonly<Record<Habit, Session>> = {
  qr,
  webPayment,
  pos,
  creditCard,
  transfer,
  bill,
  look,
  atmWithdrawal,
  atmDeposit,
  counter,
  selfService,
  phone,
  sms,
  television,
  maintenance,
  firmPayments,
  directLink,
  firmIncome,
};
