/**
 * What all scenarios share: victims, thieves' devices, mule accounts, and the way money leaves an account.
 *
 * Convention of the ground truth: FRAUD is every message that a thief sends (from the first login on, failed ones and changes
 * of password included), every payment that a coached victim makes to the thief, and everything that passes through a mule
 * account. What a coached victim does before paying (login, limit, payee, from the own device) is honest: no bank labels it.
 */
import type { TransactionType } from '../../domain/transaction.ts';
import { HOUR_MS, type LocalDay, MINUTE_MS } from '../calendar.ts';
import { type Customer, carrierIp, newDevice, type Payee, payeeOf, publicIp } from '../customers.ts';
import {
  type Details,
  event,
  fromOwnDevice,
  PASSWORD,
  PASSWORD_AND_SMS,
  roundSum,
  type World,
  yuan,
} from '../draft.ts';
import type { City } from '../geography.ts';
import { placeIn, type Town } from '../places.ts';
import { createRandom, type Random, token } from '../random.ts';
import type { Draft } from '../transaction-message.ts';

export interface FraudScene {
  readonly world: World;
  readonly random: Random;
  readonly day: LocalDay;
  /** when the episode begins, unless the scenario has a time of its own on this day */
  readonly atMs: number;
  /** money movements of this episode, from the parameters */
  readonly payments: number;
  readonly isPatient: boolean;
  /** card payments in shops and cash machines of this day: a clone is used while the owner is elsewhere */
  readonly cardUses: readonly CardUse[];
  readonly usedVictims: Set<number>;
}
export interface CardUse {
  readonly customer: Customer;
  readonly atMs: number;
  readonly cardToken: string;
}

export interface Episode {
  readonly fraud: readonly Draft[];
  /** what the coached victim does before paying */
  readonly honest: readonly Draft[];
}
export type ScenarioSession = (scene: FraudScene) => Episode;

const PEOPLE: ReadonlySet<string> = new Set(['RETAIL', 'STUDENT', 'SENIOR', 'PRIVATE']);
export const isPerson = ({ segment }: Customer): boolean => PEOPLE.has(segment);
export const isActive = (customer: Customer): boolean => !customer.isDormant && customer.sessionsPerDay > 0.05;

/** A customer that fits and was not a victim before; when there is none, any customer. */
export function victimOf({ world, random, usedVictims }: FraudScene, fits: (customer: Customer) => boolean): Customer {
  for (let attempt = 0; attempt < 400; attempt++) {
    const customer = random.pick(world.customers);
    if (usedVictims.has(customer.index) || !fits(customer)) continue;
    usedVictims.add(customer.index);
    return customer;
  }
  return world.customers.find(fits) ?? random.pick(world.customers);
}

const CAMPAIGN_DAYS = 5;
const ACCOUNTS_PER_CAMPAIGN = 8;
const DEVICES_PER_CAMPAIGN = 10;
const campaignOf = (day: LocalDay): number => Math.floor(day.number / CAMPAIGN_DAYS);

/** Mule accounts elsewhere receive from several victims for some days, then they are burnt. */
export function muleAccount({ world, random, day }: FraudScene): Payee {
  if (random.chance(0.25)) return payeeOf(random, world.customers.length);
  const slot = random.int(0, ACCOUNTS_PER_CAMPAIGN - 1);
  return payeeOf(createRandom(world.seed, 'criminals', campaignOf(day), slot), world.customers.length);
}

/** An unknown device, often one that was used on another victim of the campaign. */
export function thiefOrigin({ world, random, day }: FraudScene, near: Town): Details {
  const slot = random.int(0, DEVICES_PER_CAMPAIGN - 1);
  const id = random.chance(world.parameters.fraud.reusedDeviceShare)
    ? token(createRandom(world.seed, 'criminals', campaignOf(day), 100 + slot), 'dev-', 14)
    : newDevice(random).id;
  const ip = random.chance(0.6) ? publicIp(random) : carrierIp(random);
  const origin: Details = { device: { id, ip, trusted: false } };
  // apps send a place also from a thief's phone; some thieves send a false one, in the victim's town
  if (random.chance(0.4)) origin.location = placeIn(random, random.chance(0.3) ? near.city : farAway(random, world));
  return origin;
}

