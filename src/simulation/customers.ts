/**
 * The customers and their habits. Customer number k is the same person for a seed, however many others there are (only the
 * accounts that people pay to depend on the size of the bank).
 */
import type { Segment, SimulationParameters } from './parameters.ts';
import { SEGMENTS } from './parameters.ts';
import { type Place, type Places, placeIn, type Shop, type Terminal, type Town } from './places.ts';
import { createRandom, cumulate, type Random, token } from './random.ts';

export interface OwnDevice {
  readonly id: string;
  readonly isMobile: boolean;
  /** bound by the customer: the bank trusts it */
  isBound: boolean;
}

export interface Payee {
  readonly accountId: string;
  readonly bankCode: string;
  readonly country: string;
}

export interface Trip {
  readonly town: Town;
  /** there from … until; one journey before and one after */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly journeyMs: number;
  readonly occasion: 'domestic-trip' | 'foreign-holiday';
}

export interface Customer {
  readonly index: number;
  readonly id: string;
  readonly segment: Segment;
  readonly accountId: string;
  readonly debitCard: string;
  readonly creditCard: string | null;
  readonly productCode: string;
  readonly town: Town;
  readonly home: Place;
  readonly branch: Terminal;
  readonly homeIp: string;
  readonly workIp: string;
  /** first = the one mostly used; replaced by the occasion "new-phone" */
  readonly devices: OwnDevice[];
  readonly payees: Payee[];
  readonly shops: readonly Shop[];
  readonly webShops: readonly Shop[];
  readonly billers: readonly Shop[];
  readonly employer: Payee;
  readonly salaryDay: number;
  readonly salaryYuan: number;
  /** sessions a day, before the factors of the weekday */
  readonly sessionsPerDay: number;
  readonly balanceYuan: number;
  readonly spending: number;
  readonly remoteChannel: 'MOBILE_BANKING' | 'WECHAT_BANKING' | 'ONLINE_BANKING';
  readonly hours: Float64Array;
  readonly habits: Float64Array;
  readonly accessibility: readonly string[];
  readonly isDormant: boolean;
  /** where the relative with the second card lives */
  readonly sharedCardTown: Town | null;
  readonly paysWages: boolean;
  readonly employees: readonly Payee[];
  trip: Trip | null;
}

const BANK_CODES = ['ICBC', 'CCB', 'ABC', 'BOC', 'BCM', 'CMB', 'PSBC', 'CIB', 'SPDB', 'JXB'] as const;
export const OWN_BANK = 'JXB';

/** 24 weights per kind of day; assumption after time-use surveys: meals, commuting and evenings. */
const HOURS = {
  worker: [1, 0.5, 0.3, 0.2, 0.2, 0.5, 2, 5, 7, 6, 5, 6, 9, 7, 5, 5, 5, 6, 8, 8, 8, 7, 4, 2],
  student: [4, 2, 1, 0.5, 0.2, 0.2, 1, 3, 4, 4, 5, 8, 9, 5, 4, 4, 5, 8, 8, 7, 8, 9, 9, 7],
  senior: [0.1, 0.1, 0.1, 0.1, 0.2, 1, 4, 7, 9, 10, 9, 6, 4, 3, 5, 6, 6, 4, 3, 3, 2, 1, 0.4, 0.2],
  office: [0, 0, 0, 0, 0, 0, 0.1, 0.5, 4, 10, 11, 8, 3, 5, 10, 11, 10, 6, 2, 1, 0.5, 0.3, 0.1, 0.1],
  night: [7, 7, 5, 4, 3, 3, 4, 4, 3, 2, 1, 1, 2, 3, 4, 5, 5, 5, 6, 6, 6, 6, 7, 7],
} as const;
type HourHabit = keyof typeof HOURS;

const shifted = (weights: readonly number[], by: number): number[] =>
  weights.map((_, hour) => weights[(hour - by + 24) % 24] ?? 0);
const HOUR_TABLES = new Map<string, Float64Array>(
  (Object.keys(HOURS) as HourHabit[]).flatMap((habit) =>
    [-1, 0, 1].map((by): [string, Float64Array] => [`${habit}${by}`, cumulate(shifted(HOURS[habit], by))]),
  ),
);

/** What a session can be; the weights are shares of a segment's sessions. See honest/sessions.ts for what each one does. */
export const HABITS = [
  'qr',
  'webPayment',
  'pos',
  'creditCard',
  'transfer',
  'bill',
  'look',
  'atmWithdrawal',
  'atmDeposit',
  'counter',
  'selfService',
  'phone',
  'sms',
  'television',
  'maintenance',
  'firmPayments',
  'directLink',
  'firmIncome',
  'income',
] as const;
export type Habit = (typeof HABITS)[number];

