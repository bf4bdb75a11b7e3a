/** The alert page's dictionary (its own file, because it is loaded with that page only) and the names of values in it. */
import { createTranslator, type Dictionaries, type Language, type Translator } from '../i18n/translate.ts';
import { type TermKey, termsEn } from './terms-en.ts';
import { termsZhCn } from './terms-zh-cn.ts';

export type { TermKey };
export type Terms = Translator<TermKey>;

export const TERMS: Dictionaries<TermKey> = { en: termsEn, 'zh-CN': termsZhCn };

const made = new Map<Language, Terms>();

export function termsOf(language: Language): Terms {
  const known = made.get(language);
  if (known !== undefined) return known;
  const terms = createTranslator(language, TERMS);
  made.set(language, terms);
  return terms;
}

export const isTermKey = (key: string): key is TermKey => Object.hasOwn(termsEn, key);