const farAway = (random: Random, world: World): City =>
  (random.chance(0.3) ? random.pick(world.places.abroad) : random.pick(world.places.towns)).city;

/** The thief's own device, or the victim's through malware and remote control. */
export function attackOrigin(scene: FraudScene, victim: Customer, atMs: number): Details {
  const { world, random } = scene;
  return random.chance(world.parameters.fraud.unknownDeviceShare)
    ? thiefOrigin(scene, victim.town)
    : fromOwnDevice(victim, random, atMs);
}

export const nightOf = ({ random, day }: FraudScene): number => day.startMs + random.between(0.2, 5.8) * HOUR_MS;

/** Between two steps of a session; the patient thief waits. */
export const step = ({ random, isPatient }: FraudScene, minutes: number): number =>
  (0.4 + random.exponential(isPatient ? minutes * 12 : minutes)) * MINUTE_MS;

/** What is taken, in pieces. The patient thief takes what the victim would spend. */
export function loot({ random, isPatient, payments }: FraudScene, victim: Customer): readonly number[] {
  const total = isPatient
    ? random.logNormal(900 * victim.spending, 0.8)
    : victim.balanceYuan * random.between(0.3, 0.95);
  const weights = Array.from({ length: payments }, () => 0.5 + random.next());
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => Math.max(20, Math.min(49_900, roundSum(random, (total * weight) / sum))));
}

/** A growing list of messages of one victim; every push waits a little after the one before. */
export interface Steps {
  readonly drafts: Draft[];
  push(channel: string, type: TransactionType, minutes: number, details: Details): void;
}

export function stepsOf(scene: FraudScene, customer: Customer, atMs: number): Steps {
  const drafts: Draft[] = [];
  let clock = atMs;
  return {
    drafts,
    push(channel, type, minutes, details) {
      if (drafts.length > 0) clock += step(scene, minutes);
      drafts.push(event(customer, clock, channel, type, details));
    },
  };
}

export interface Theft {
  readonly channel: string;
  readonly origin: Details;
  readonly passwordChange: number;
  readonly deviceBind: number;
  readonly limitChange: number;
  readonly payeeAdd: number;
}

/** Login, whatever must be changed first, and the money out: to mules, or as digital goods that can be sold on. */
export function emptyAccount(scene: FraudScene, victim: Customer, steps: Steps, theft: Theft): void {
  const { random } = scene;
  const { channel } = theft;
  let { origin } = theft;
  if (random.chance(0.3)) {
    steps.push(channel, 'LOGIN', 0.5, { ...origin, authentication: PASSWORD, attributes: { result: 'FAILED' } });
  }
  steps.push(channel, 'LOGIN', 1, { ...origin, authentication: PASSWORD, attributes: { result: 'OK' } });
  const change = (type: TransactionType, probability: number, details: Details = {}): void => {
    if (random.chance(probability)) {
      steps.push(channel, type, 1.5, { ...origin, authentication: PASSWORD_AND_SMS, ...details });
    }
  };
  change('PASSWORD_CHANGE', theft.passwordChange);
  if (origin.device?.trusted === false && random.chance(theft.deviceBind)) {
    change('DEVICE_BIND', 1);
    origin = { ...origin, device: { ...origin.device, trusted: true } };
  }
  change('LIMIT_CHANGE', theft.limitChange, { attributes: { limitYuan: 50_000 } });
  const mule = muleAccount(scene);
  change('PAYEE_ADD', theft.payeeAdd, { counterparty: mule });
  for (const amount of loot(scene, victim)) {
    steps.push(channel, 'TRANSFER', 3, {
      ...origin,
      ...yuan(amount),
      counterparty: random.chance(0.8) ? mule : muleAccount(scene),
      authentication: PASSWORD_AND_SMS,
    });
  }
}
