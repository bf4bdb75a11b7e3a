import { describe, expect, it } from 'vitest';
import { deadLetter, maskBytes } from '../../../src/consumers/dead-letters.ts';
import { aReceived, bytes } from './consumer-helpers.ts';

const chunk = { topic: 'vigil.transactions', partition: 3 };
// a test number of the card schemes (Visa), valid by its check digit
const CARD = '4111111111111111';
const MASKED = '************1111';

const masked = (text: string): string => maskBytes(bytes(text)).toString('utf8');

describe('a dead letter', () => {
  it('keeps the original bytes and says the code and where it came from', () => {
    const value = Buffer.from([0xff, 0x00, 0x7b, 0x80]);
    const letter = deadLetter({ chunk, message: aReceived({ value }), code: 'NOT_UTF8', path: '/device/ip' });
    expect(letter.value?.equals(value)).toBe(true);
    expect(letter.key).toBe('C1');
    expect(letter.headers).toEqual({
      code: 'NOT_UTF8',
      topic: 'vigil.transactions',
      partition: '3',
      offset: '7',
      timestamp: '1764000000000',
      path: '/device/ip',
    });
  });

  it('keeps a tombstone a tombstone', () => {
    const letter = deadLetter({ chunk, message: aReceived({ value: null, key: null }), code: 'EMPTY', path: '' });
    expect([letter.key, letter.value]).toEqual([null, null]);
    expect(letter.headers).not.toHaveProperty('path');
  });

  it('masks a card number in the value, in the key and in the path', () => {
    const message = aReceived({ key: CARD, value: bytes(`{"note":"card ${CARD}"`) });
    const letter = deadLetter({ chunk, message, code: 'NOT_JSON', path: `/${CARD}` });
    expect(JSON.stringify([letter.key, String(letter.value), letter.headers])).not.toContain('41111111');
    expect(String(letter.value)).toBe(`{"note":"card ${MASKED}"`);
  });

  it('withholds the whole value of a message with authentication data', () => {
    const message = aReceived({ value: bytes('{"attributes":{"c\\u0076v":"123"}}') });
    const letter = deadLetter({ chunk, message, code: 'SENSITIVE_AUTHENTICATION_DATA', path: '/attributes/cvv' });
    expect(letter.value?.length).toBe(0);
    expect(letter.headers).toMatchObject({ withheld: 'true', code: 'SENSITIVE_AUTHENTICATION_DATA' });
  });
});

describe('masking bytes', () => {
  it.each([
    ['plain', `{"a":"${CARD}"}`, `{"a":"${MASKED}"}`],
    ['grouped', '4111 1111 1111 1111', '**** **** **** 1111'],
    ['behind JSON escapes', '{"a":"\\u0034\\u0031\\u0031\\u0031111111111111"}', `{"a":"${MASKED}"}`],
    ['a verification value', '{"cvv": "123", "x": 1}', '{"cvv": "***", "x": 1}'],
    ['a PIN as a number, without an end', '{"pin":1234', '{"pin":"***"'],
    ['track data, cut off', '{"track2":";4111', '{"track2":"***"'],
    ['a key behind escapes', '{"c\\u0076v":"123"}', '{"cvv":"***"}'],
  ])('hides %s', (_, text, expected) => {
    expect(masked(text)).toBe(expected);
  });

  it.each(['utf16le', 'utf16be'])('hides a card number in %s', (encoding) => {
    const wide = Buffer.from(`card ${CARD}!`, 'utf16le');
    const text = encoding === 'utf16be' ? wide.swap16() : wide;
    const hidden = maskBytes(text);
    expect(hidden.length).toBe(text.length);
    expect(hidden.toString('latin1').replaceAll('\0', '')).toBe(`card ${MASKED}!`);
  });

  it.each([
    ['text in Chinese', bytes('{"备注":"转账 4111"}')],
    ['bytes that are no text', Buffer.from([0xc3, 0x28, 0xff, 0x00, 0x01])],
    ['escapes that hide nothing', bytes('{"a":"\\u0041\\u0022\\u005c"}')],
    ['sixteen digits that are no card number', bytes('{"id":"4111111111111112"}')],
    ['nothing', Buffer.alloc(0)],
  ])('leaves %s byte for byte', (_, value) => {
    expect(maskBytes(value).equals(value)).toBe(true);
  });
});
