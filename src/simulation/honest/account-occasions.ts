/** Honest changes of devices, numbers and passwords: the signs of take-over and SIM swap without the thief. */
import { HOUR_MS, isBranchOpen } from '../calendar.ts';
import { newDevice, publicIp } from '../customers.ts';
import {
  atShop,
  basket,
  branchFor,
  CHIP_AND_PIN,
  event,
  fromOwnDevice,
  IN_PERSON,
  PASSWORD,
  roundSum,
  yuan,
} from '../draft.ts';
import type { Draft } from '../transaction-message.ts';
import {
  APPS,
  addPayee,
  bindDevice,
  changePassword,
  lastAt,
  login,
  pause,
  type Session,
  transferTo,
  usualPayee,
} from './scene.ts';

/** A login through a foreign exit, half of them with a payment after it. (account-takeover) */
export const vpnLogin: Session = (scene, atMs) => {
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

/** The phone is bought, bound, and used at once for something large. (account-takeover, sim-swap) */
export const newPhone: Session = (scene, atMs) => {
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
  const session = [
    bindDevice(scene, bindAt, channel, device),
    ...login(scene, bindAt + pause(random, 2), channel, device),
  ];
  if (random.chance(0.25)) changePassword(scene, session, channel);
  if (random.chance(0.7)) {
    const payee = random.chance(0.3) ? addPayee(scene, session, channel) : usualPayee(customer, random);
    transferTo(scene, session, channel, payee, roundSum(random, random.logNormal(4200, 0.9)));
  }
  return [bought, ...session];
};

/** A new number, often with a new phone and a payment on the same day. (sim-swap) */
export const newNumber: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const isDeaf = customer.accessibility.includes('HEARING');
  const place =
    random.chance(0.5) || isDeaf ? { channel: 'COUNTER', details: branchFor(customer, random, atMs) } : null;
  const changed = event(
    customer,
    atMs,
    place?.channel ?? random.pick(['PHONE_BANKING', 'PHONE_BANKING', 'SMS_BANKING']),
    'CONTACT_CHANGE',
    {
      ...(place?.details ?? {}),
      authentication: place === null ? ['PHONE_PASSWORD'] : IN_PERSON,
      attributes: { contact: 'PHONE' },
    },
  );
  const at = atMs + random.between(0.2, 8) * HOUR_MS;
  const device = random.chance(0.5) ? newDevice(random) : undefined;
  const session: Draft[] = [];
  if (device !== undefined) {
    customer.devices[0] = device;
    session.push(bindDevice(scene, at, 'MOBILE_BANKING', device));
  }
  session.push(...login(scene, at + pause(random, 3), 'MOBILE_BANKING', device));
  if (random.chance(0.4)) changePassword(scene, session, 'MOBILE_BANKING', random.chance(0.5));
  if (random.chance(0.5)) {
    const amount = roundSum(random, random.logNormal(2800, 1));
    transferTo(scene, session, 'MOBILE_BANKING', usualPayee(customer, random), amount);
  }
  return [changed, ...session];
};

/** Two or three wrong passwords, a reset, and then the transfer that was in a hurry. (account-takeover) */
export const forgottenPassword: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const channel = random.pick(APPS);
  const origin = fromOwnDevice(customer, random, atMs);
  let at = atMs;
  const session = Array.from({ length: random.int(2, 3) }, () => {
    at += pause(random, 0.4);
    return event(customer, at, channel, 'LOGIN', {
      ...origin,
      authentication: PASSWORD,
      attributes: { result: 'FAILED' },
    });
  });
  changePassword(scene, session, channel, true);
  session.push(
    event(customer, lastAt(session) + pause(random, 0.5), channel, 'LOGIN', {
      ...origin,
      authentication: PASSWORD,
      attributes: { result: 'OK' },
    }),
  );
  const payee = random.chance(0.25) ? addPayee(scene, session, channel) : usualPayee(customer, random);
  transferTo(scene, session, channel, payee, roundSum(random, random.logNormal(3200 * customer.spending, 0.9)));
  return session;
};

/** A daughter or son sets up the new phone and moves savings to a safer place. (account-takeover, telecom-scam) */
export const helpedByChild: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const device = newDevice(random);
  customer.devices.unshift(device);
  if (customer.devices.length > 4) customer.devices.pop();
  const session = [bindDevice(scene, atMs, 'MOBILE_BANKING', device)];
  session.push(...login(scene, lastAt(session) + pause(random, 4), 'MOBILE_BANKING', device));
  const child = random.chance(0.5) ? addPayee(scene, session, 'MOBILE_BANKING') : usualPayee(customer, random);
  const amount = roundSum(random, customer.balanceYuan * random.between(0.1, 0.7));
  transferTo(scene, session, 'MOBILE_BANKING', child, Math.min(amount, 50_000));
  return session;
};

/** The owner of an unused account comes back: login on a new phone, then the money is used. (dormant-woken) */
export const dormantReturns: Session = (scene, atMs) => {
  const { world, customer, random } = scene;
  if (isBranchOpen(atMs, world.parameters.bank.zoneOffsetMinutes) && random.chance(0.5)) {
    const amount = roundSum(random, customer.balanceYuan * random.between(0.1, 0.9));
    return [
      event(customer, atMs, 'COUNTER', 'WITHDRAWAL', {
        ...branchFor(customer, random, atMs),
        ...yuan(Math.max(100, Math.min(amount, 48_000))),
        authentication: IN_PERSON,
      }),
    ];
  }
  const device = newDevice(random);
  customer.devices[0] = device;
  const session = login(scene, atMs, 'MOBILE_BANKING', device);
  if (random.chance(0.6)) session.push(bindDevice(scene, lastAt(session) + pause(random, 2), 'MOBILE_BANKING', device));
  if (random.chance(0.5)) changePassword(scene, session, 'MOBILE_BANKING', true);
  const payee = random.chance(0.5) ? addPayee(scene, session, 'MOBILE_BANKING') : usualPayee(customer, random);
  const amount = roundSum(random, customer.balanceYuan * random.between(0.05, 0.8));
  transferTo(scene, session, 'MOBILE_BANKING', payee, Math.min(amount, 50_000));
  return session;
};
