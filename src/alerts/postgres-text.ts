/**
 * Text for PostgreSQL, which refuses U+0000 and half surrogate pairs: a single such id would fail its whole batch, again and
 * again. They are written as U+001A and four hexadecimal digits, U+001A itself too, so that no two texts become one.
 */
const ESCAPE = '\u001a';
const NUL = '\0';
const HALF_PAIR = '[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]';
const UNSTORABLE = new RegExp(`[${NUL}${ESCAPE}]|${HALF_PAIR}`, 'g');
const ESCAPED = new RegExp(`${ESCAPE}([0-9a-f]{4})`, 'g');

export const toPostgresText = (text: string): string =>
  text.replace(UNSTORABLE, (unit) => ESCAPE + unit.charCodeAt(0).toString(16).padStart(4, '0'));

export const fromPostgresText = (text: string): string =>
  text.includes(ESCAPE)
    ? text.replace(ESCAPED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
