/**
 * Amounts as a mapping file says they are written: decimal mark, grouping, implied decimals, sign. Nothing is guessed: a text
 * that is not exactly of this form is refused, and so is one that has more decimals than its currency (unless they are 0, or the mapping says that they are rounded).
 */
import { err, ok, type Result } from '../../domain/result.ts';

export interface AmountFormat {
  /** null = no mark: the digits have `impliedDecimals` */
  readonly mark: '.' | ',' | null;
  /** between groups of three digits; null = none */
  readonly grouping: string | null;
  /** without a mark: how many of the last digits are decimals; 'currency' = as many as ISO 4217 says (ISO 8583 DE4) */
  readonly impliedDecimals: number | 'currency';
  /** 'none', a leading minus, or ISO 8583 x+n: C or D before the digits */
  readonly sign: 'none' | 'minus' | 'x+n';
  /** what a minus or a D does: refused, kept as negative, or dropped because another field says the direction */
  readonly negative: 'refuse' | 'keep' | 'absolute';
  /** decimals beyond those of the currency: refused unless they are 0, or rounded half up (data that went through floating point) */
  readonly moreDecimals: 'refuse' | 'round';
}

const MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Minor units of a currency with so many decimals. The error is a sentence without the text itself. */
export function parseAmount(text: string, format: AmountFormat, exponent: number): Result<number, string> {
  const signed = splitSign(text, format);
  if (signed === undefined) return err('not an amount of the stated form');
  const digits = splitDecimals(signed.rest, format, exponent);
  if (digits === undefined) return err('not an amount of the stated form');
  const excess = digits.fraction.slice(exponent);
  if (/[1-9]/.test(excess) && format.moreDecimals === 'refuse')
    return err(`more than the ${exponent} decimals of its currency`);
  const cut = BigInt(digits.whole + digits.fraction.slice(0, exponent).padEnd(exponent, '0'));
  const minor = /^[5-9]/.test(excess) ? cut + 1n : cut;
  if (minor > MAX) return err('larger than 2^53 − 1 minor units');
  if (signed.isNegative && minor > 0n && format.negative === 'refuse') return err('a negative amount');
  return ok(signed.isNegative && format.negative === 'keep' ? -Number(minor) || 0 : Number(minor));
}

function splitSign(
  text: string,
  { sign }: AmountFormat,
): { readonly isNegative: boolean; readonly rest: string } | undefined {
  if (sign === 'x+n') {
    return /^[CD]/.test(text) ? { isNegative: text.startsWith('D'), rest: text.slice(1) } : undefined;
  }
  if (sign === 'minus' && text.startsWith('-')) return { isNegative: true, rest: text.slice(1) };
  return { isNegative: false, rest: text };
}

function splitDecimals(
  text: string,
  format: AmountFormat,
  exponent: number,
): { readonly whole: string; readonly fraction: string } | undefined {
  if (format.mark === null) {
    const whole = ungroup(text, format.grouping);
    if (whole === undefined) return undefined;
    const decimals = format.impliedDecimals === 'currency' ? exponent : format.impliedDecimals;
    const padded = whole.padStart(decimals + 1, '0');
    return { whole: padded.slice(0, padded.length - decimals), fraction: padded.slice(padded.length - decimals) };
  }
  const parts = text.split(format.mark);
  const [left = '', fraction = ''] = parts;
  const whole = ungroup(left, format.grouping);
  const isWellFormed = parts.length === 1 || (parts.length === 2 && /^\d{1,18}$/.test(fraction));
  return whole === undefined || !isWellFormed ? undefined : { whole, fraction };
}

/** 1,234,567 but neither 12,34 nor 1234,567; digits without any grouping are of the form too. */
function ungroup(text: string, grouping: string | null): string | undefined {
  if (/^\d{1,30}$/.test(text)) return text;
  if (grouping === null) return undefined;
  const [first = '', ...groups] = text.split(grouping);
  const isGrouped = groups.length > 0 && /^\d{1,3}$/.test(first) && groups.every((group) => /^\d{3}$/.test(group));
  return isGrouped ? [first, ...groups].join('') : undefined;
}
