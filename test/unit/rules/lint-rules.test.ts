import { describe, expect, it } from 'vitest';
import { formatFault } from '../../../src/domain/config-fault.ts';
import { rulesetOf, ruleYaml } from './ruleset-builders.ts';

const warningsOf = (when: string, fields: Readonly<Record<string, unknown>> = {}) =>
  rulesetOf(ruleYaml({ when, ...fields })).warnings();
const guardsOf = (when: string) => warningsOf(when).map((warning) => warning.suggestion);

describe('a use of a value that can be absent', () => {
  it.each([
    ['profile.amountZ > 4.0', 'has(profile.amountZ) && profile.amountZ > 4.0'],
    ['tx.amountMinor > 5', 'has(tx.amountMinor) && tx.amountMinor > 5'],
    [
      'tx.type == "TRANSFER" && features.card_count_1h > 3',
      'has(features.card_count_1h) && features.card_count_1h > 3',
    ],
    ['has(tx.merchant.mcc) || tx.merchant.mcc == "5411"', 'has(tx.merchant.mcc) && tx.merchant.mcc == "5411"'],
    ['!profile.deviceKnown', 'has(profile.deviceKnown) && !profile.deviceKnown'],
    ['tx.type == "LOGIN" && tx.amountMinor > 5', 'has(tx.amountMinor) && tx.amountMinor > 5'],
    ['limits.atm_day.headroom < 5', 'has(limits.atm_day.headroom) && limits.atm_day.headroom < 5'],
    ['tx.merchant.mcc.startsWith("54")', 'has(tx.merchant.mcc) && tx.merchant.mcc.startsWith("54")'],
  ])('is shown with its guard: %s', (when, guard) => {
    expect(guardsOf(when)).toEqual([guard]);
  });

  it.each([
    'has(profile.amountZ) && profile.amountZ > 4.0',
    'profile.amountZ > 4.0 && has(profile.amountZ)',
    'profile.amountZ != null && profile.amountZ > 4.0',
    '!has(profile.amountZ) || profile.amountZ > 4.0',
    'has(profile.amountZ) ? profile.amountZ > 4.0 : tx.channel == "ATM"',
    '!(has(tx.merchant.mcc) && tx.merchant.mcc == "5411")',
    'tx.type == "TRANSFER" && tx.amountMinor > 5 && tx.currency == "CNY"',
    'tx.type in ["TRANSFER", "PAYMENT"] && tx.amountMinor > 5',
    'has(profile.amountZ) && (tx.channel == "ATM" || profile.amountZ > 4.0)',
    'features.customer_count_1h > 5',
    'tx.authentication.exists(a, a == "PASSWORD")',
  ])('needs no warning: %s', (when) => {
    expect(guardsOf(when)).toEqual([]);
  });

  it('is reported with its place', () => {
    expect(warningsOf('tx.type == "LOGIN" && profile.amountZ > 4.0').map(formatFault)[0]?.split('\n')[0]).toMatch(
      /^rules\/file-0\.yaml:4:\d+ rules\[0\]\.when: burst: profile\.amountZ can be absent/,
    );
  });

  it.each([
    'profile.amountZ > 4.0',
    'tx.type == "TRANSFER" && features.card_count_1h > 3',
    'has(tx.merchant.mcc) || tx.merchant.mcc == "5411"',
  ])('really is errored without the guard and not with it: %s', async (when) => {
    const { aProfile, evaluate, someFacts } = await import('./rule-builders.ts');
    const facts = someFacts({ profile: aProfile({ amountZ: null }) });
    expect(evaluate(when, facts)).toMatch(/^error/);
    const unguarded = guardsOf(when)[0] ?? '';
    expect(typeof evaluate(unguarded, facts)).toBe('boolean');
  });
});

describe('further warnings', () => {
  const messages = (when: string, fields: Readonly<Record<string, unknown>> = {}) =>
    warningsOf(when, fields).map((warning) => warning.message.replace('burst: ', ''));

  it('name a condition that can never be true', () => {
    expect(messages('has(tx.amountMinor) && tx.amountMinor < 0')).toEqual(['this condition can never be true']);
    expect(messages('tx.type == "LOGIN" && tx.type != "LOGIN"')).toEqual(['this condition can never be true']);
  });

  it('name a calendar that counts by UTC', () => {
    expect(messages('tx.occurredAt.getHours() < 6')).toEqual(['getHours() without a zone counts by UTC']);
    expect(messages('tx.occurredAt.getHours("Asia/Shanghai") < 6')).toEqual([]);
  });

  it('name a rule whose hit changes nothing', () => {
    expect(messages('tx.type == "LOGIN"', { score: 0, outcome: 'ALLOW' })).toEqual([
      'a hit changes nothing: its score is 0 and its outcome ALLOW',
    ]);
    expect(messages('tx.type == "LOGIN"', { rollout: { percent: 0 } })).toEqual([
      'the roll-out is 0 %: the rule takes part in nothing',
    ]);
  });
});
