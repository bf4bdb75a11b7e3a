/**
 * What the checker promises about an expression without running it, held against running it: an expression without a
 * warning never meets an absent value, and what is "always" or "never" true is so on every transaction.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../src/domain/facts.ts';
import { MONETARY_TYPES, TRANSACTION_TYPES, type Transaction } from '../../src/domain/transaction.ts';
import { alwaysTrueFault, neverTrueWarning } from '../../src/rules/expression/always-true.ts';
import { unguardedUses } from '../../src/rules/expression/guards.ts';
import { possibleValues } from '../../src/rules/expression/narrowing.ts';
import { aProfile, aTransaction, compile, run, someFacts, vocabulary } from '../unit/rules/rule-builders.ts';

const words = vocabulary();
const NULLABLE = [
  'tx.amountMinor',
  'profile.amountZ',
  'features.card_count_1h',
  'tx.merchant.mcc',
  'profile.deviceKnown',
] as const;
const small = fc.integer({ min: -1, max: 3 });
const order = fc.constantFrom('<', '<=', '>', '>=');

/** Comparisons with constants near each other, so that ranges often meet, overlap and cover everything. */
const atom = fc.oneof(
  fc
    .tuple(fc.constantFrom('tx.amountMinor', 'features.card_count_1h', 'features.customer_count_1h'), order, small)
    .map((p) => p.join(' ')),
  fc.tuple(fc.constant('profile.amountZ'), order, small).map((p) => `${p.join(' ')}.0`),
  fc.constantFrom('tx.merchant.mcc == "5411"', 'tx.merchant.mcc != "5411"', 'profile.deviceKnown'),
  fc.constantFrom(...NULLABLE).map((path) => `has(${path})`),
  fc.tuple(fc.constantFrom(...NULLABLE), fc.constantFrom('==', '!=')).map(([path, op]) => `${path} ${op} null`),
  fc.constantFrom(
    'tx.type == "TRANSFER"',
    'tx.type != "TRANSFER"',
    '"LOGIN" == tx.type',
    'tx.type in ["PAYMENT", "TRANSFER"]',
    'tx.type in []',
    'tx.type != "LOGIN"',
    '!(tx.type in ["PAYMENT", "LOGIN"])',
  ),
  fc.constantFrom(
    'tx.merchant.mcc in ["5411", "5812"]',
    'tx.merchant.mcc != "5812"',
    'tx.customerId.size() >= 0',
    'tx.merchant.mcc.size() > 3',
    'tx.customerId.matches("C?")',
    'tx.customerId.startsWith("")',
  ),
  fc.constantFrom('true', 'false'),
);

const generated = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    { arbitrary: atom, weight: 2 },
    {
      arbitrary: fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map((parts) => `(${parts.join(' && ')})`),
      weight: 2,
    },
    {
      arbitrary: fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map((parts) => `(${parts.join(' || ')})`),
      weight: 2,
    },
    { arbitrary: tie('condition').map((part) => `!(${part})`), weight: 1 },
    {
      arbitrary: fc
        .tuple(tie('condition'), tie('condition'), tie('condition'))
        .map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      weight: 1,
    },
  ),
}));

/** A larger one may have more than the 600 parts that a rule may have, and is refused when it is loaded. */
const LONGEST = 2_000;
const condition = generated.condition.filter((text) => text.length <= LONGEST);

/** As the parser lets them through: monetary types have an amount and a currency, the others may. */
const transactions: fc.Arbitrary<Transaction> = fc
  .record({
    type: fc.constantFrom(...TRANSACTION_TYPES),
    amount: fc.integer({ min: 0, max: 3 }),
    hasAmount: fc.boolean(),
    mcc: fc.option(fc.constantFrom('5411', '5812'), { nil: undefined }),
  })
  .map(({ type, amount, hasAmount, mcc }) => {
    const { amountMinor: _amount, currency: _currency, ...base } = aTransaction({ type });
    return {
      ...base,
      ...(hasAmount || MONETARY_TYPES.has(type) ? { amountMinor: amount, currency: 'CNY' } : {}),
      ...(mcc === undefined ? {} : { merchant: { mcc } }),
    };
  });

const facts: fc.Arbitrary<Facts> = fc
  .record({
    transaction: transactions,
    card: fc.option(fc.integer({ min: 0, max: 3 })),
    customer: fc.integer({ min: 0, max: 3 }),
    amountZ: fc.option(fc.constantFrom(-1.5, -1, 0, 0.5, 1, 2, 3)),
    deviceKnown: fc.option(fc.boolean()),
  })
  .map(({ transaction, card, customer, amountZ, deviceKnown }) =>
    someFacts({ transaction, values: [customer, 0, null, card], profile: aProfile({ amountZ, deviceKnown }) }),
  );

function compiled(text: string) {
  const { layout, result } = compile(text, words);
  if (!result.ok) throw new Error(`${text}: ${result.error[0]?.message}`);
  const expression = result.value;
  return { ast: expression.ast, on: (given: Facts) => run(expression, layout, given) };
}

const samples = fc.array(facts, { minLength: 12, maxLength: 12 });

describe('the checker of expressions', () => {
  it('gives no warning only to expressions that never meet an absent value', () => {
    let clean = 0;
    fc.assert(
      fc.property(condition, samples, (text, given) => {
        const { ast, on } = compiled(text);
        if (unguardedUses(ast, words).length > 0) return;
        if (NULLABLE.some((path) => text.includes(path))) clean++;
        for (const one of given) expect(`${text}: ${on(one)}`).not.toContain('error');
      }),
      { numRuns: 2_500 },
    );
    expect(clean).toBeGreaterThan(40);
  });

  it('calls always or never true only what is so on every transaction', () => {
    const seen = { always: 0, never: 0 };
    fc.assert(
      fc.property(condition, samples, (text, given) => {
        const { ast, on } = compiled(text);
        const always = alwaysTrueFault(ast, words) !== undefined;
        const never = neverTrueWarning(ast, words) !== undefined;
        if (always) seen.always++;
        if (never) seen.never++;
        for (const one of given) {
          const verdict = on(one);
          if (always) expect(`${text}: ${verdict}`).not.toBe(`${text}: false`);
          if (never) expect(`${text}: ${verdict}`).not.toBe(`${text}: true`);
        }
      }),
      { numRuns: 2_500 },
    );
    expect(Math.min(seen.always, seen.never)).toBeGreaterThan(40);
  });

  it('leaves a rule out for a type only where it would be false', () => {
    let narrowed = 0;
    fc.assert(
      fc.property(condition, samples, (text, given) => {
        const { ast, on } = compiled(text);
        const types = possibleValues(ast, 'tx.type');
        if (types === undefined) return;
        narrowed++;
        for (const one of given)
          if (!types.has(one.transaction.type)) expect(`${text}: ${on(one)}`).toBe(`${text}: false`);
      }),
      { numRuns: 3_000 },
    );
    expect(narrowed).toBeGreaterThan(60);
  });
});
