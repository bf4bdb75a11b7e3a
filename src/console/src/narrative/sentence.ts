/**
 * The first line of an alert: what a person would say. In the list, from the alert alone: what it was and the reasons'
 * texts. On the page, from the decision: how many and how much, then clauses made of the values that the rules that fired
 * have read, then the texts of the reasons that no clause has told. Never a code. Pure.
 */
import type { Alert, Decision } from '../../../http/api-types.ts';
import type { Formats } from '../format/formats.ts';
import { formatMoneyInText } from '../format/money.ts';
import { translateCode } from '../i18n/translate.ts';
import { clausesOf } from './clauses.ts';
import type { TermKey } from './terms.ts';
import { splitFeatureName } from './value-names.ts';
import type { HitValue, ValueContext } from './value-text.ts';

/** More is read in the rules below; a sentence that does not end is read by nobody. */
const MAX_CLAUSES = 5;
const MAX_REASONS = 2;

const MONEY_OUT = ['TRANSFER', 'PAYMENT', 'PURCHASE', 'WITHDRAWAL'];
const CREDENTIAL_CHANGES = ['PASSWORD_CHANGE', 'DEVICE_BIND', 'LIMIT_CHANGE', 'CONTACT_CHANGE'];

/** Counts that can open a sentence, each with the types that it counts: a transfer is not one of "two security changes". */
const LEADS: readonly (readonly [stem: string, types: readonly string[]])[] = [
  ['customer_transfer_count', ['TRANSFER']],
  ['customer_cash_count', ['WITHDRAWAL']],
  ['card_small_count', ['PURCHASE']],
  ['customer_out_count', MONEY_OUT],
  ['account_out_count', MONEY_OUT],
  ['card_count', ['PURCHASE', 'PAYMENT', 'WITHDRAWAL']],
  ['customer_payee_add_count', ['PAYEE_ADD']],
  ['customer_credential_change_count', CREDENTIAL_CHANGES],
  ['customer_login_count', ['LOGIN']],
  ['counterparty_count', ['TRANSFER', 'PAYMENT']],
];
/** the sum that belongs to a count, told in the same breath when it was read over the same window */
const SUM_OF: Readonly<Record<string, string>> = {
  customer_transfer_count: 'customer_transfer_sum',
  customer_out_count: 'customer_out_sum',
  customer_cash_count: 'customer_cash_sum',
  account_out_count: 'account_out_sum',
  card_count: 'card_sum',
  counterparty_count: 'counterparty_sum',
};

/** "New device" → "new device" inside a sentence; "SIM card changed" stays, and so does what has no case. */
export const continued = (text: string): string =>
  /^[A-Z][a-z]*\b/.test(text) ? `${text.charAt(0).toLowerCase()}${text.slice(1)}` : text;

/** One line for the list, where amount and channel stand in columns of their own. */
export function listSentence(
  alert: Pick<Alert, 'type' | 'reasons' | 'riskScore' | 'provisional'>,
  formats: Formats,
): string {
  const { t, language } = formats;
  const what = translateCode(t, 'type', alert.type);
  const texts = alert.reasons.map((reason) => reason.text[language]);
  const reasons = language === 'en' ? texts.map(continued).join('; ') : texts.join('；');
  if (reasons === '') return t('sentence.noReason', { what, score: alert.riskScore });
  return alert.provisional === true ? t('sentence.provisional', { reasons }) : t('sentence.reasons', { what, reasons });
}

export interface SentenceInput {
  readonly alert: Pick<Alert, 'type' | 'amountMinor' | 'currency' | 'reasons' | 'riskScore' | 'provisional'>;
  readonly decision: Decision | null;
  readonly channelName: string;
  readonly context: ValueContext;
}

interface Lead {
  readonly text: string;
  readonly told: ReadonlySet<string>;
}

