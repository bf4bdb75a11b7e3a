/** What must hold of every decision under the shipped policy, whatever the hits. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadChannels } from '../../src/config/load-channels.ts';
import { OUTCOMES, outcomeRank, type RuleHit } from '../../src/domain/decision.ts';
import { type DecideInput, decide, usableMethods } from '../../src/rules/decide.ts';
import { loadPolicy } from '../../src/rules/policy.ts';
import { aTransaction } from '../unit/rules/rule-builders.ts';
import { REASONS } from '../unit/rules/ruleset-builders.ts';

const read = (file: string) => ({
  file,
  text: readFileSync(path.resolve(import.meta.dirname, '../../config', file), 'utf8'),
});
const channels = loadChannels(read('channels.yaml'));
if (!channels.ok) throw new Error('channels.yaml is refused');
const policy = loadPolicy(read('policy.yaml'), channels.value.channels.keys());
if (!policy.ok) throw new Error('policy.yaml is refused');
const catalogue = channels.value;

const aHit: fc.Arbitrary<RuleHit> = fc.record({
  ruleId: fc.constantFrom('a', 'b', 'c'),
  status: fc.constantFrom('hit', 'errored'),
  score: fc.integer({ min: 0, max: 1000 }),
  mode: fc.constantFrom('live', 'shadow'),
  outcome: fc.constantFrom(...OUTCOMES),
  reason: fc.constantFrom('VEL_COUNT_10M', 'OTHER'),
  severity: fc.constantFrom('low', 'medium', 'high', 'critical'),
  values: fc.constant({}),
});

const input: fc.Arbitrary<DecideInput> = fc
  .record({
    channel: fc.constantFrom(...catalogue.channels.values()),
    hits: fc.array(aHit, { maxLength: 4 }),
    modelScore: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    level: fc.constantFrom('L0', 'L1', 'L2', 'L3'),
    amountMinor: fc.integer({ min: 0, max: 10_000_000 }),
    currency: fc.constantFrom('CNY', 'USD'),
    accessibility: fc.subarray(['HEARING', 'SIGHT']),
    authentication: fc.subarray([...catalogue.challengeMethods.keys()]),
  })
  .map(({ amountMinor, currency, accessibility, authentication, ...rest }) => ({
    ...rest,
    transaction: aTransaction({ amountMinor, currency, accessibility, authentication, channel: rest.channel.code }),
    limitHits: [],
    methods: catalogue.challengeMethods,
    policy: policy.value,
    reasons: REASONS,
  }));

const rank = (given: DecideInput) => outcomeRank(decide(given).outcome);

describe('every decision', () => {
  it('gets no milder when a rule, an error or the model says more', () => {
    fc.assert(
      fc.property(input, aHit, fc.double({ min: 0, max: 1, noNaN: true }), (given, more, probability) => {
        const before = rank(given);
        expect(rank({ ...given, hits: [...given.hits, more] })).toBeGreaterThanOrEqual(before);
        const score = Math.max(given.modelScore ?? 0, probability);
        expect(rank({ ...given, modelScore: score })).toBeGreaterThanOrEqual(before);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is untouched by shadow hits', () => {
    fc.assert(
      fc.property(input, fc.array(aHit), (given, more) => {
        const shadow = more.map((hit): RuleHit => ({ ...hit, mode: 'shadow' }));
        expect(decide({ ...given, hits: [...shadow, ...given.hits] })).toEqual(decide(given));
      }),
    );
  });

  it('challenges only with methods that the customer can use and has not used', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { outcome, challenge } = decide(given);
        expect(challenge === undefined).toBe(outcome !== 'CHALLENGE');
        for (const code of challenge?.methods ?? []) {
          expect(given.transaction.authentication).not.toContain(code);
          const barred = catalogue.challengeMethods.get(code)?.unusableFor ?? [];
          expect(barred.filter((need) => given.transaction.accessibility.includes(need))).toEqual([]);
        }
        if (outcome === 'CHALLENGE') expect(challenge?.methods.length).toBeGreaterThan(0);
        if (outcome === 'CHALLENGE') expect(usableMethods(given).length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('has a whole score from 0 to 1000', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { riskScore } = decide(given);
        expect(Number.isInteger(riskScore) && riskScore >= 0 && riskScore <= 1000).toBe(true);
      }),
    );
  });
});
