import { describe, expect, it } from 'vitest';
import { formatFault } from '../../../src/domain/config-fault.ts';
import { didYouMean } from '../../../src/domain/did-you-mean.ts';
import { parseStrictYaml } from '../../../src/domain/strict-yaml.ts';

const parse = (text: string) => parseStrictYaml({ file: 'x.yaml', text });
const faultsOf = (text: string): string[] => {
  const parsed = parse(text);
  return parsed.ok ? [] : parsed.error.map((fault) => `${fault.line}:${fault.column} ${fault.message}`);
};

describe('strict YAML', () => {
  it('reads one document of maps, lists and scalars', () => {
    const parsed = parse('a: 1\nb: [x, "2"]\nc: { d: null, e: true }\n');
    expect(parsed).toMatchObject({ ok: true, value: { value: { a: 1, b: ['x', '2'], c: { d: null, e: true } } } });
  });

  it.each([
    ['a: 1\na: 2\n', /Map keys must be unique/],
    ['a: &x 1\nb: *x\n', /anchors are refused/],
    ['a: &x 1\nb: *x\n', /aliases are refused/],
    ['a: !!str 1\n', /tag .* is refused/],
    ['a: !ruby/object x\n', /tag .* is refused/],
    ['a: { b: 1 }\nc:\n  <<: { d: 1 }\n', /merge keys are refused/],
    ['a: 1\n---\nb: 2\n', /one document/],
    ['a: [1, 2\n', /./],
    ['a: b\nc: "d\u202Ee"\n', /^2:6 the character U\+202E cannot be seen/],
    ['a: T\u200BA\n', /^1:5 the character U\+200B cannot be seen/],
    ['a: b\u0007\n', /^1:5 the character U\+0007 cannot be seen/],
    ['\uFEFFa: b\uFEFF\n', /^1:6 the character U\+FEFF cannot be seen/],
    ['a: 1\nb: \uFFFD\uFFFD\n', /^2:4 this is not UTF-8/],
    ['\0a\0:\0 \0b', /^1:1 this is not UTF-8/],
  ])('refuses %j', (text, message) => {
    expect(faultsOf(text).some((fault) => message.test(fault))).toBe(true);
  });

  it.each([
    ['a flow on one line', `a: ${'['.repeat(1000)}${']'.repeat(1000)}\n`, '1:67'],
    ['a flow over lines', '[\n'.repeat(20_000), '65:1'],
    ['mappings in a flow', '{ a:\n'.repeat(20_000), '65:1'],
    ['lists in one line', '- '.repeat(20_000), '1:129'],
    ['keys in keys', '? '.repeat(20_000), '1:129'],
    ['blocks', Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'), '65:65'],
  ])('refuses nesting without end in %s, at the place where it passes the bound', (_, text, place) => {
    expect(faultsOf(text)).toEqual([`${place} nesting is deeper than 64`]);
  });

  it.each(['? ? a\n  : b\n: c\n', '[a, b]: 1\n', '12: 1\n'])('refuses a key that is no text: %j', (text) => {
    expect(faultsOf(text)).toContainEqual(expect.stringMatching(/a key must be text/));
  });

  it('reports all faults at once, each with its line', () => {
    const faults = faultsOf('a: &x 1\nb: !!int 2\nb: 3\n');
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(expect.arrayContaining(['1', '2', '3']));
  });

  it.each([
    ['a flow', `${'['.repeat(64)}1${']'.repeat(64)}`],
    ['a flow over lines', `${'[\n'.repeat(64)}1${']\n'.repeat(64)}`],
    ['blocks', Array.from({ length: 64 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')],
  ])('still reads %s of 64 levels', (_, text) => {
    expect(faultsOf(text)).toEqual([]);
  });

  it('takes brackets inside a text for no nesting', () => {
    expect(faultsOf(`a: "${'['.repeat(500)}"\nb: |\n  ${'{'.repeat(500)}\n# ${'['.repeat(500)}\n`)).toEqual([]);
  });

  it('takes what cannot be seen when it is written as an escape, and a byte order mark at the start', () => {
    expect(parse('\uFEFFa: "x\\u200By"\n')).toMatchObject({ ok: true, value: { value: { a: 'x\u200By' } } });
  });

  it('cuts a long line around the caret, and shows a thousand faults of a file', () => {
    const parsed = parse(`a: [${'&x 1, '.repeat(3000)}]\n`);
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.error).toHaveLength(1001);
    expect(parsed.error.at(-1)?.message).toBe('2000 more faults are not shown');
    expect(Math.max(...parsed.error.map((fault) => formatFault(fault).length))).toBeLessThan(400);
    expect(parsed.error[500]?.excerpt?.split('\n').map((line) => line.length)).toEqual([142, 83]);
  });

  it('keeps the caret under its place behind characters of two columns', () => {
    const parsed = parse('title: { zh-CN: "短时间多笔转账", en: 5 }\n');
    expect(parsed.ok && parsed.value.fault(['title', 'en'], 'text is expected').excerpt).toBe(
      `  title: { zh-CN: "短时间多笔转账", en: 5 }\n  ${' '.repeat(17)}${'\u3000'.repeat(7)}${' '.repeat(7)}^`,
    );
  });

  it('puts the caret under a key that nobody knows', () => {
    const parsed = parse('rules:\n  - scroe: 2000\n');
    expect(parsed.ok && parsed.value.fault(['rules', 0, 'scroe'], 'unknown', undefined, 'key')).toMatchObject({
      line: 2,
      column: 5,
      excerpt: '    - scroe: 2000\n      ^',
    });
  });

  it('places a fault under a caret, also for a key that is missing', () => {
    const parsed = parse('rules:\n  - id: a\n    score: 2000\n');
    expect(parsed.ok).toBe(true);
    if (!parsed.ok) return;
    expect(formatFault(parsed.value.fault(['rules', 0, 'score'], 'must be at most 1000', 'did you mean 200?'))).toBe(
      'x.yaml:3:12 rules[0].score: must be at most 1000 (did you mean 200?)\n      score: 2000\n             ^',
    );
    expect(parsed.value.fault(['rules', 0, 'when'], 'is missing')).toMatchObject({ line: 2, path: 'rules[0].when' });
  });

  it('suggests what was probably meant, and nothing far-fetched', () => {
    expect(didYouMean('amout', ['amountMinor', 'amount', 'account'])).toBe('did you mean amount?');
    expect(didYouMean('zzz', ['amount'])).toBeUndefined();
  });
});
