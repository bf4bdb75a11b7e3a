/** What every honest session is made of: who acts, logins, payees, transfers. */
import { MINUTE_MS } from '../calendar.ts';
import { type Customer, newDevice, type OwnDevice, type Payee, payeeOf } from '../customers.ts';
import {
  confirmation,
  type Details,
  event,
  FACE,
  fromOwnDevice,
  ownDevice,
  PASSWORD,
  PASSWORD_AND_SMS,
  SMS_CODE,
  type World,
  yuan,
} from '../draft.ts';
import type { Random } from '../random.ts';
import type { Draft } from '../transaction-message.ts';

export interface Scene {
  readonly world: World;
  readonly customer: Customer;
  readonly random: Random;
}
export type Session = (scene: Scene, atMs: number) => Draft[];

const SECOND_MS = 1000;
export const think = (random: Random, seconds: number): number => (2 + random.exponential(seconds)) * SECOND_MS;

/**
 * A login, now and then after a mistyped password. `device` undefined: one of the customer's own, and now and then a borrowed
 * one that the bank has never seen.
 */
export function login({ world, customer, random }: Scene, atMs: number, channel: string, device?: OwnDevice): Draft[] {
  const isBorrowed = random.chance(world.parameters.ordinary.otherDeviceShare);
  const used = device ?? (isBorrowed ? newDevice(random, channel !== 'ONLINE_BANKING') : ownDevice(customer, random));
  const isOnCall = random.chance(world.parameters.ordinary.onCallShare) && !customer.accessibility.includes('HEARING');
  const attempt = (at: number, result: 'OK' | 'FAILED'): Draft =>
    event(customer, at, channel, 'LOGIN', {
      ...fromOwnDevice(customer, random, at, used),
      authentication: used.isMobile && random.chance(0.6) ? FACE : PASSWORD,
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

/** When the session's last message was sent. */
export const lastAt = (session: readonly Draft[]): number => session.at(-1)?.occurredAtMs ?? 0;

/** A home bank's payees are known by heart: the first ones are paid most. */
export function usualPayee(customer: Customer, random: Random): Payee {
  const index = Math.floor(customer.payees.length * random.next() ** 2);
  return customer.payees[index] ?? random.pick(customer.payees);
}

const MAX_PAYEES = 60;
/** A new payee of the customer; an endless run must not grow for ever. */
export function remember(customer: Customer, payee: Payee): void {
  customer.payees.push(payee);
  if (customer.payees.length > MAX_PAYEES) customer.payees.splice(MAX_PAYEES / 2, 1);
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
  remember(customer, payee);
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

/** Binds a device: from the next message on the bank trusts it. */
export function bindDevice(scene: Scene, atMs: number, channel: string, device: OwnDevice): Draft {
  const { customer, random } = scene;
  const details = { ...fromOwnDevice(customer, random, atMs, device), authentication: PASSWORD_AND_SMS };
  device.isBound = true;
  return event(customer, atMs, channel, 'DEVICE_BIND', details);
}

/** Who has forgotten the old password proves the telephone only. */
export function changePassword(
  { customer, random }: Scene,
  session: Draft[],
  channel: string,
  isForgotten = false,
): void {
  const device = session.at(-1)?.message.device;
  session.push(
    event(customer, lastAt(session) + pause(random, 1.5), channel, 'PASSWORD_CHANGE', {
      ...(device === undefined ? {} : { device }),
      authentication: isForgotten ? SMS_CODE : PASSWORD_AND_SMS,
    }),
  );
}

/** The app or the site: what a person uses for something important. */
export const APPS = ['MOBILE_BANKING', 'MOBILE_BANKING', 'ONLINE_BANKING', 'WECHAT_BANKING'] as const;
/** Between two steps that are not typed in one go. */
export const pause = (random: Random, minutes: number): number => (0.3 + random.exponential(minutes)) * MINUTE_MS;
