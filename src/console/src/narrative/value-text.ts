/** A value that a condition read, as a person reads it: with its unit. Pure. */

import type { Formats } from '../format/formats.ts';
import { formatMoneyInText } from '../format/money.ts';
import { type MessageKey, messagesEn } from '../i18n/messages-en.ts';
import type { Terms } from './terms.ts';
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

/** Codes of closed lists have words; other texts are shown as they are. */
function textOf(path: string, value: string, { formats }: ValueContext): string {
  const key = `${path === 'tx.type' ? 'type' : ''}.${value}`;
  return Object.hasOwn(messagesEn, key) ? formats.t(key as MessageKey) : value;
}

export function valueText(path: string, value: HitValue, unit: ValueUnit, context: ValueContext): string {
  if (value === null) return context.terms('rules.absent');
  if (typeof value === 'boolean') return context.terms(value ? 'rules.yes' : 'rules.no');
  if (typeof value === 'string') return textOf(path, value, context);
  return numberText(value, unit, context);
}
