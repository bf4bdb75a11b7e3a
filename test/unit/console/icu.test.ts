import { describe, expect, it } from 'vitest';
import { createMessageFormatter, parseMessage, valuesOf } from '../../../src/console/src/i18n/icu.ts';

const en = createMessageFormatter('en');
const zh = createMessageFormatter('zh-CN');

describe('a message', () => {
  it('puts values in their places', () => {
    expect(en.format('Claimed by {who} at {at}', { who: 'Li Na', at: '14:03' })).toBe('Claimed by Li Na at 14:03');
  });

  it('groups the digits of a number', () => {
    expect(en.format('{n, number} loaded', { n: 100000 })).toBe('100,000 loaded');
  });

  it('chooses the plural form of its language', () => {
    const message = '{n, plural, =0 {none} one {# alert} other {# alerts}}';
    expect([0, 1, 2, 1200].map((n) => en.format(message, { n }))).toEqual([
      'none',
      '1 alert',
      '2 alerts',
      '1,200 alerts',
    ]);
    expect(zh.format('{n, plural, one {wrong} other {# 条}}', { n: 1 })).toBe('1 条');
  });

  it('chooses by a word, and takes "other" for one that it does not know', () => {
    const message = '{kind, select, hold {held} other {decided}} by {who}';
    expect(en.format(message, { kind: 'hold', who: 'rule' })).toBe('held by rule');
    expect(en.format(message, { kind: 'new', who: 'rule' })).toBe('decided by rule');
  });

  it('nests values and choices in a case', () => {
    expect(en.format('{n, plural, one {{who} has # row} other {{who} has # rows}}', { n: 3, who: 'Li' })).toBe(
      'Li has 3 rows',
    );
  });

  it('reads quoted signs as text, and an apostrophe in a word as itself', () => {
    expect(en.format("this customer's '{literal}' isn''t {n}", { n: 1 })).toBe("this customer's {literal} isn't 1");
  });

  it('leaves # alone outside of a plural', () => {
    expect(en.format('# {n}', { n: 1 })).toBe('# 1');
  });

  it.each(['{', '{n', '{n, plural, one {#}}', '{n, shout}', 'a } b', '{n, plural, other {#}', "it '{ never ends"])(
    'refuses %j',
    (text) => {
      expect(() => parseMessage(text)).toThrow(/^message /);
    },
  );

  it('says which values it needs, also inside its cases', () => {
    expect(valuesOf(parseMessage('{b} {n, plural, other {{a} #}}'))).toEqual(['a', 'b', 'n']);
  });
});
