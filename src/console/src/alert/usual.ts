/** "Usual against now" as numbers: what the profile knew of the customer before this transaction. Pure. */
import type { Decision } from '../../../http/api-types.ts';

export type Profile = NonNullable<NonNullable<Decision['evidence']>['profile']>;

export interface AmountPicture {
  readonly now: number;
  readonly typical: number;
  /** about nine in ten of the customer's amounts lie between them; null when the spread is not known */
  readonly range: { readonly low: number; readonly high: number } | null;
  readonly max: number | null;
}

/** 1.645 deviations to both sides hold 90 % of a normal distribution; amounts are held as log(1 + amount). */
const NINE_IN_TEN = 1.645;
/** nearer to the usual amount than this, a z-score says too little about the spread */
const MIN_Z = 0.05;

export function amountPicture(profile: Profile, amountMinor: number | null): AmountPicture | null {
  const { typicalAmountMinor: typical, amountZ: z, maxAmountMinor: max } = profile;
  if (amountMinor === null || typical === null) return null;
  const location = Math.log1p(typical);
  const scale = z === null || Math.abs(z) < MIN_Z ? null : (Math.log1p(amountMinor) - location) / z;
  const range =
    scale === null || !(scale > 0)
      ? null
      : {
          low: roundTo2(Math.expm1(location - NINE_IN_TEN * scale)),
          high: roundTo2(Math.expm1(location + NINE_IN_TEN * scale)),
        };
  return { now: amountMinor, typical: roundTo2(typical), range, max };
}

/** Two significant digits, and no less than whole minor units: an estimate must not look like a balance. */
export function roundTo2(value: number): number {
  if (value < 1) return 0;
  const unit = 10 ** Math.max(Math.floor(Math.log10(value)) - 1, 0);
  return Math.round(value / unit) * unit;
}

/** Where a value lies on a logarithmic axis that holds all of the picture, 0 … 1. */
export function amountAxis(picture: AmountPicture): (value: number) => number {
  const all = [picture.now, picture.typical, picture.max, picture.range?.low, picture.range?.high].filter(
    (value): value is number => value != null,
  );
  const low = Math.log1p(Math.min(...all) * 0.7);
  const high = Math.log1p(Math.max(...all) * 1.4);
  return (value) => (high - low < 1e-9 ? 0.5 : Math.min(Math.max((Math.log1p(value) - low) / (high - low), 0), 1));
}

export type Novelty = 'payee' | 'device' | 'place' | 'ip' | 'country';

export interface NoveltyFact {
  readonly what: Novelty;
  readonly isKnown: boolean;
  /** how long it has been known */
  readonly ageSeconds: number | null;
}

/** Only what this transaction names: a withdrawal has no payee to be new. */
export function noveltyFacts(profile: Profile): readonly NoveltyFact[] {
  const all: readonly (readonly [Novelty, boolean | null, number | null])[] = [
    ['payee', profile.payeeKnown, profile.payeeAgeSeconds],
    ['device', profile.deviceKnown, profile.deviceAgeSeconds],
    ['place', profile.placeKnown, null],
    ['country', profile.countryKnown, null],
    ['ip', profile.ipKnown, null],
  ];
  return all.flatMap(([what, isKnown, ageSeconds]) => (isKnown === null ? [] : [{ what, isKnown, ageSeconds }]));
}

export type SecurityEvent = 'PASSWORD_CHANGE' | 'CONTACT_CHANGE' | 'LIMIT_CHANGE' | 'DEVICE_BIND' | 'PAYEE_ADD';

const RECENT_SECONDS = 3 * 86_400;

/** Security changes of the three days before, the newest first. */
export function recentSecurityEvents(
  profile: Profile,
): readonly { readonly what: SecurityEvent; readonly seconds: number }[] {
  const all: readonly (readonly [SecurityEvent, number | null])[] = [
    ['PASSWORD_CHANGE', profile.secondsSincePasswordChange],
    ['CONTACT_CHANGE', profile.secondsSinceContactChange],
    ['LIMIT_CHANGE', profile.secondsSinceLimitChange],
    ['DEVICE_BIND', profile.secondsSinceDeviceBind],
    ['PAYEE_ADD', profile.secondsSincePayeeAdd],
  ];
  return all
    .flatMap(([what, seconds]) => (seconds === null || seconds > RECENT_SECONDS ? [] : [{ what, seconds }]))
    .sort((a, b) => a.seconds - b.seconds);
}

/** Activities per hour of the day, 24 numbers. */
export function hourHistogram(hours: readonly number[]): readonly number[] {
  const bars = new Array<number>(24).fill(0);
  for (const hour of hours) bars[hour] = (bars[hour] ?? 0) + 1;
  return bars;
}
