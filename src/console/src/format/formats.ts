/** Everything that turns a value into words for one language and one bank zone. Pure. */
import { createTranslator, type Language, MESSAGES, type Translate } from '../i18n/translate.ts';
import { createTimeFormatter, formatSpan, spanInText, type TimeFormatter } from './time.ts';

export interface Formats {
  readonly language: Language;
  readonly t: Translate;
  readonly time: TimeFormatter;
  integer(value: number): string;
  /** up to three significant digits below 100, whole above */
  decimal(value: number): string;
  percent(share: number): string;
  /** a model's certainty: nearer than one in a thousand to either end more digits say nothing, and it is never certain */
  probability(share: number): string;
  span(seconds: number): string;
  spanInText(seconds: number): string;
  list(items: readonly string[]): string;
}

export function createFormats(language: Language, zone: string): Formats {
  const t = createTranslator(language, MESSAGES);
  const integers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
  const digits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
  const percents = new Intl.NumberFormat('en', { style: 'percent', maximumSignificantDigits: 2 });
  const nearCertain = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });
  const lists = new Intl.ListFormat(language, { type: 'disjunction' });
  return {
    language,
    t,
    time: createTimeFormatter(zone),
    integer: (value) => integers.format(value),
    decimal: (value) => (Math.abs(value) >= 100 ? integers.format(value) : digits.format(value)),
    percent: (share) => percents.format(share),
    probability(share) {
      if (share < 0.001) return '<0.1%';
      if (share > 0.999) return '>99.9%';
      // two digits would round 99.6% to a certainty
      return share > 0.99 ? nearCertain.format(share) : percents.format(share);
    },
    span: (seconds) => formatSpan(seconds, t),
    spanInText: (seconds) => spanInText(seconds, t),
    list: (items) => lists.format(items),
  };
}
