/** The dictionaries of one language and how a message of them is rendered. Pure; the React side is in language.tsx. */
import { createMessageFormatter, type MessageValues } from './icu.ts';
import { type MessageKey, messagesEn } from './messages-en.ts';
import { messagesZhCn } from './messages-zh-cn.ts';

export const LANGUAGES = ['zh-CN', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

export type Translator<Key extends string> = (key: Key, values?: MessageValues) => string;
export type Translate = Translator<MessageKey>;

export type Dictionaries<Key extends string> = Readonly<Record<Language, Readonly<Record<Key, string>>>>;

export function createTranslator<Key extends string>(
  language: Language,
  dictionaries: Dictionaries<Key>,
): Translator<Key> {
  const formatter = createMessageFormatter(language);
  const dictionary = dictionaries[language];
  return (key, values) => formatter.format(dictionary[key], values);
}

export const MESSAGES: Dictionaries<MessageKey> = { en: messagesEn, 'zh-CN': messagesZhCn };

/** A word for a code of a closed list, or the code itself when the server is newer than this dictionary. */
export function translateCode(t: Translate, prefix: string, code: string): string {
  const key = `${prefix}.${code}`;
  return Object.hasOwn(messagesEn, key) ? t(key as MessageKey) : code;
}
