import { describe, expect, it } from 'vitest';
import { parseStrictYaml } from '../../../src/domain/strict-yaml.ts';

describe('keys of configuration files', () => {
  it('are text: one that YAML reads as a number would come back with other digits', () => {
    const result = parseStrictYaml({
      file: 'x.yaml',
      text: 'ok: 1\n0123: a\n6222020200112233445: b\n? [1]\n: c\n"0123": d\n',
    });
    expect(!result.ok && result.error.map((fault) => [fault.line, fault.message])).toEqual([
      [2, 'a key must be text: write it in quotes'],
      [3, 'a key must be text: write it in quotes'],
      [4, 'a key must be text: write it in quotes'],
    ]);
  });
});
