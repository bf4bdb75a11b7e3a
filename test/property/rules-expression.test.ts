/**
 * The compiled closures against the CEL library on generated expressions and facts: the same verdict, or an error on both
 * sides. Facts leave fields out at random, so that every absorption of an error by && and || is met.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../src/domain/facts.ts';
import type { Profile } from '../../src/domain/feature.ts';
import type { Transaction } from '../../src/domain/transaction.ts';
import { typeEnvironment } from '../../src/rules/expression/type-environment.ts';
import type { Vocabulary } from '../../src/rules/expression/vocabulary.ts';
import { aProfile, aTransaction, compile, FEATURES, listsWith, run, vocabulary } from '../unit/rules/rule-builders.ts';

// ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────────

const oneOf = (...words: string[]) => fc.constantFrom(...words);
const INT_TERMS = oneOf(
  'tx.amountMinor',
  'features.customer_count_1h',
  'features.customer_out_sum_1h',
  'features.card_count_1h',
  'profile.monetaryCount',
  'profile.maxAmountMinor',
  'limits.atm_day.headroom',
);
const DOUBLE_TERMS = oneOf('features.customer_out_avg_1h', 'profile.amountZ', 'tx.location.lat', 'profile.speedKmh');
const STRING_TERMS = oneOf(
  'tx.type',
  'tx.channel',
  'tx.currency',
  'tx.merchant.mcc',
  'tx.counterparty.accountId',
  'tx.device.id',
  'tx["customerId"]',
);
const BOOL_TERMS = oneOf('tx.device.trusted', 'profile.deviceKnown', 'profile.payeeKnown', 'true', 'false');
const DYN_TERMS = oneOf('tx.attributes.a', 'tx.attributes.b', 'tx.attributes["c"]');
const OPTIONAL = oneOf(
  'tx.merchant.mcc',
  'tx.device.id',
  'tx.device.trusted',
  'tx.location.lat',
  'features.card_count_1h',
  'features.customer_out_avg_1h',
  'profile.amountZ',
  'tx.attributes.a',
  'tx.amountMinor',
);
const INT_LITERALS = oneOf('0', '1', '-1', '3', '500', '9007199254740993', '4611686018427387904');
const DOUBLE_LITERALS = oneOf('0.0', '1.5', '-2.25', '500.0', '1e17');
const STRING_LITERALS = oneOf('"TRANSFER"', '"CNY"', '"M1"', '""', '"5411"', '"a中😀"');
const ORDER = oneOf('<', '<=', '>', '>=');
const EQUAL = oneOf('==', '!=');
const LOCAL_IS_UTC = new Date(2026, 0, 1).getTimezoneOffset() === 0 && new Date(2026, 6, 1).getTimezoneOffset() === 0;
const ZONES = LOCAL_IS_UTC ? oneOf('"Asia/Shanghai"', '"America/New_York"', '"Asia/Kathmandu"') : oneOf('"UTC"');
const CLOCK = oneOf('getHours', 'getMinutes', 'getDayOfWeek', 'getDate', 'getDayOfMonth', 'getMonth', 'getFullYear');

const join = (left: string, op: string, right: string): string => `(${left} ${op} ${right})`;

const { bool } = fc.letrec<{ bool: string; int: string; double: string; text: string }>((tie) => ({
  int: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    INT_TERMS,
    INT_LITERALS,
    fc.tuple(tie('int'), oneOf('+', '-', '*', '/', '%'), tie('int')).map(([a, op, b]) => join(a, op, b)),
    tie('int').map((a) => `(-${a})`),
    tie('text').map((a) => `size(${a})`),
    // the library does not check the range of int(double): stay inside it
    DOUBLE_TERMS.map((a) => `int(${a} / 3.0)`),
    fc.tuple(tie('bool'), tie('int'), tie('int')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc.tuple(CLOCK, ZONES).map(([method, zone]) => `tx.occurredAt.${method}(${zone})`),
    CLOCK.map((method) => `tx.occurredAt.${method}()`),
    fc.constant('tx.authentication.filter(x, x != "PASSWORD").size()'),
    tie('int').map((a) => `[1, 2, 3].map(n, n * ${a}).size()`),
  ),
  double: fc.oneof(
    { depthSize: 'small' },
    DOUBLE_TERMS,
    DOUBLE_LITERALS,
    fc.tuple(tie('double'), oneOf('+', '-', '*', '/'), tie('double')).map(([a, op, b]) => join(a, op, b)),
    tie('int').map((a) => `double(${a})`),
  ),
  text: fc.oneof(
    { depthSize: 'small' },
    STRING_TERMS,
    STRING_LITERALS,
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => join(a, '+', b)),
    tie('int').map((a) => `string(${a})`),
    fc.constantFrom('tx.authentication[0]', 'tx.authentication[5]'),
  ),
  bool: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    BOOL_TERMS,
    OPTIONAL.map((path) => `has(${path})`),
    fc.tuple(tie('int'), ORDER, tie('int')).map(([a, op, b]) => join(a, op, b)),
    fc.tuple(tie('int'), ORDER, tie('double')).map(([a, op, b]) => join(a, op, b)),
    fc.tuple(tie('double'), ORDER, tie('int')).map(([a, op, b]) => join(a, op, b)),
    fc.tuple(tie('double'), EQUAL, tie('double')).map(([a, op, b]) => join(a, op, b)),
    fc.tuple(tie('double'), EQUAL, tie('int')).map(([a, op, b]) => join(a, op, b)),
    fc.tuple(tie('int'), EQUAL, tie('int')).map(([a, op, b]) => join(a, op, b)),
    fc.tuple(tie('text'), EQUAL, tie('text')).map(([a, op, b]) => join(a, op, b)),
    fc.tuple(tie('text'), ORDER, tie('text')).map(([a, op, b]) => join(a, op, b)),
    fc.tuple(DYN_TERMS, EQUAL, fc.oneof(INT_LITERALS, STRING_LITERALS, DYN_TERMS)).map(([a, op, b]) => join(a, op, b)),
    fc.tuple(DYN_TERMS, ORDER, fc.oneof(INT_LITERALS, DOUBLE_LITERALS, STRING_LITERALS)).map((p) => join(...p)),
    fc.tuple(DYN_TERMS, oneOf('&&', '||'), tie('bool')).map(([a, op, b]) => join(a, op, b)),
    fc
      .tuple(tie('text'), fc.array(STRING_LITERALS, { maxLength: 7 }))
      .map(([a, list]) => `(${a} in [${list.join(', ')}])`),
    fc
      .tuple(tie('int'), fc.array(INT_LITERALS, { minLength: 1, maxLength: 3 }))
      .map(([a, l]) => `(${a} in [${l.join(', ')}])`),
    tie('text').map((a) => `(${a} in tx.authentication)`),
    tie('text').map((a) => `(${a} in lists.mule_accounts)`),
    tie('text').map((a) => `(${a} in tx.attributes)`),
    fc
      .tuple(tie('text'), oneOf('startsWith', 'endsWith', 'contains'), tie('text'))
      .map(([a, m, b]) => `${a}.${m}(${b})`),
    fc.tuple(tie('text'), oneOf('"^T"', '"[0-9]+"', '"(a|b)*c?$"', '"^.{2}$"')).map(([a, p]) => `${a}.matches(${p})`),
    fc.tuple(oneOf('exists', 'all', 'exists_one'), tie('text')).map(([m, b]) => `tx.authentication.${m}(x, x == ${b})`),
    fc.tuple(oneOf('exists', 'all'), tie('int')).map(([m, b]) => `[0, 1, 2].${m}(n, 10 / n > ${b})`),
    fc
      .tuple(ORDER, oneOf('"18h"', '"90m"', '"1h30m"', '"-5s"'))
      .map(([op, d]) => `(tx.occurredAt - timestamp("2026-11-22T00:00:00Z") ${op} duration(${d}))`),
    fc
      .tuple(ORDER, oneOf('"2026-11-23T00:00:00+08:00"', '"2027-01-01T00:00:00Z"'))
      .map(([op, at]) => `(tx.occurredAt + duration("12h") ${op} timestamp(${at}))`),
    tie('bool').map((a) => `!${a}`),
    fc.tuple(tie('bool'), oneOf('&&', '||'), tie('bool')).map(([a, op, b]) => join(a, op, b)),
    fc
      .tuple(tie('bool'), oneOf('&&', '||'), tie('bool'), tie('bool'))
      .map(([a, op, b, c]) => `(${a} ${op} ${b} ${op} ${c})`),
    fc.tuple(tie('bool'), tie('bool'), tie('bool')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
}));

/** What rules are mostly made of: terms against constants, in a row. Pairs of them are compiled into one closure. */
const comparison = fc.oneof(
  fc.tuple(INT_TERMS, ORDER, INT_LITERALS).map((p) => p.join(' ')),
  fc.tuple(INT_TERMS, ORDER, DOUBLE_LITERALS).map((p) => p.join(' ')),
  fc.tuple(DOUBLE_TERMS, ORDER, DOUBLE_LITERALS).map((p) => p.join(' ')),
  fc.tuple(INT_LITERALS, ORDER, INT_TERMS).map((p) => p.join(' ')),
  fc.tuple(INT_TERMS, EQUAL, INT_LITERALS).map((p) => p.join(' ')),
  fc.tuple(STRING_TERMS, EQUAL, STRING_LITERALS).map((p) => p.join(' ')),
  fc
    .tuple(STRING_TERMS, fc.array(STRING_LITERALS, { minLength: 1, maxLength: 6 }))
    .map(([a, list]) => `${a} in [${list.join(', ')}]`),
  BOOL_TERMS,
  OPTIONAL.map((path) => `has(${path})`),
);
const row = fc
  .tuple(oneOf('&&', '||'), fc.array(comparison, { minLength: 2, maxLength: 5 }))
  .map(([op, operands]) => operands.join(` ${op} `));

// ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const amount = fc.oneof(fc.constantFrom(0, 1, 3, 500, Number.MAX_SAFE_INTEGER), fc.integer({ min: 0, max: 1_000_000 }));
const decimal = fc.oneof(fc.constantFrom(0, 1.5, -2.25, 500), fc.double({ noNaN: true, min: -1e15, max: 1e15 }));
const word = fc.constantFrom('TRANSFER', 'CNY', 'M1', '', '5411', 'a中😀', '12');
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });

const present = <T extends object>(record: T): T =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;

const transactions: fc.Arbitrary<Transaction> = fc
  .record({
    type: fc.constantFrom('TRANSFER', 'PAYMENT', 'LOGIN'),
    channel: word,
    customerId: word,
    currency: maybe(word),
    amountMinor: maybe(amount),
    occurredAtMs: fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 6, 1) }),
    authentication: fc.array(fc.constantFrom('PASSWORD', 'SMS_OTP', 'TRANSFER'), { maxLength: 3 }),
    merchant: maybe(fc.record({ mcc: maybe(word) }).map(present)),
    counterparty: maybe(fc.record({ accountId: maybe(word) }).map(present)),
    device: maybe(fc.record({ id: maybe(word), trusted: maybe(fc.boolean()) }).map(present)),
    location: maybe(fc.record({ lat: maybe(decimal) }).map(present)),
    attributes: fc
      .record({ a: maybe(fc.oneof(decimal, word, fc.boolean())), b: maybe(word), c: maybe(fc.boolean()) })
      .map(present),
  })
  .map((fields) => aTransaction(present(fields) as Partial<Transaction>));

