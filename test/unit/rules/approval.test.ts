import { describe, expect, it } from 'vitest';
import { type Approval, type Proposal, refuseActivation } from '../../../src/rules/approval.ts';

const proposal = (given: Partial<Proposal> = {}): Proposal => ({
  hash: 'h',
  author: 'Li',
  testsPassed: true,
  ...given,
});
const approval = (given: Partial<Approval> = {}): Approval => ({
  hash: 'h',
  approver: 'Wang',
  approvedAtMs: 0,
  expiresAtMs: 10,
  ...given,
});
const codeOf = (p: Proposal, a: Approval, nowMs = 5) => refuseActivation(p, a, nowMs)?.code;

describe('an approval', () => {
  it('of exactly this content by another person lets it into force, up to the millisecond before its end', () => {
    expect(codeOf(proposal(), approval())).toBeUndefined();
    expect(codeOf(proposal(), approval(), 9)).toBeUndefined();
    expect(codeOf(proposal(), approval(), 10)).toBe('EXPIRED');
  });

  it.each([
    ['whose tests have not passed', proposal({ testsPassed: false }), approval(), 'TESTS_FAILED'],
    ['of other content', proposal(), approval({ hash: 'other' }), 'OTHER_CONTENT'],
    ['by its author, however spelled', proposal({ author: ' li' }), approval({ approver: 'LI ' }), 'SELF_APPROVED'],
    ['from the future', proposal(), approval({ approvedAtMs: 6 }), 'NOT_YET_APPROVED'],
  ])('does not open a change %s', (_what, given, approved, code) => {
    expect(codeOf(given, approved)).toBe(code);
  });
});
