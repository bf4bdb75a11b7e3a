import { describe, expect, it } from 'vitest';
import { formatFault } from '../../../src/domain/config-fault.ts';
import { parseInstant } from '../../../src/rules/documents/instant.ts';
import { readYaml } from '../../../src/rules/documents/strict-yaml.ts';
import { suggestionFor } from '../../../src/rules/documents/suggestion.ts';

const read = (text: string) => readYaml({ file: 'x.yaml', text });
const messages = (text: string) => read(text).faults.map((fault) => fault.message);

describe('strict YAML', () => {
  it('keeps ids as they are written, also those that YAML reads as numbers', () => {
    const reader = read('ids: [0123, 6222020200112233445, 1e5, 0x1F, true, "7"]');
    const ids = reader.root && reader.fields(reader.root, { required: ['ids'] })?.get('ids');
    expect(ids && reader.texts(ids)).toEqual(['0123', '6222020200112233445', '1e5', '0x1F', 'true', '7']);
  });

  it.each([
    ['a tag', 'a: !!js/function x', /tags/],
    ['an anchor', 'a: &x 1', /anchors/],
    ['an alias', 'a: &x 1\nb: *x', /aliases/],
    ['a merge key', 'a: {x: 1}\n<<: {y: 2}', /merge/],
    ['a duplicate key', 'a: 1\na: 2', /twice/],
    ['a second document', 'a: 1\n---\nb: 2', /second document/],
    ['an empty file', '', /empty/],
    ['deep nesting', `a: ${'['.repeat(40)}${']'.repeat(40)}`, /nested deeper/],
    ['very deep nesting', `a: ${'['.repeat(100_000)}`, /nested deeper|Flow/],
    ['a mapping as key', '? {a: 1}\n: 2', /plain text/],
  ])('refuses %s', (_name, text, pattern) => {
    const found = read(text);
    expect(found.root).toBeUndefined();
    expect(found.faults.map((fault) => fault.message).join('\n')).toMatch(pattern);
  });

  it('names every unknown and missing key with its place and a suggestion', () => {
    const reader = read('limts: []\nversion: 1\n');
    if (reader.root) reader.fields(reader.root, { required: ['limits', 'version'] });
    expect(reader.faults.map(formatFault)).toEqual([
      'x.yaml:1:1 limts: unknown key "limts" (did you mean limits?)\n  limts: []\n  ^',
      'x.yaml:1:1 "limits" is missing\n  limts: []\n  ^',
    ]);
  });

  it('takes only whole numbers in their range as numbers', () => {
    const reader = read('n: [0, 9007199254740991, 1.5, "3", 1e3, 9007199254740993, -1, 0x10]');
    const node = reader.root && reader.fields(reader.root, { required: ['n'] })?.get('n');
    const values = node && reader.items(node)?.map((item) => reader.integer(item, { min: 0, max: 9007199254740991 }));
    expect(values).toEqual([0, 9007199254740991, undefined, 3, undefined, undefined, undefined, undefined]);
    expect(reader.faults).toHaveLength(5);
  });

  it('reports a scalar where a mapping or a list is expected', () => {
    const reader = read('a: 1');
    const field = reader.root && reader.fields(reader.root, { required: ['a'] })?.get('a');
    if (field) {
      reader.items(field);
      reader.fields(field, { required: [] });
      reader.boolean(field);
    }
    expect(reader.faults.map((fault) => fault.message)).toEqual([
      'a list is expected',
      'a mapping is expected',
      'must be true or false',
    ]);
  });

  it('says where the text is not YAML at all', () => {
    expect(messages('a: [1, 2').length).toBeGreaterThan(0);
    expect(read('a: 1\nb: "x').faults[0]?.line).toBe(2);
  });
});

describe('instants', () => {
  it('reads a zone and refuses days that do not exist, missing zones and leap seconds', () => {
    expect(parseInstant('2026-11-23T10:15:00+08:00')).toBe(1795400100000);
    expect(parseInstant('2024-02-29T00:00:00.5Z')).toBe(1709164800500);
    for (const bad of [
      '2026-02-29T00:00:00Z',
      '2026-11-23T10:15:00',
      '2026-11-23',
      '2026-11-23T24:00:00Z',
      '2016-12-31T23:59:60Z',
      '2026-11-23T10:15:00+24:00',
    ])
      expect(parseInstant(bad), bad).toBeUndefined();
  });
});

describe('suggestions', () => {
  it('offers the nearest name and nothing for a far one', () => {
    expect(suggestionFor('amout', ['amountMinor', 'amount', 'currency'])).toBe('did you mean amount?');
    expect(suggestionFor('xyz', ['amount', 'currency'])).toBeUndefined();
  });
});