const profiles: fc.Arbitrary<Profile> = fc
  .record({
    monetaryCount: amount,
    maxAmountMinor: orNull(amount),
    amountZ: orNull(decimal),
    speedKmh: orNull(decimal),
    deviceKnown: orNull(fc.boolean()),
    payeeKnown: orNull(fc.boolean()),
  })
  .map((fields) => aProfile(fields));

const facts: fc.Arbitrary<Facts> = fc.record({
  transaction: transactions,
  values: fc.tuple(amount, amount, orNull(decimal), orNull(amount)),
  profile: profiles,
  lists: fc.constant(listsWith({ mule_accounts: ['M1', 'TRANSFER'] })),
  limitHeadroom: fc
    .option(amount, { nil: undefined })
    .map((left) => new Map(left === undefined ? [] : [['atm_day', left]])),
});

// ── the library's side ───────────────────────────────────────────────────────────────────────────────────────────────

/** Ints of the library are bigints, absent fields are left out, absent objects are empty. */
function libraryContext({ transaction, values, profile, limitHeadroom }: Facts): Record<string, unknown> {
  const big = (value: number | null | undefined) => (value === undefined || value === null ? undefined : BigInt(value));
  const words = vocabulary();
  const typed = (prefix: string, fields: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(fields)
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => [
          name,
          words.term(`${prefix}.${name}`)?.type === 'int' ? BigInt(value as number) : value,
        ]),
    );
  const { occurredAtMs, merchant, counterparty, device, location, ...rest } = transaction;
  const objects = { merchant, counterparty, device, location, original: {} };
  return {
    tx: {
      ...typed('tx', rest),
      ...Object.fromEntries(Object.entries(objects).map(([name, value]) => [name, typed(`tx.${name}`, value ?? {})])),
      occurredAt: new Date(occurredAtMs),
      occurredAtMs: big(occurredAtMs),
    },
    features: typed('features', Object.fromEntries(FEATURES.map(({ name }, index) => [name, values?.[index]]))),
    profile: typed('profile', { ...profile }),
    lists: { mule_accounts: ['M1', 'TRANSFER'] },
    limits: { atm_day: typed('limits.atm_day', { headroom: limitHeadroom.get('atm_day') }) },
  };
}

