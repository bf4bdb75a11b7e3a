/**
 * Finds card numbers (primary account numbers, ISO/IEC 7812) in text, so that they are refused on the way in and masked
 * on the way out (PCI DSS 3.4.1, 3.5.1). A card number here: 13 to 19 digits, possibly grouped by single blanks or
 * hyphens, standing alone, with the first digits of a card scheme and a correct check digit (Luhn, ISO/IEC 7812-1 B).
 */
const CANDIDATE = /(?<![0-9A-Za-z])\d(?:[ -]?\d){12,18}(?![0-9A-Za-z])/g;
/** Visa 4, Mastercard 51–55 and 2221–2720, American Express 34/37, Diners 30/36/38, JCB 35, Discover/UnionPay/Maestro 5x/6x */
const SCHEME = /^(?:4|5[0-8]|3[0-8]|6|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/;

function hasValidCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let i = digits.length - 1, isDoubled = false; i >= 0; i--, isDoubled = !isDoubled) {
    const digit = digits.charCodeAt(i) - 48;
    sum += isDoubled ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

function isCardNumber(candidate: string): boolean {
  const digits = candidate.replace(/[ -]/g, '');
  return SCHEME.test(digits) && hasValidCheckDigit(digits);
}

/** Most text has too few digits: looking for them costs a tenth of the expression. */
function hasDigits(text: string, enough: number): boolean {
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57 && ++digits === enough) return true;
  }
  return false;
}

export function containsCardNumber(text: string): boolean {
  if (text.length < 13 || !hasDigits(text, 13)) return false;
  for (const [candidate] of text.matchAll(CANDIDATE)) if (isCardNumber(candidate)) return true;
  return false;
}

/** Replaces the digits of every card number but the last four with asterisks; the length stays. */
export function maskCardNumbers(text: string): string {
  return text.replace(CANDIDATE, (candidate) => {
    if (!isCardNumber(candidate)) return candidate;
    const keepFrom = candidate.length - 4;
    return candidate.replace(/\d/g, (digit, index: number) => (index < keepFrom ? '*' : digit));
  });
}