// Electronic payments through banks, PBoC Q4 2023: 63 % mobile, 31 % online, 0.07 % telephone; payments through payment
// institutions come on top. Telephone, SMS and television are above their real share so that they can be seen at all.
//                qr web pos cred tran bill look atmW atmD coun self phon sms  tv   main firm dire firI inco
const HABIT_WEIGHTS: Readonly<Record<Segment, readonly number[]>> = {
  RETAIL: /*   */ [22, 17, 9, 10, 11, 6, 12, 4, 1.2, 1.0, 1.6, 0.7, 1.0, 0.5, 1.2, 0, 0, 0, 3.5],
  STUDENT: /*  */ [32, 24, 5, 1, 11, 3, 13, 3, 0.8, 0.4, 1.0, 0.2, 0.4, 0.1, 1.5, 0, 0, 0, 5],
  SENIOR: /*   */ [14, 4, 11, 2, 6, 8, 8, 11, 2.5, 9.0, 6.0, 4.0, 4.0, 3.0, 0.8, 0, 0, 0, 3],
  PRIVATE: /*  */ [10, 10, 9, 22, 15, 4, 13, 2, 0.5, 3.0, 0.5, 2.0, 0.5, 0.3, 1.5, 2, 0, 0, 4],
  SMALL_BUSINESS: [8, 8, 5, 5, 9, 5, 7, 2, 3.0, 4.0, 3.0, 0.6, 0.4, 0.1, 1.0, 15, 3, 14, 3],
  CORPORATE: /**/ [0, 0, 0, 2, 0, 1, 2, 0, 0.0, 2.0, 0.5, 0.3, 0.0, 0.0, 0.5, 45, 38, 18, 0],
};

function accessibilityOf(segment: Segment, parameters: SimulationParameters, random: Random): readonly string[] {
  const { hearingShare, sightShare, seniorFactor } = parameters.accessibility;
  const isHard = random.chance(hearingShare * (segment === 'SENIOR' ? seniorFactor : 1));
  const isBlind = random.chance(sightShare * (segment === 'SENIOR' ? seniorFactor : 1));
  if (segment === 'CORPORATE' || segment === 'SMALL_BUSINESS') return [];
  return [...(isHard ? ['HEARING'] : []), ...(isBlind ? ['SIGHT'] : [])];
}

/** The habits of the segment, spread by the person, and fitted to the person's needs. */
function habitsOf(segment: Segment, needs: readonly string[], hasCreditCard: boolean, random: Random): Float64Array {
  const factor = (habit: Habit): number => {
    if (habit === 'creditCard' && !hasCreditCard) return 0;
    if (needs.includes('HEARING')) return { phone: 0, sms: 6, counter: 1.5 }[habit as string] ?? 1;
    if (needs.includes('SIGHT')) return { phone: 8, sms: 0.3, television: 0, qr: 0.3 }[habit as string] ?? 1;
    return 1;
  };
  return cumulate(
    HABITS.map((habit, i) => (HABIT_WEIGHTS[segment][i] ?? 0) * factor(habit) * random.logNormal(1, 0.5)),
  );
}

function hoursOf(segment: Segment, random: Random): Float64Array {
  const habit: HourHabit =
    segment === 'CORPORATE' || segment === 'SMALL_BUSINESS'
      ? 'office'
      : segment === 'STUDENT'
        ? 'student'
        : segment === 'SENIOR'
          ? 'senior'
          : random.chance(0.06)
            ? 'night'
            : 'worker';
  return HOUR_TABLES.get(`${habit}${random.int(-1, 1)}`) ?? cumulate(HOURS.worker);
}

/** RFC 1918 for households and offices behind the bank's partner networks, RFC 6598 for mobile carriers. */
export const householdIp = (random: Random): string =>
  `10.${random.int(0, 255)}.${random.int(0, 255)}.${random.int(2, 254)}`;
export const carrierIp = (random: Random): string =>
  `100.${random.int(64, 127)}.${random.int(0, 255)}.${random.int(1, 254)}`;
/** RFC 5737 and RFC 3849: hotels, airports, foreign networks, and the hosts that thieves rent. */
export function publicIp(random: Random): string {
  if (random.chance(0.3))
    return `2001:db8:${random.int(1, 0xffff).toString(16)}::${random.int(1, 0xffff).toString(16)}`;
  return `${random.pick(['192.0.2', '198.51.100', '203.0.113'])}.${random.int(1, 254)}`;
}
export const newDevice = (random: Random, isMobile = true, isBound = false): OwnDevice => ({
  id: token(random, 'dev-', 14),
  isMobile,
  isBound,
});

export const ownAccount = (index: number): string => `A${100_000 + index}-1`;

/** Property managers, schools, clubs: many customers pay them, as many victims pay a mule. */
const COLLECTORS: readonly Payee[] = Array.from({ length: 60 }, (_, slot) => {
  const random = createRandom(0, 'places', 1, slot);
  return { accountId: token(random, 'E', 13).toUpperCase(), bankCode: random.pick(BANK_CODES), country: 'CN' };
});

