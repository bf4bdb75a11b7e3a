import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatFault } from '../../../src/domain/config-fault.ts';
import { describeFeatures } from '../../../src/domain/feature.ts';
import { err, ok } from '../../../src/domain/result.ts';
import { type CompileWhere, parseFeatureCatalogue } from '../../../src/features/catalogue.ts';
import { compileWhere as realCompileWhere } from '../../../src/rules/expression/compile-where.ts';

const compileWhere: CompileWhere = (expression, at) =>
  expression.includes('nonsense')
    ? err([{ file: at.file, path: at.path, line: lineAt(at), message: 'does not compile' }])
    : ok(() => true);
const lineAt = ({ text, start }: Parameters<CompileWhere>[1]): number => text.slice(0, start).split('\n').length;
const options = { compileWhere, allowedLatenessMs: 86_400_000, repeatHorizonMs: 86_400_000 };
const parse = (text: string) => parseFeatureCatalogue({ file: 'features.yaml', text }, options);

function faultsOf(text: string): string[] {
  const result = parse(text);
  return result.ok ? [] : result.error.map((fault) => `${fault.line} ${fault.path}: ${fault.message}`);
}

describe('the feature catalogue', () => {
  it('reads a feature with every field', () => {
    const result = parse(`version: 1
features:
  - name: pair_sum_24h
    entity: [customer, counterparty]
    aggregate: sum
    of: amountMinor
    window: 24h
    delay: 90s
    where: 'tx.type == "TRANSFER"'
    excludeCurrent: true
`);
    if (!result.ok) throw new Error(result.error.map(formatFault).join('\n'));
    const { matches, ...feature } = result.value.features[0] ?? { matches: undefined };
    expect(feature).toEqual({
      name: 'pair_sum_24h',
      entity: ['customer', 'counterparty'],
      aggregate: 'sum',
      of: 'amountMinor',
      windowMs: 86_400_000,
      delayMs: 90_000,
      where: 'tx.type == "TRANSFER"',
      excludeCurrent: true,
    });
    expect(matches).toBeTypeOf('function');
    expect(result.value.allowedLatenessMs).toBe(86_400_000);
  });

  it('takes net for sums and counts, and refuses it for what has no meaning over what is left', () => {
    const feature = (aggregate: string, net: string) =>
      `  - { name: f_${aggregate}, entity: [card], aggregate: ${aggregate}, window: 1h, net: ${net} }\n`;
    const result = parse(`version: 1\nfeatures:\n${feature('count', 'true')}`);
    expect(result.ok && result.value.features[0]?.net).toBe(true);
    const plain = parse(`version: 1\nfeatures:\n${feature('count', 'false')}`);
    expect(plain.ok && plain.value.features[0]?.net).toBeUndefined();
    expect(faultsOf(`version: 1\nfeatures:\n${feature('timeSinceLast', 'true')}${feature('count', '1')}`)).toEqual([
      '3 features[0].net: only sum and count can be net; timeSinceLast has no meaning over what is left',
      '4 features[1].net: must be true or false',
    ]);
  });

  it('accepts the shipped catalogue', () => {
    const text = readFileSync(new URL('../../../config/features.yaml', import.meta.url), 'utf8');
    const result = parse(text);
    expect(result.ok ? [] : result.error.map(formatFault)).toEqual([]);
    expect(result.ok && result.value.features.length).toBeGreaterThan(40);
  });

  it('changes its version with its text', () => {
    const one = parse('version: 1\nfeatures: []\n');
    const other = parse('version: 1\nfeatures: [] # again\n');
    expect(one.ok && other.ok && one.value.version !== other.value.version).toBe(true);
  });

  it('reports all faults at once, with paths and lines', () => {
    expect(
      faultsOf(`version: 2
features:
  - { name: a, entity: [customer], aggregate: count, window: 1h, colour: red }
  - { name: a, entity: [customers], aggregate: count, window: 59s }
  - { name: Bad-Name, entity: [], aggregate: median, window: 91d }
  - { name: b, entity: [card, card], aggregate: sum, window: 1h }
  - { name: c, entity: [card], aggregate: sum, of: merchant.id, window: 1h }
  - { name: d, entity: [card], aggregate: count, of: amountMinor, window: 1.5h }
  - { name: e, entity: [card], aggregate: distinct, of: merchant.name, window: 1 }
  - { name: f, entity: [card], aggregate: distinct, of: authentication, window: 1h, where: nonsense }
  - { name: g, entity: [card], aggregate: avg, of: location.lat, window: 1h, where: 7, excludeCurrent: 1, delay: 91d }
  - seven
`),
    ).toEqual([
      '1 version: must be 1',
      '3 features[0].colour: unknown field',
      '4 features[1].entity[0]: must be one of customer, account, card, device, ip, counterparty, merchant, terminal',
      '4 features[1].window: must be between 1m and 90d',
      '5 features[2].name: must be a name: a small letter, then letters, digits and "_", at most 64',
      '5 features[2].entity: must be a list of one or more of customer, account, card, device, ip, counterparty, merchant, terminal',
      '5 features[2].aggregate: must be one of count, sum, avg, stddev, min, max, distinct, timeSinceLast, timeSinceFirst, labelRate',
      '5 features[2].window: must be between 1m and 90d',
      '6 features[3].entity[1]: "card" is there twice',
      '6 features[3].of: sum needs "of": the path of a field',
      '7 features[4].of: sum needs a quantity (amountMinor); "merchant.id" is a string',
      '8 features[5].of: count takes no "of"',
      '8 features[5].window: must be a whole number with a unit: s, m, h or d (for example 24h)',
      '9 features[6].of: a transaction has no field "merchant.name"',
      '9 features[6].window: must be a whole number with a unit: s, m, h or d (for example 24h)',
      '10 features[7].of: distinct needs a single value; "authentication" is a list',
      '10 features[7].where: does not compile',
      '11 features[8].of: avg needs a quantity (amountMinor); "location.lat" is a double',
      '11 features[8].delay: must be at most 90d',
      '11 features[8].excludeCurrent: must be true or false',
      '11 features[8].where: must be an expression over tx',
      '12 features[9]: must be a map',
      '4 features[1].name: "a" is already the name of features[0]',
    ]);
  });

  it('shows every fault inside a "where" with line, column, caret and a suggestion', () => {
    const text = `version: 1
features:
  - name: a
    entity: [customer]
    aggregate: count
    window: 1h
    where: |
      tx.type == "TRANSFER"
      && tx.amout > 5 && tx.curency == "CNY"
  - { name: b, entity: [custmer], aggregate: sum, of: amout, window: 1h, where: 'tx.typ == "LOGIN"' }
`;
    const result = parseFeatureCatalogue(
      { file: 'features.yaml', text },
      { ...options, compileWhere: realCompileWhere },
    );
    expect(result.ok ? [] : result.error.map(formatFault)).toEqual([
      'features.yaml:9:13 features[0].where: unknown name tx.amout (did you mean amountMinor?)\n' +
        '        && tx.amout > 5 && tx.curency == "CNY"\n' +
        '              ^',
      'features.yaml:9:29 features[0].where: unknown name tx.curency (did you mean currency?)\n' +
        '        && tx.amout > 5 && tx.curency == "CNY"\n' +
        '                              ^',
      expect.stringMatching(
        /^features.yaml:10:25 features\[1\].entity\[0\]: must be one of .* \(did you mean customer\?\)\n/,
      ),
      expect.stringMatching(
        /^features.yaml:10:55 .*: a transaction has no field "amout" \(did you mean amountMinor\?\)\n/,
      ),
      expect.stringMatching(/^features.yaml:10:85 features\[1\].where: unknown name tx.typ \(did you mean type\?\)\n/),
    ]);
  });

  it.each([
    ['duplicate keys', 'version: 1\nversion: 1\nfeatures: []\n'],
    ['anchors', 'version: 1\nfeatures: &all []\n'],
    ['tags', 'version: !!int 1\nfeatures: []\n'],
    ['several documents', 'version: 1\nfeatures: []\n---\nversion: 1\n'],
    ['an empty file', ''],
    ['a list', '- 1\n'],
    ['missing features', 'version: 1\n'],
  ])('refuses %s', (_what, text) => {
    expect(faultsOf(text).length).toBeGreaterThan(0);
  });

  it('suggests the name that was meant', () => {
    const result = parse('version: 1\nfeatures: [{ name: a, entity: [custmer], aggregate: cout, window: 1h }]\n');
    expect(result.ok ? [] : result.error.map((fault) => fault.suggestion)).toEqual([
      'did you mean customer?',
      'did you mean count?',
    ]);
  });

  it('describes types and nullability for the rule checker', () => {
    const result = parse(`version: 1
features:
  - { name: a, entity: [customer], aggregate: count, window: 1h }
  - { name: b, entity: [card], aggregate: sum, of: amountMinor, window: 1h }
  - { name: c, entity: [customer], aggregate: max, of: amountMinor, window: 1h }
  - { name: d, entity: [customer], aggregate: labelRate, window: 1h }
`);
    expect(result.ok && describeFeatures(result.value)).toEqual([
      { name: 'a', type: 'int', nullable: false },
      { name: 'b', type: 'int', nullable: true },
      { name: 'c', type: 'int', nullable: true },
      { name: 'd', type: 'double', nullable: false },
    ]);
  });
});
