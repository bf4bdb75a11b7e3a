import { describe, expect, it } from 'vitest';
import { type Approval, isSamePerson, type Proposal, refuseActivation } from '../../../src/rules/approval.ts';

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

describe('one person', () => {
  it.each([
    ['another case and blanks', 'Li Wei', ' li  wei '],
    ['full width', 'liwei', 'ｌｉｗｅｉ'],
    ['a character that cannot be seen', 'liwei', 'li\u200Bwei'],
    ['a soft hyphen', 'liwei', 'li\u00ADwei'],
    ['a no-break space', 'li wei', 'li\u00A0wei'],
    ['Cyrillic letters', 'wang', 'w\u0430ng'],
    ['Cyrillic capitals', 'CHEN', '\u0421\u041D\u0415N'],
    ['Greek letters', 'Tao', '\u03A4\u0391\u039F'],
    ['a letter and its mark', 'Zo\u00EB', 'Zoe\u0308'],
  ])('is not two by %s', (_how, one, other) => {
    expect(isSamePerson(one, other)).toBe(true);
  });

  it.each([
    ['王伟', '王维'],
    ['li.wei', 'li.wei2'],
    ['Zoe', 'Zoë'],
    ['li@bank.cn', 'wang@bank.cn'],
  ])('is not made of two: %s and %s', (one, other) => {
    expect(isSamePerson(one, other)).toBe(false);
  });
});