function libraryVerdict(text: string, given: Facts): boolean | 'error' {
  try {
    const verdict: unknown = typeEnvironment(words).parse(text)(libraryContext(given));
    return typeof verdict === 'boolean' ? verdict : 'error';
  } catch {
    return 'error';
  }
}

/** Any text may meet any other here: what a field can be is the checker's business, and asked in its own tests. */
const all = vocabulary();
const words: Vocabulary = {
  ...all,
  term(path) {
    const term = all.term(path);
    if (term === undefined) return undefined;
    const { words: _any, ...rest } = term;
    return rest;
  },
};

/** Counts what was met: the comparison means something only when all outcomes are met often. */
function expectEqualVerdicts(texts: fc.Arbitrary<string>, numRuns: number) {
  const seen = { true: 0, false: 0, error: 0, refused: 0 };
  fc.assert(
    fc.property(texts, fc.array(facts, { minLength: 3, maxLength: 3 }), (text, samples) => {
      const { layout, result } = compile(text, words);
      if (!result.ok) {
        seen.refused++;
        return;
      }
      for (const sample of samples) {
        const ours = run(result.value, layout, sample);
        const verdict = typeof ours === 'boolean' ? ours : 'error';
        seen[`${verdict}`]++;
        expect(`${text} → ${verdict}`).toBe(`${text} → ${libraryVerdict(text, sample)}`);
      }
    }),
    { numRuns },
  );
  return seen;
}

describe('compiled expressions', () => {
  it('give the same verdict as the CEL library, or an error on both sides', () => {
    const seen = expectEqualVerdicts(bool, 3_000);
    expect(Math.min(seen.true, seen.false, seen.error)).toBeGreaterThan(500);
    expect(seen.refused).toBeLessThan(600);
  });

  it('agree with it on rows of comparisons, which are compiled in pairs', () => {
    const seen = expectEqualVerdicts(row, 4_000);
    expect(Math.min(seen.true, seen.false, seen.error)).toBeGreaterThan(500);
    expect(seen.refused).toBe(0);
  });
});