/** A payee elsewhere or at this bank; a quarter of the money stays inside the bank, an eighth goes to collectors. Assumption. */
export function payeeOf(random: Random, customers: number): Payee {
  const choice = random.next();
  if (choice > 0.875) return random.pick(COLLECTORS);
  if (choice < 0.25) {
    return { accountId: ownAccount(random.int(0, customers - 1)), bankCode: OWN_BANK, country: 'CN' };
  }
  return { accountId: token(random, 'E', 13).toUpperCase(), bankCode: random.pick(BANK_CODES), country: 'CN' };
}

const DORMANT_SEGMENTS: ReadonlySet<Segment> = new Set(['RETAIL', 'SENIOR', 'STUDENT', 'PRIVATE']);
/** Mean of a log-normal over its median, to keep the declared average whatever the spread. */
const meanFactor = (sigma: number): number => Math.exp((sigma * sigma) / 2);

export interface CustomerSources {
  readonly seed: number;
  readonly customers: number;
  readonly parameters: SimulationParameters;
  readonly places: Places;
  /** sessions of the average customer and day */
  readonly sessionsPerDay: number;
}

export function createCustomers(sources: CustomerSources): readonly Customer[] {
  const random = createRandom(sources.seed, 'customer');
  const segmentWeights = cumulate(SEGMENTS.map((segment) => sources.parameters.segments[segment].share));
  return Array.from({ length: sources.customers }, (_, index) => {
    random.restart('customer', index);
    return createCustomer(index, SEGMENTS[random.weighted(segmentWeights)] ?? 'RETAIL', sources, random);
  });
}

function createCustomer(index: number, segment: Segment, sources: CustomerSources, random: Random): Customer {
  const { parameters, places } = sources;
  const profile = parameters.segments[segment];
  const isFirm = segment === 'CORPORATE' || segment === 'SMALL_BUSINESS';
  const town = places.towns[random.weighted(places.homeWeights)] ?? random.pick(places.towns);
  const accessibility = accessibilityOf(segment, parameters, random);
  const hasCreditCard = random.chance({ STUDENT: 0.1, SENIOR: 0.15 }[segment as string] ?? 0.55);
  const activity = random.logNormal(1, parameters.bank.activitySigma) / meanFactor(parameters.bank.activitySigma);
  const isDormant = random.chance(parameters.bank.dormantShare) && DORMANT_SEGMENTS.has(segment);
  const isSharedAddress = random.chance(parameters.ordinary.sharedHomeAddressShare);
  const payees = (count: number): Payee[] => Array.from({ length: count }, () => payeeOf(random, sources.customers));
  const favourites = (shops: readonly Shop[], count: number): Shop[] =>
    Array.from({ length: count }, () => random.pick(shops));
  return {
    index,
    id: `C${100_000 + index}`,
    segment,
    accountId: ownAccount(index),
    debitCard: token(random, 'tok_', 20),
    creditCard: hasCreditCard ? token(random, 'tok_', 20) : null,
    productCode: isFirm ? 'CORP-CURRENT' : random.pick(['CURRENT', 'CURRENT', 'WEALTH', 'SALARY']),
    town,
    home: placeIn(random, town.city),
    branch: random.pick(town.branches),
    homeIp: isSharedAddress ? `10.${town.city.homes}.${random.int(0, 9)}.${random.int(2, 60)}` : householdIp(random),
    workIp: `10.200.${random.int(0, 40)}.${random.int(2, 6)}`,
    devices: Array.from({ length: random.chance(0.35) ? 2 : 1 }, (_, i) => newDevice(random, i === 0 && !isFirm, true)),
    payees: payees(isFirm ? random.int(8, 24) : random.int(2, 7)),
    shops: favourites(town.shops, random.int(4, 9)),
    webShops: favourites(places.webShops, random.int(2, 5)),
    billers: favourites(places.billers, random.int(1, 3)),
    employer: payeeOf(random, sources.customers),
    salaryDay: segment === 'SENIOR' ? 15 : random.pick([5, 8, 10, 10, 15, 15, 20, 25]),
    salaryYuan: random.logNormal({ SENIOR: 3600, PRIVATE: 42_000 }[segment as string] ?? 8200, 0.45),
    sessionsPerDay: isDormant ? 0 : sources.sessionsPerDay * profile.activity * activity,
    balanceYuan: random.logNormal(profile.balanceYuan, 0.8),
    spending: profile.spending * random.logNormal(1, 0.35),
    remoteChannel: random.pick([
      'MOBILE_BANKING',
      'MOBILE_BANKING',
      'MOBILE_BANKING',
      'WECHAT_BANKING',
      'ONLINE_BANKING',
    ]),
    hours: hoursOf(segment, random),
    habits: habitsOf(segment, accessibility, hasCreditCard, random),
    accessibility,
    isDormant,
    sharedCardTown: random.chance(parameters.ordinary.sharedCardShare)
      ? (places.towns[random.weighted(places.domesticVisits)] ?? null)
      : null,
    paysWages: isFirm && random.chance(parameters.payroll.share),
    employees: isFirm ? payees(random.int(parameters.payroll.employees[0], parameters.payroll.employees[1])) : [],
    trip: null,
  };
}
