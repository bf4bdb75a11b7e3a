/** What is told about a decision, held against what decided it: over the shipped tests of rules, limits and lists. */
import { describe, expect, it } from 'vitest';
import { knownNames } from '../../../src/composition/known-names.ts';
import { createCaseDecider } from '../../../src/composition/rules-case.ts';
import { type Decision, type Outcome, worseOutcome } from '../../../src/domain/decision.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';
import type { VerdictExplanation } from '../../../src/rules/explain-verdict.ts';
import { parseRuleTests } from '../../../src/rules/testing/test-case.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { configurationOf } from '../../helpers/configuration-of.ts';

const shipped = await shippedConfiguration();
const parse = createTransactionParser({ isChannel: () => true });

interface Told {
  readonly decision: Decision;
  readonly verdict: VerdictExplanation;
}

async function tell(test: { readonly text: string; readonly file?: string }, configuration = shipped): Promise<Told[]> {
  const source = { file: test.file ?? 'lists/tests/own.test.yaml', text: test.text };
  const cases = parseRuleTests([source], knownNames(configuration));
  if (!cases.ok) throw new Error(JSON.stringify(cases.error));
  const decide = createCaseDecider(configuration);
  const told: Told[] = [];
  for (const one of cases.value) {
    const answer = await decide(one);
    if (!('decision' in answer)) throw new Error(answer.refused);
    const { decision } = answer;
    const parsed = parse(Buffer.from(JSON.stringify(decision.evidence?.transaction)), Number.MAX_SAFE_INTEGER);
    if (!parsed.ok) throw new Error(parsed.error.code);
    told.push({ decision, verdict: configuration.generation.explainVerdict(parsed.value.transaction, decision) });
  }
  return told;
}

const single = (transaction: string, model = '0') => ({
  text: `suite: x
clock: "2026-11-23T14:00:00+08:00"
defaults: { channel: MOBILE_BANKING, customerId: C1, accountId: A1, currency: CNY, authentication: [CERTIFICATE], customerSegment: RETAIL }
cases:
  - name: one
    model: ${model}
    transaction: ${transaction}
    expect: { errored: [] }
`,
});

describe('the explanation of a verdict', () => {
  const suites = shipped.sources.ruleTests.filter(({ file }) =>
    /(lists\/tests|limits\/tests\/cn|rules\/tests\/(velocity|scam))/.test(file),
  );

  it.each(suites)('adds up to the score and to the outcome of every case of $file', async ({ file, text }) => {
    // entries that a case brings are not in the lists of the configuration: those cases are told without them
    for (const { decision, verdict } of await tell({ file, text: text.replaceAll(/^ {4}lists: .*\n/gm, '') })) {
      const points = verdict.score.reduce((sum, part) => sum + part.points, 0);
      expect(Math.min(1000, points)).toBe(decision.riskScore);
      const asked = verdict.asked
        .filter(({ takenBack }) => takenBack !== true)
        .reduce<Outcome>((worst, { outcome }) => worseOutcome(worst, outcome), 'ALLOW');
      expect(asked).toBe(decision.outcome);
    }
  });

  it('names the points of rules, limits and the model, and who asked for what', async () => {
    const transfer =
      '{ type: TRANSFER, amountMinor: 6000000, authentication: [PASSWORD], counterparty: { accountId: P1 } }';
    const [told] = await tell(single(transfer, '0.5'));
    expect(told?.verdict).toMatchObject({
      score: [
        { from: 'rule', id: 'unknown-customer-large', points: 150 },
        { from: 'limit', id: 'law_person_day_needs_certificate', points: 100 },
        { from: 'model', id: 'test', points: 300 },
      ],
      asked: [
        { from: 'score', id: '550', outcome: 'CHALLENGE' },
        { from: 'limit', id: 'law_person_day_needs_certificate', outcome: 'BLOCK' },
      ],
      lists: [],
    });
  });

  it('names the entry of an allow list and what it takes back, and no limit among that', async () => {
    const lists = shipped.sources.lists.map((source) =>
      source.file.endsWith('trusted-payees.csv')
        ? {
            ...source,
            text: 'id,entity,expires,source,reason,person\nP-T,counterparty,2027-01-01T00:00:00+08:00,branch,own firm,li\n',
          }
        : source,
    );
    const configuration = configurationOf({ ...shipped.sources, lists });
    const [told] = await tell(
      single('{ type: TRANSFER, amountMinor: 6000000, counterparty: { accountId: P-T } }', '0.99'),
      configuration,
    );
    expect(told?.decision.outcome).toBe('ALLOW');
    expect(told?.verdict.asked).toMatchObject([{ from: 'score', takenBack: true }]);
    expect(told?.verdict.lists).toEqual([
      {
        list: 'trusted_payees',
        kind: 'allow',
        entity: 'counterparty',
        id: 'P-T',
        source: 'branch',
        reason: 'own firm',
        person: 'li',
        expires: '2026-12-31T16:00:00.000Z',
      },
    ]);
  });

  it('names the errored rule that lifts, with the outcome of the policy and not with its own', async () => {
    const rules = shipped.sources.rules
      .filter(({ file }) => file.endsWith('velocity.yaml'))
      .map((source) => ({
        ...source,
        text: source.text.replace('features.customer_transfer_count_10m >= 5', 'profile.amountZ >= 5.0'),
      }));
    const [told] = await tell(
      single('{ type: TRANSFER, amountMinor: 5000 }'),
      configurationOf({ ...shipped.sources, rules, ruleTests: [] }),
    );
    expect(told?.verdict.asked).toEqual([{ from: 'rule', id: 'transfer-burst-10m', outcome: 'CHALLENGE' }]);
    expect(told?.verdict.score).toEqual([]);
  });
});