function plainLead({ alert, channelName, context }: SentenceInput): Lead {
  const { formats, terms, currency } = context;
  const channel = formats.language === 'en' ? continued(channelName) : channelName;
  const type = translateCode(formats.t, 'type', alert.type);
  const text =
    alert.amountMinor === null
      ? terms('lead.oneNoMoney', { type, channel })
      : terms('lead.one', { type, channel, amount: formatMoneyInText(alert.amountMinor, currency) });
  return { text, told: new Set() };
}

function countLead(input: SentenceInput, values: ReadonlyMap<string, HitValue>, stem: string): Lead | null {
  const { formats, terms, currency } = input.context;
  const key = `lead.${stem}`;
  for (const [path, count] of values) {
    const feature = splitFeatureName(path.slice('features.'.length));
    if (feature.stem !== stem || feature.windowSeconds === undefined || typeof count !== 'number' || count < 2)
      continue;
    const window = formats.spanInText(feature.windowSeconds);
    const sumPath = path.replace(stem, SUM_OF[stem] ?? '-');
    const sum = values.get(sumPath);
    const parts = [terms(key as TermKey, { count: terms('number.word', { n: count }), window })];
    if (typeof sum === 'number') parts.push(terms('lead.sum', { sum: formatMoneyInText(sum, currency) }));
    if (input.alert.amountMinor !== null)
      parts.push(terms('lead.each', { amount: formatMoneyInText(input.alert.amountMinor, currency) }));
    return { text: parts.join(terms('sentence.comma')), told: new Set([path, sumPath]) };
  }
  return null;
}

function leadOf(input: SentenceInput, values: ReadonlyMap<string, HitValue>): Lead {
  for (const [stem, types] of LEADS) {
    if (!types.includes(input.alert.type)) continue;
    const lead = countLead(input, values, stem);
    if (lead !== null) return lead;
  }
  return plainLead(input);
}

function limitClauses(decision: Decision, { terms, formats, currency }: ValueContext): readonly string[] {
  return (
    decision.limits
      // a threshold that only reminds is no reason for an alert
      .filter((limit) => limit.exceeded && limit.reminder !== true)
      .map((limit) => {
        const period = terms(`period.${limit.period}`);
        return limit.measure === 'amount'
          ? terms('clause.limitAmount', { period, max: formatMoneyInText(limit.max, currency) })
          : terms('clause.limitCount', { period, max: formats.integer(limit.max) });
      })
  );
}

/** Texts of the reasons of which nothing has been said yet. */
function untoldReasons(
  decision: Decision,
  told: ReadonlySet<string>,
  language: Formats['language'],
): readonly string[] {
  const toldReasons = new Set(
    decision.hits
      .filter((hit) => Object.keys(hit.values).some((path) => told.has(path)))
      .map((hit) => hit.reason)
      .concat(decision.limits.filter((limit) => limit.exceeded).map((limit) => limit.reason)),
  );
  const texts = decision.reasons.filter(({ code }) => !toldReasons.has(code)).map(({ text }) => text[language]);
  return language === 'en' ? texts.map(continued) : texts;
}

/** The whole sentence, with its full stop. */
export function alertSentence(input: SentenceInput): string {
  const { decision, context, alert } = input;
  const { terms, formats } = context;
  const stop = terms('sentence.stop');
  if (decision === null || alert.provisional === true) return `${listSentence(alert, formats)}${stop}`;
  const live = decision.hits.filter((hit) => hit.mode === 'live' && hit.status === 'hit');
  const values = new Map([...live].sort((a, b) => b.score - a.score).flatMap((hit) => Object.entries(hit.values)));
  const lead = leadOf(input, values);
  const limits = limitClauses(decision, context);
  const clauses = clausesOf(values, lead.told, context).slice(0, Math.max(MAX_CLAUSES - limits.length, 0));
  const told = new Set([...lead.told, ...clauses.map(({ path }) => path)]);
  const said = [lead.text, ...clauses.map(({ text }) => text), ...limits].join(terms('sentence.comma'));
  const reasons = untoldReasons(decision, told, formats.language).slice(0, MAX_REASONS);
  return `${[said, ...reasons].join(terms('sentence.semicolon'))}${stop}`;
}
