/**
 * Characters that nobody sees, in what people write and others approve: controls, U+202E that turns what follows around, a
 * U+200B that makes two ids look the same. Tab and line ends are no such characters. U+FFFD stands where bytes were no
 * UTF-8, NUL between the letters of UTF-16.
 */
const UNREADABLE = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFD]/gu;

export interface UnreadableCharacter {
  readonly index: number;
  /** "the character U+202E cannot be seen", or that the text is not UTF-8 */
  readonly message: string;
  readonly isBroken: boolean;
}

export function* unreadableCharacters(text: string): Generator<UnreadableCharacter> {
  for (const { 0: character, index } of text.matchAll(UNREADABLE)) {
    const isBroken = character === '\uFFFD' || character === '\0';
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const message = isBroken ? 'this is not UTF-8: save it as UTF-8' : `the character U+${code} cannot be seen`;
    yield { index, message, isBroken };
  }
}
