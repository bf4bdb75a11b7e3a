/**
 * What all limits share: the bank's zone and currency, which bank codes are its own, what the methods of authentication are
 * worth together, groups of channels and segments, and rates of exchange for amounts in other currencies.
 */
import { currencyExponent, isCurrency, MAX_AMOUNT_MINOR } from '../../domain/money.ts';
import { type DocumentNode, type DocumentReader, readKey } from '../documents/document-reader.ts';
import { isZone } from './calendar.ts';

export interface AuthenticationClass {
  readonly name: string;
  readonly methods: ReadonlySet<string>;
  /** how many different ones of the methods are needed */
  readonly atLeast: number;
}

/** The class of a transaction that no declared class fits. */
export const NO_AUTHENTICATION = 'NONE';

export interface LimitSettings {
  readonly zone: string;
  readonly currency: string;
  readonly homeBanks: ReadonlySet<string>;
  readonly homeCountry: string;
  /** strongest first; the first one that fits is the class of a transaction */
  readonly authenticationClasses: readonly AuthenticationClass[];
  readonly channelGroups: ReadonlyMap<string, readonly string[]>;
  readonly segmentGroups: ReadonlyMap<string, readonly string[]>;
  /** minor units of the limits' currency for minor units of another one, as a fraction */
  readonly rates: ReadonlyMap<string, ExchangeRate>;
}

export interface ExchangeRate {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const CODE = { pattern: /^[A-Z][A-Z0-9_]{0,63}$/, wanted: 'a code in capital letters' };

export function readSettings(
  at: DocumentNode,
  reader: DocumentReader,
  channels: ReadonlySet<string>,
): LimitSettings | undefined {
  const fields = reader.fields(at, {
    required: ['zone', 'currency', 'home', 'authenticationClasses'],
    optional: ['channelGroups', 'segmentGroups', 'rates'],
  });
  const zone = readKey(fields, 'zone', (node) =>
    readChecked(node, reader, isZone, 'must be an IANA time zone such as Asia/Shanghai'),
  );
  const currency = readKey(fields, 'currency', (node) =>
    readChecked(node, reader, isCurrency, 'must be a code of ISO 4217'),
  );
  const home = readKey(fields, 'home', (node) => reader.fields(node, { required: ['banks', 'country'] }));
  const banks = readKey(home, 'banks', reader.texts);
  const country = readKey(home, 'country', (node) =>
    reader.text(node, { pattern: /^[A-Z]{2}$/, wanted: 'a code of ISO 3166' }),
  );
  const classes = readKey(fields, 'authenticationClasses', (node) => readClasses(node, reader));
  const isChannel = (code: string): boolean => channels.has(code);
  const channelGroups = readKey(fields, 'channelGroups', (node) => readGroups(node, reader, isChannel, isChannel));
  const segmentGroups = readKey(fields, 'segmentGroups', (node) => readGroups(node, reader, () => true));
  const rates = readKey(fields, 'rates', (node) => readRates(node, reader, currency));
  if (zone === undefined || currency === undefined || banks === undefined) return undefined;
  if (country === undefined || classes === undefined) return undefined;
  return {
    zone,
    currency,
    homeBanks: new Set(banks),
    homeCountry: country,
    authenticationClasses: classes,
    channelGroups: channelGroups ?? new Map(),
    segmentGroups: segmentGroups ?? new Map(),
    rates: rates ?? new Map(),
  };
}

function readChecked(
  at: DocumentNode,
  reader: DocumentReader,
  isValid: (text: string) => boolean,
  message: string,
): string | undefined {
  const text = reader.text(at);
  if (text === undefined || isValid(text)) return text;
  reader.fault(at, message);
  return undefined;
}

function readClasses(at: DocumentNode, reader: DocumentReader): readonly AuthenticationClass[] | undefined {
  const classes = reader.items(at)?.map((item): AuthenticationClass | undefined => {
    const fields = reader.fields(item, { required: ['class', 'methods', 'atLeast'] });
    const name = readKey(fields, 'class', (node) => reader.text(node, CODE));
    const methods = readKey(fields, 'methods', (node) => reader.texts(node, CODE));
    const max = Math.max(1, methods?.length ?? 1);
    const atLeast = readKey(fields, 'atLeast', (node) => reader.integer(node, { min: 1, max }));
    if (name === undefined || methods === undefined || atLeast === undefined) return undefined;
    return { name, methods: new Set(methods), atLeast };
  });
  if (classes === undefined) return undefined;
  const known = classes.filter((entry) => entry !== undefined);
  const names = known.map((entry) => entry.name);
  if (names.includes(NO_AUTHENTICATION))
    reader.fault(at, `${NO_AUTHENTICATION} is what fits no class: it cannot be declared`);
  if (new Set(names).size < names.length) reader.fault(at, 'a class stands twice');
  return known.length < classes.length ? undefined : known;
}

function readGroups(
  at: DocumentNode,
  reader: DocumentReader,
  isMember: (code: string) => boolean,
  isNameTaken: (code: string) => boolean = () => false,
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, readonly string[]>();
  for (const { key, value } of reader.entries(at) ?? []) {
    const members = reader.texts(value, CODE);
    const strangers = members?.filter((member) => !isMember(member)) ?? [];
    if (!CODE.pattern.test(key)) reader.fault(value, `the group's name must be ${CODE.wanted}`, undefined, 'key');
    if (strangers.length > 0) reader.fault(value, `not a channel: ${strangers.join(', ')}`);
    if (members?.length === 0) reader.fault(value, 'an empty group: what names it would hold for nobody');
    if (members !== undefined && isNameTaken(key))
      reader.fault(value, `${key} is a channel: a group of this name would hide it`, undefined, 'key');
    if (members !== undefined) groups.set(key, members);
  }
  return groups;
}

/** "USD: '7.10'": units of the limits' currency for one unit of the other, as a decimal in quotes. */
function readRates(
  at: DocumentNode,
  reader: DocumentReader,
  currency: string | undefined,
): ReadonlyMap<string, ExchangeRate> {
  const rates = new Map<string, ExchangeRate>();
  for (const { key, value } of reader.entries(at) ?? []) {
    const text = reader.text(value, { pattern: /^\d{1,9}(?:\.\d{1,9})?$/, wanted: 'a decimal number in quotes' });
    if (!isCurrency(key) || key === currency)
      reader.fault(value, `"${key}" is not another currency of ISO 4217`, undefined, 'key');
    else if (text !== undefined && Number(text) === 0)
      reader.fault(value, 'a rate of 0 would let every amount through');
    else if (text !== undefined && currency !== undefined) rates.set(key, toFraction(text, key, currency));
  }
  return rates;
}

function toFraction(decimal: string, from: string, to: string): ExchangeRate {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return {
    numerator: BigInt(whole + fraction) * 10n ** BigInt(currencyExponent(to) ?? 0),
    denominator: 10n ** BigInt(fraction.length) * 10n ** BigInt(currencyExponent(from) ?? 0),
  };
}

/** The amount in the limits' currency, rounded up so that a limit is never passed by rounding; undefined without a rate. */
export function toLimitCurrency(settings: LimitSettings, amountMinor: number, currency: string): number | undefined {
  if (currency === settings.currency) return amountMinor;
  const rate = settings.rates.get(currency);
  if (rate === undefined) return undefined;
  const product = BigInt(amountMinor) * rate.numerator;
  const converted = (product + rate.denominator - 1n) / rate.denominator;
  return converted > BigInt(MAX_AMOUNT_MINOR) ? MAX_AMOUNT_MINOR : Number(converted);
}
