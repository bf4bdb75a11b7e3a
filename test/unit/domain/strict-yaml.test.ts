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
    [`a: ${'['.repeat(1000)}${']'.repeat(1000)}\n`, /deeper than 64/],
  ])('refuses %j', (text, message) => {
    expect(faultsOf(text).some((fault) => message.test(fault))).toBe(true);
  });

  it('reports all faults at once, each with its line', () => {
    const faults = faultsOf('a: &x 1\nb: !!int 2\nb: 3\n');
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(expect.arrayContaining(['1', '2', '3']));
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
