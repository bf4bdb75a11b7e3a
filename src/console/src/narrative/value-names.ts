/**
 * Names and units of the values that a condition read, from their paths: "features.customer_transfer_count_10m" is
 * "Transfers", a count, in a window of 10 minutes. A bank's own feature that no dictionary knows keeps its name as it stands.
 */
import { windowSeconds } from '../format/time.ts';
import { isTermKey, type Terms } from './terms.ts';

export type ValueUnit = 'money' | 'span' | 'percent' | 'ratio' | 'kilometres' | 'speed' | 'number' | 'text';

export interface ValueName {
  readonly label: string;
  /** false: the dictionary has no word for it, show it as code */
  readonly isKnown: boolean;
  readonly unit: ValueUnit;
  /** of a feature with a window */
  readonly windowSeconds?: number;
}

export interface FeatureName {
  readonly stem: string;
  readonly windowSeconds?: number;
}

/** "customer_transfer_count_10m" → its stem and its window. */
export function splitFeatureName(name: string): FeatureName {
  const at = name.lastIndexOf('_');
  const seconds = at < 0 ? undefined : windowSeconds(name.slice(at + 1));
  return seconds === undefined ? { stem: name } : { stem: name.slice(0, at), windowSeconds: seconds };
}

export function unitOfStem(stem: string): ValueUnit {
  if (stem.endsWith('_seconds')) return 'span';
  if (stem.endsWith('_rate')) return 'percent';
  return /_(sum|avg|stddev|min|max)$/.test(stem) ? 'money' : 'number';
}

const PROFILE_UNITS: Readonly<Record<string, ValueUnit>> = {
  typicalAmountMinor: 'money',
  maxAmountMinor: 'money',
  amountRatio: 'ratio',
  amountZ: 'ratio',
  hourShare: 'percent',
  channelShare: 'percent',
  distanceKm: 'kilometres',
  speedKmh: 'speed',
};

function unitOfProfile(field: string): ValueUnit {
  if (field.startsWith('secondsSince') || field.endsWith('AgeSeconds')) return 'span';
  return PROFILE_UNITS[field] ?? 'number';
}

function nameOfFeature(name: string, terms: Terms): ValueName {
  const split = splitFeatureName(name);
  const key = `feature.${split.stem}`;
  const isKnown = isTermKey(key);
  return {
    label: isKnown ? terms(key) : name,
    isKnown,
    unit: unitOfStem(split.stem),
    ...(split.windowSeconds === undefined ? {} : { windowSeconds: split.windowSeconds }),
  };
}

export function nameOfValue(path: string, terms: Terms): ValueName {
  const dot = path.indexOf('.');
  const source = path.slice(0, dot);
  const rest = path.slice(dot + 1);
  if (source === 'features') return nameOfFeature(rest, terms);
  if (source === 'limits') return { label: terms('value.limit', { name: rest }), isKnown: true, unit: 'money' };
  if (source === 'lists') return { label: terms('value.list', { name: rest }), isKnown: true, unit: 'number' };
  const isKnown = isTermKey(path);
  const label = isKnown ? terms(path) : path;
  if (source === 'profile') return { label, isKnown, unit: unitOfProfile(rest) };
  return { label, isKnown, unit: path === 'tx.amountMinor' ? 'money' : 'text' };
}
