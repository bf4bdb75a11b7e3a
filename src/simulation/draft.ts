/** Building blocks of messages: who, from which device, at which terminal. */
import type { TransactionType } from '../domain/transaction.ts';
import { HOUR_MS } from './calendar.ts';
import { type Customer, carrierIp, type OwnDevice, publicIp } from './customers.ts';
import { yuanToMinor } from './geography.ts';
import type { SimulationParameters } from './parameters.ts';
import { type Place, type Places, placeIn, type Shop, type Terminal, type Town } from './places.ts';
import type { Random } from './random.ts';
import type { Draft, TransactionMessage } from './transaction-message.ts';

export interface World {
  readonly seed: number;
  readonly parameters: SimulationParameters;
  readonly places: Places;
  readonly customers: readonly Customer[];
}

/** Everything beside identity, time, channel and type. */
export type Details = Partial<
  Omit<TransactionMessage, 'schemaVersion' | 'transactionId' | 'occurredAt' | 'channel' | 'type' | 'customerId'>
>;

const NO_AUTHENTICATION: readonly string[] = [];

export function event(
  customer: Customer,
  atMs: number,
  channel: string,
  type: TransactionType,
  details: Details,
  original: Draft | null = null,
): Draft {
  const message: TransactionMessage = {
    schemaVersion: 1,
    transactionId: '',
    occurredAt: '',
    channel,
    type,
    customerId: customer.id,
    accountId: customer.accountId,
    branchId: customer.branch.id,
    productCode: customer.productCode,
    customerSegment: customer.segment,
    authentication: NO_AUTHENTICATION,
    ...details,
  };
  if (customer.accessibility.length > 0) message.accessibility = customer.accessibility;
  const occurredAtMs = Math.round(atMs);
  return {
    occurredAtMs,
    arrivesAtMs: occurredAtMs,
    message,
    scenario: null,
    occasion: null,
    original,
    label: null,
    labelledAtMs: 0,
    sequence: 0,
  };
}

export const yuan = (amount: number): Details => ({ amountMinor: yuanToMinor(amount, 'CNY'), currency: 'CNY' });

/** Cash comes in notes: abroad in the local currency, to two digits. */
export function cash({ city }: Town, amountYuan: number): Details {
  if (city.currency === 'CNY') return yuan(amountYuan);
  const minor = yuanToMinor(amountYuan, city.currency);
  const step = 10 ** Math.max(0, Math.floor(Math.log10(minor)) - 1);
  return { amountMinor: Math.round(minor / step) * step, currency: city.currency };
}

/** People choose round sums for transfers and cash. */
export function roundSum(random: Random, amount: number): number {
  const step = amount < 200 ? 10 : amount < 3000 ? 50 : amount < 20_000 ? 100 : 1000;
  return random.chance(0.75) ? Math.max(step, Math.round(amount / step) * step) : Math.round(amount * 100) / 100;
}

export function townOf(customer: Customer, atMs: number): Town {
  const { trip } = customer;
  return trip !== null && atMs >= trip.fromMs && atMs < trip.untilMs ? trip.town : customer.town;
}

const isAbroad = (town: Town): boolean => town.city.country !== 'CN';

/** Where the customer's own device is at that time; only mobile devices tell their place. */
export function fromOwnDevice(customer: Customer, random: Random, atMs: number, device?: OwnDevice): Details {
  const town = townOf(customer, atMs);
  const used = device ?? ownDevice(customer, random);
  const details: Details = {
    device: { id: used.id, ip: ownIp(customer, random, town), trusted: used.isBound },
  };
  if (used.isMobile && random.chance(0.8)) details.location = nearby(customer, random, town);
  return details;
}

export function ownDevice(customer: Customer, random: Random): OwnDevice {
  const device = random.chance(0.85) ? customer.devices[0] : random.pick(customer.devices);
  return device ?? random.pick(customer.devices);
}

function ownIp(customer: Customer, random: Random, town: Town): string {
  if (isAbroad(town)) return publicIp(random);
  if (town !== customer.town) return random.chance(0.8) ? carrierIp(random) : publicIp(random);
  const choice = random.next();
  return choice < 0.55 ? customer.homeIp : choice < 0.85 ? carrierIp(random) : customer.workIp;
}

function nearby(customer: Customer, random: Random, town: Town): Place {
  if (town !== customer.town) return placeIn(random, town.city);
  return random.chance(0.6) ? customer.home : placeIn(random, town.city, 0.04);
}

export function atShop(shop: Shop, random: Random): Details {
  const details: Details = { merchant: { id: shop.id, mcc: shop.mcc, country: shop.country } };
  if (shop.place !== null) {
    details.terminalId = random.pick(shop.terminals);
    details.location = shop.place;
  }
  return details;
}

export const atTerminal = (terminal: Terminal): Details => ({ terminalId: terminal.id, location: terminal.place });
/** The own branch, mostly; another one of the town, and of course one of the town where a traveller is. */
export function branchFor(customer: Customer, random: Random, atMs: number): Details {
  const town = townOf(customer, atMs);
  return atBranch(town === customer.town && random.chance(0.8) ? customer.branch : random.pick(town.branches));
}
export const atBranch = (branch: Terminal): Details => ({ branchId: branch.id, location: branch.place });

/** A basket of the shop, in the shop's currency. */
export function basket(shop: Shop, random: Random, scale: number): Details {
  const amount = random.logNormal(shop.medianYuan, 0.65) * scale;
  return { amountMinor: yuanToMinor(amount, shop.currency), currency: shop.currency };
}

/** How remote payments are confirmed: the more money, the stronger. Large payments of a person need a certificate class. */
export function confirmation(random: Random, amountYuan: number): readonly string[] {
  if (amountYuan > 50_000) return USB_KEY;
  if (amountYuan > 5000) return random.chance(0.6) ? PASSWORD_AND_SMS : FACE_AND_SMS;
  return random.chance(0.5) ? FACE : PASSWORD_AND_SMS;
}
export const PASSWORD: readonly string[] = ['PASSWORD'];
/** fingerprint or face, as the phone has it */
export const FACE: readonly string[] = ['FACE'];
export const PASSWORD_AND_SMS: readonly string[] = ['PASSWORD', 'SMS_OTP'];
const FACE_AND_SMS: readonly string[] = ['FACE', 'SMS_OTP'];
export const CARD_3DS: readonly string[] = ['THREE_DS', 'SMS_OTP'];
export const USB_KEY: readonly string[] = ['PASSWORD', 'USB_KEY'];
export const CHIP_AND_PIN: readonly string[] = ['CHIP', 'CARD_PIN'];
export const MAGSTRIPE_AND_PIN: readonly string[] = ['MAGSTRIPE', 'CARD_PIN'];
/** How a cash machine was used: old ones abroad read the stripe, new ones pay out to a code on the telephone. */
export function atmEntry(random: Random, country: string): readonly string[] {
  const choice = random.next();
  if (choice < 0.05) return SMS_CODE;
  return choice > (country === 'CN' ? 0.99 : 0.85) ? MAGSTRIPE_AND_PIN : CHIP_AND_PIN;
}
export const SMS_CODE: readonly string[] = ['SMS_OTP'];
export const IN_PERSON: readonly string[] = ['ID_DOCUMENT', 'SIGNATURE'];

/** One-way journey at 600 km/h including the ways to and from the airport, at least two hours. */
export const journeyMsOf = (kilometres: number): number => Math.max(2, 1.5 + kilometres / 600) * HOUR_MS;
