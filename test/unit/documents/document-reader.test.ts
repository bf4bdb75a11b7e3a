import { describe, expect, it } from 'vitest';
import { formatFault } from '../../../src/domain/config-fault.ts';
import { type DocumentNode, readDocument } from '../../../src/rules/documents/document-reader.ts';

const read = (text: string) => readDocument({ file: 'x.yaml', text });

function field(reader: ReturnType<typeof read>, key: string): DocumentNode {
  const node = reader.root && reader.fields(reader.root, { required: [key] })?.get(key);
  if (node === undefined) throw new Error('the document of this test has no such field');
  return node;
}

describe('reading a configuration document', () => {
  it('refuses ids that YAML has read as numbers or truth values, instead of giving back other digits', () => {
    const reader = read('ids: [0123, 6222020200112233445, 1e5, true, "0123", A1]');
    expect(reader.texts(field(reader, 'ids'))).toBeUndefined();
    expect(reader.faults.map((fault) => fault.path)).toEqual(['ids[0]', 'ids[1]', 'ids[2]', 'ids[3]']);
    expect(reader.faults[1]?.message).toMatch(/write it in quotes/);
  });

  it('names every unknown and missing key with its place and a suggestion', () => {
    const reader = read('limts: 1\nversion: 1\n');
    if (reader.root) reader.fields(reader.root, { required: ['limits', 'version'] });
    expect(reader.faults.map(formatFault)).toEqual([
      'x.yaml:1:1 limts: unknown key "limts" (did you mean limits?)\n  limts: 1\n  ^',
      'x.yaml:1:1 "limits" is missing\n  limts: 1\n  ^',
    ]);
  });

  it('refuses ten thousand words in one list, and keeps a thousand', () => {
    const words = (count: number) => `ids: [${Array.from({ length: count }, (_, index) => `B${index}`).join(', ')}]\n`;
    const full = read(words(1000));
    expect(full.texts(field(full, 'ids'))).toHaveLength(1000);
    const reader = read(words(10_000));
    expect(reader.texts(field(reader, 'ids'))).toBeUndefined();
    expect(reader.faults.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      '1:6 a list of more than 1000 values: keep them under lists/ and ask "… in lists.<name>"',
    ]);
  });

  it('takes only whole numbers in their range as numbers, 0 among them', () => {
    const reader = read('n: [0, 9007199254740991, 1.5, "3", 9007199254740993, -1, "x", null]');
    const range = { min: 0, max: 9007199254740991 };
    const values = reader.items(field(reader, 'n'))?.map((item) => reader.integer(item, range));
    expect(values).toEqual([0, 9007199254740991, undefined, 3, undefined, undefined, undefined, undefined]);
    expect(reader.faults).toHaveLength(5);
  });

  it('says what was expected where something else stands', () => {
    const reader = read('a: 1');
    const at = field(reader, 'a');
    reader.items(at);
    reader.fields(at, { required: [] });
    reader.boolean(at);
    reader.bilingual(at);
    expect(reader.faults.map((fault) => fault.message)).toEqual([
      'a list is expected',
      'a mapping is expected',
      'must be true or false',
      'a mapping is expected',
    ]);
  });

  it('reads times only with a zone and only on days that exist', () => {
    const reader = read('t: ["2026-11-23T10:15:00+08:00", "2026-11-23T10:15:00", "2026-02-29T00:00:00Z"]');
    expect(reader.items(field(reader, 't'))?.map(reader.instant)).toEqual([1795400100000, undefined, undefined]);
    expect(reader.faults.map((fault) => fault.path)).toEqual(['t[1]', 't[2]']);
  });

  it('offers the nearest of the allowed words', () => {
    const reader = read('o: BLOK');
    reader.choice(field(reader, 'o'), ['ALLOW', 'BLOCK']);
    expect(reader.faults[0]?.suggestion).toBe('did you mean BLOCK?');
  });

  it('keeps the faults of a file that is no document at all', () => {
    const reader = read('a: [1, 2');
    expect(reader.root).toBeUndefined();
    expect(reader.faults.length).toBeGreaterThan(0);
  });
});
