/** A value that a condition read, as a person reads it: with its unit. Pure. */

import type { Formats } from '../format/formats.ts';
import { formatMoneyInText } from '../format/money.ts';
import { translateCode } from '../i18n/translate.ts';
import { isTermKey, type Terms } from './terms.ts';
import type { ValueUnit } from './value-names.ts';

export type HitValue = string | number | boolean | null;

export interface ValueContext {
  readonly formats: Formats;
  readonly terms: Terms;
  readonly currency: string | null;
}

export function numberText(value: number, unit: ValueUnit, { formats, currency }: ValueContext): string {
  switch (unit) {
    case 'money':
      return formatMoneyInText(value, currency);
    case 'span':
      return formats.span(value);
    case 'percent':
      return formats.percent(value);
    case 'ratio':
      return `${formats.decimal(value)}×`;
    case 'kilometres':
      return `${formats.integer(value)} km`;
    case 'speed':
      return `${formats.integer(value)} km/h`;
    default:
      return formats.decimal(value);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  'tx.customerSegment': 'segment',
  'tx.authentication': 'authentication',
  'tx.accessibility': 'accessibility',
};

/** Codes that are known have words; a bank's own are shown as they are. */
export function codeText(path: string, value: string, { formats, terms }: Pick<ValueContext, 'formats' | 'terms'>) {
  if (path === 'tx.type') return translateCode(formats.t, 'type', value);
  const key = `${WORDS[path]}.${value}`;
  return isTermKey(key) ? terms(key) : value;
}

export function valueText(path: string, value: HitValue, unit: ValueUnit, context: ValueContext): string {
  if (value === null) return context.terms('rules.absent');
  if (typeof value === 'boolean') return context.terms(value ? 'rules.yes' : 'rules.no');
  if (typeof value === 'string') return codeText(path, value, context);
  return numberText(value, unit, context);
}
