/** Both languages say the same, completely, and every name that a decision can show has a word in both. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseMessage, valuesOf } from '../../../src/console/src/i18n/icu.ts';
import { MESSAGES } from '../../../src/console/src/i18n/translate.ts';
import { isTermKey, TERMS, termsOf } from '../../../src/console/src/narrative/terms.ts';
import { nameOfValue, splitFeatureName } from '../../../src/console/src/narrative/value-names.ts';
import { DISPOSITIONS } from '../../../src/domain/alert.ts';
import { OUTCOMES } from '../../../src/domain/decision.ts';
import { TRANSACTION_TYPES } from '../../../src/domain/transaction.ts';
import { TRANSACTION_FIELDS } from '../../../src/domain/transaction-fields.ts';
import { ROLES } from '../../../src/http/api-types.ts';
import { INPUT_FAMILIES } from '../../../src/models/input-definition.ts';
import { aProfile } from '../../helpers/fake-bank-cases.ts';

const DICTIONARIES = [
  ['messages', MESSAGES],
  ['terms', TERMS],
] as const;

describe.each(DICTIONARIES)('the dictionary of %s', (_name, dictionaries) => {
  const keys = Object.keys(dictionaries.en);
  const textOf = (language: 'en' | 'zh-CN', key: string): string =>
    (dictionaries[language] as Readonly<Record<string, string>>)[key] ?? '';

  it('has the same keys in both languages', () => {
    expect(Object.keys(dictionaries['zh-CN']).sort()).toEqual([...keys].sort());
    expect(keys.length).toBeGreaterThan(100);
  });

  it('has no empty and no unreadable message', () => {
    for (const key of keys)
      for (const language of ['en', 'zh-CN'] as const) {
        expect(textOf(language, key), key).not.toBe('');
        expect(() => parseMessage(textOf(language, key)), `${language} ${key}`).not.toThrow();
      }
  });

  it('asks for the same values in both languages', () => {
    const different = keys.filter(
      (key) => valuesOf(parseMessage(textOf('en', key))).join() !== valuesOf(parseMessage(textOf('zh-CN', key))).join(),
    );
    expect(different).toEqual([]);
  });

  it('leaves nothing in English that has words', () => {
    const names = new Set(['app.name', 'app.title']);
    const left = keys.filter((key) => {
      const text = textOf('en', key);
      return !names.has(key) && /[A-Za-z]{2}/.test(text.replace(/\{[^}]*\}/g, '')) && textOf('zh-CN', key) === text;
    });
    expect(left).toEqual([]);
  });
});

describe('every code of a closed list has a word', () => {
  it.each([
    ['outcome', OUTCOMES],
    ['disposition', DISPOSITIONS],
    ['type', TRANSACTION_TYPES],
    ['role', ROLES],
    ['status', ['open', 'claimed', 'closed']],
    ['severity', ['low', 'medium', 'high', 'critical']],
    ['health', ['L0', 'L1', 'L2', 'L3']],
  ])('%s', (prefix, codes) => {
    expect(codes.filter((code) => !Object.hasOwn(MESSAGES.en, `${prefix}.${code}`))).toEqual([]);
  });

  it('of the model’s families', () => {
    expect(INPUT_FAMILIES.filter((family) => !isTermKey(`family.${family}`))).toEqual([]);
  });

  it('of the fields of a transaction', () => {
    const fields = TRANSACTION_FIELDS.map((field) => field.path).filter((field) => field !== 'attributes');
    expect(fields.filter((field) => !isTermKey(`tx.${field}`))).toEqual([]);
  });

  it('of the profile', () => {
    expect(Object.keys(aProfile()).filter((field) => !isTermKey(`profile.${field}`))).toEqual([]);
  });

  it('of the shipped features', () => {
    const file = path.resolve(import.meta.dirname, '../../../config/features.yaml');
    const { features } = parse(readFileSync(file, 'utf8')) as { features: readonly { name: string }[] };
    const stems = [...new Set(features.map(({ name }) => splitFeatureName(name).stem))];
    expect(stems.length).toBeGreaterThan(30);
    expect(stems.filter((stem) => !isTermKey(`feature.${stem}`))).toEqual([]);
  });
});

describe('a value that no dictionary knows', () => {
  it('keeps its name as it stands', () => {
    const name = nameOfValue('features.branch_vault_sum_2h', termsOf('zh-CN'));
    expect(name).toEqual({ label: 'branch_vault_sum_2h', isKnown: false, unit: 'money', windowSeconds: 7200 });
  });
});
