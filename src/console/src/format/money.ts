/**
 * Money for a reader: integer minor units and a currency become grouped digits with exactly the decimals of ISO 4217. No
 * floating point on the way: amounts go up to 2^53 − 1 minor units, and Intl's own table of decimals is CLDR's, which differs
 * from ISO 4217 for a dozen currencies (IQD, LAK, IRR …).
 */
import { currencyExponent } from '../../../domain/money.ts';

/** "49,900.00"; minor units of an unknown currency are shown as they are. */
export function formatAmount(amountMinor: number, currency: string | null): string {
  const exponent = (currency === null ? undefined : currencyExponent(currency)) ?? 0;
  const isNegative = amountMinor < 0;
  const digits = String(Math.abs(Math.round(amountMinor))).padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent).replace(/\B(?=(\d{3})+$)/g, ',');
  const fraction = exponent === 0 ? '' : `.${digits.slice(digits.length - exponent)}`;
  return `${isNegative ? '−' : ''}${whole}${fraction}`;
}

/** In a sentence: "¥49,900" for the bank's own currency, "USD 1,200.50" for others; decimals only when they are not zero. */
export function formatMoneyInText(amountMinor: number, currency: string | null): string {
  const amount = formatAmount(amountMinor, currency).replace(/\.0+$/, '');
  if (currency === 'CNY') return amount.startsWith('−') ? `−¥${amount.slice(1)}` : `¥${amount}`;
  return currency === null ? amount : `${currency}\u00a0${amount}`;
}
