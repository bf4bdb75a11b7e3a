/** Figures for people, in the report and on the terminal. */
import { currencyExponent } from '../domain/money.ts';

export const NOTHING = '–';

export const percent = (share: number | null): string => (share === null ? NOTHING : `${(share * 100).toFixed(1)} %`);
export const whole = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 0 });
export const oneDigit = (value: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
export const threeDigits = (value: number | null): string => (value === null ? NOTHING : value.toFixed(3));

/** "+12", "−3", "±0": a difference always shows its sign. */
export function signed(value: number, show: (value: number) => string = whole): string {
  const text = show(Math.abs(value));
  if (text === show(0)) return `±${text}`;
  return value > 0 ? `+${text}` : `−${text}`;
}

export function money(amountMinor: number, currency: string): string {
  const exponent = currencyExponent(currency) ?? 2;
  const amount = amountMinor / 10 ** exponent;
  const digits = { minimumFractionDigits: exponent, maximumFractionDigits: exponent };
  return `${currency} ${amount.toLocaleString('en', digits)}`;
}

const SHOWN_CURRENCIES = 2;

/**
 * Whole units only, for tables: what stands behind the point is noise beside sums of thousands of transactions. The largest
 * figures first, without a rate of exchange; the rest is counted.
 */
export function wholeMoneyParts(amountsMinor: Readonly<Record<string, number>>): readonly string[] {
  const amounts = Object.entries(amountsMinor)
    .map(([currency, minor]) => ({ currency, amount: minor / 10 ** (currencyExponent(currency) ?? 2) }))
    .sort((a, b) => b.amount - a.amount || (a.currency < b.currency ? -1 : 1));
  const shown = amounts.slice(0, SHOWN_CURRENCIES).map(({ currency, amount }) => `${currency} ${whole(amount)}`);
  const hidden = amounts.length - shown.length;
  return [...shown, ...(hidden > 0 ? [`${hidden} more`] : [])];
}

export const wholeMoney = (amountsMinor: Readonly<Record<string, number>>): string =>
  wholeMoneyParts(amountsMinor).join(', ') || NOTHING;
