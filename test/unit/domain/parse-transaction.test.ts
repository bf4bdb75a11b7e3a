import { describe, expect, it } from 'vitest';
import { toWire } from '../../../src/domain/parse-transaction.ts';
import { aMessage, aTransaction, bytesOf, parseForTest, TEST_NOW_MS } from '../../helpers/a-transaction.ts';

const parse = (message: unknown) => parseForTest(bytesOf(message), TEST_NOW_MS);
const codeOf = (message: unknown): string => {
  const parsed = parse(message);
  return parsed.ok ? 'accepted' : parsed.error.code;
};
const without = (key: string) => Object.fromEntries(Object.entries(aMessage()).filter(([k]) => k !== key));

describe('parsing a transaction', () => {
  it('reads every field of the contract', () => {
    const { transaction, flags } = aTransaction({
      cardToken: 'tok_5f',
      merchant: { id: 'M1', mcc: '5411', country: 'CN' },
      terminalId: 'T9',
      branchId: 'B01',
      productCode: 'P01',
      accessibility: ['HEARING'],
      attributes: { note: 'rent', urgent: true, tries: 2 },
      original: { transactionId: 'T-0', channel: 'ATM', stan: '000123', rrn: '612345678901' },
    });
    expect(flags).toEqual([]);
    expect(transaction).toMatchObject({
      transactionId: 'T-1',
      occurredAtMs: Date.UTC(2026, 10, 20, 2, 15, 0, 123),
      amountMinor: 1250000,
      counterparty: { accountId: 'A77', bankCode: 'ICBC', country: 'CN' },
      merchant: { id: 'M1', mcc: '5411', country: 'CN' },
      device: { id: 'D1', ip: '203.0.113.7', trusted: true },
      location: { lat: 28.68, lon: 115.86, country: 'CN' },
      accessibility: ['HEARING'],
      original: { transactionId: 'T-0', channel: 'ATM', stan: '000123', rrn: '612345678901' },
    });
    expect({ ...transaction.attributes }).toEqual({ note: 'rent', urgent: true, tries: 2 });
  });

  it.each([
    ['an empty message', '', 'EMPTY'],
    ['a blank message', '  ', 'NOT_JSON'],
    ['a truncated message', '{"schemaVersion":1,', 'NOT_JSON'],
    ['a byte order mark', `\uFEFF${JSON.stringify(aMessage())}`, 'NOT_JSON'],
    ['deep nesting', `{"a":${'['.repeat(200_00)}`, 'TOO_DEEP'],
    ['an oversize message', JSON.stringify(aMessage({ attributes: { x: 'y'.repeat(70_000) } })), 'TOO_LARGE'],
    ['NaN', '{"amountMinor":NaN}', 'NOT_JSON'],
    ['two values', '{} {}', 'NOT_JSON'],
    ['a list', '[]', 'NOT_AN_OBJECT'],
    ['a duplicate key', '{"channel":"ATM","channel":"ATM"}', 'DUPLICATE_KEY'],
    ['a duplicate key spelled with an escape', '{"channel":"ATM","chann\\u0065l":"ATM"}', 'DUPLICATE_KEY'],
    ['a prototype key', '{"__proto__":{"x":1}}', 'FORBIDDEN_KEY'],
    ['a constructor key inside', '{"attributes":{"constructor":1}}', 'FORBIDDEN_KEY'],
    ['a raw control character', '{"a":"\u0001"}', 'NOT_JSON'],
    ['a trailing comma', '{"a":1,}', 'NOT_JSON'],
    ['leading zeros', '{"a":01}', 'NOT_JSON'],
  ])('refuses %s', (_name, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('refuses a tombstone, UTF-16 and a broken UTF-8 sequence', () => {
    const tombstone = parseForTest(null, TEST_NOW_MS);
    const utf16 = parseForTest(Buffer.from(`\uFEFF${JSON.stringify(aMessage())}`, 'utf16le'), TEST_NOW_MS);
    const broken = parseForTest(Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22]), TEST_NOW_MS);
    expect([tombstone, utf16, broken].map((r) => (r.ok ? 'accepted' : r.error.code))).toEqual([
      'EMPTY',
      'NOT_UTF8',
      'NOT_UTF8',
    ]);
  });

  it.each(['schemaVersion', 'transactionId', 'occurredAt', 'channel', 'type', 'customerId', 'amountMinor', 'currency'])(
    'refuses a transfer without %s',
    (key) => {
      expect(codeOf(without(key))).toBe('MISSING_FIELD');
    },
  );

  it('asks no amount of a log-in', () => {
    const { amountMinor: _a, currency: _c, ...login } = aMessage({ type: 'LOGIN' });
    expect(codeOf(login)).toBe('accepted');
  });

  it.each([
    [0, 'accepted'],
    ['0', 'accepted'],
    ['0012', 'accepted'],
    [9007199254740991, 'accepted'],
    ['9007199254740991', 'accepted'],
    ['9007199254740992', 'AMOUNT_OUT_OF_RANGE'],
    [-1, 'AMOUNT_OUT_OF_RANGE'],
    ['-5', 'AMOUNT_OUT_OF_RANGE'],
    ['12.50', 'INVALID_AMOUNT'],
    [12.5, 'INVALID_AMOUNT'],
    ['1e3', 'INVALID_AMOUNT'],
    ['0x10', 'INVALID_AMOUNT'],
    [' 12', 'INVALID_AMOUNT'],
    ['', 'INVALID_AMOUNT'],
    ['１２', 'INVALID_AMOUNT'],
    ['1,000', 'INVALID_AMOUNT'],
    [[1], 'INVALID_AMOUNT'],
    [{}, 'INVALID_AMOUNT'],
    [true, 'INVALID_AMOUNT'],
    [null, 'MISSING_FIELD'],
  ])('judges the amount %j as %s', (amountMinor, code) => {
    expect(codeOf(aMessage({ amountMinor }))).toBe(code);
  });

  it.each([
    ['9007199254740993', 'AMOUNT_OUT_OF_RANGE'],
    ['1.0', 'INVALID_AMOUNT'],
    ['1e3', 'INVALID_AMOUNT'],
    ['-0', 'AMOUNT_OUT_OF_RANGE'],
  ])('sees how the number %s was spelled', (literal, code) => {
    expect(codeOf(JSON.stringify(aMessage({ amountMinor: 77 })).replace(':77', `:${literal}`))).toBe(code);
  });

  it.each([
    ['2026-11-20T02:15:00Z', Date.UTC(2026, 10, 20, 2, 15)],
    ['2026-11-20t02:15:00z', Date.UTC(2026, 10, 20, 2, 15)],
    ['2026-11-20T10:15:00+08:00', Date.UTC(2026, 10, 20, 2, 15)],
    ['2026-11-19T21:15:00.1239-05:00', Date.UTC(2026, 10, 20, 2, 15, 0, 123)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['2017-01-01T07:59:60+08:00', Date.UTC(2017, 0, 1)],
  ])('reads the time %s', (occurredAt, ms) => {
    expect(aTransaction({ occurredAt }).transaction.occurredAtMs).toBe(ms);
  });

  it.each([
    '2026-11-20T02:15:00',
    '2026-11-20 02:15:00Z',
    '2026-11-20',
    '2026-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T02:60:00Z',
    '2026-11-20T02:15:60Z',
    '2026-11-20T02:15:00.Z',
    '2026-11-20T02:15:00+8:00',
    '2026-11-20T02:15:00+24:00',
    '1763604900',
    1763604900,
    ' 2026-11-20T02:15:00Z',
    '２026-11-20T02:15:00Z',
  ])('refuses the time %j', (occurredAt) => {
    expect(codeOf(aMessage({ occurredAt }))).toBe('INVALID_TIME');
  });

  it('accepts five minutes ahead, flags up to a day, refuses beyond', () => {
    const ahead = (ms: number) => parse(aMessage({ occurredAt: new Date(TEST_NOW_MS + ms).toISOString() }));
    expect(ahead(5 * 60_000)).toMatchObject({ ok: true, value: { flags: [] } });
    expect(ahead(5 * 60_000 + 1)).toMatchObject({ ok: true, value: { flags: ['FUTURE_TIME'] } });
    expect(ahead(24 * 3_600_000)).toMatchObject({ ok: true, value: { flags: ['FUTURE_TIME'] } });
    expect(ahead(24 * 3_600_000 + 1)).toMatchObject({ ok: false, error: { code: 'TIME_IN_FUTURE' } });
  });

  it.each([
    [{ schemaVersion: 2 }, 'UNSUPPORTED_SCHEMA_VERSION'],
    [{ schemaVersion: '1' }, 'UNSUPPORTED_SCHEMA_VERSION'],
    [{ channel: 'TELEX' }, 'UNKNOWN_CHANNEL'],
    [{ channel: 'mobile_banking' }, 'UNKNOWN_CHANNEL'],
    [{ type: 'GIFT' }, 'UNKNOWN_TYPE'],
    [{ currency: 'RMB' }, 'UNKNOWN_CURRENCY'],
    [{ currency: 'cny' }, 'UNKNOWN_CURRENCY'],
    [{ customerId: 1001 }, 'WRONG_TYPE'],
    [{ customerId: '' }, 'INVALID_ID'],
    [{ customerId: '   ' }, 'INVALID_ID'],
    [{ customerId: 'a\0b' }, 'INVALID_ID'],
    [{ customerId: 'x'.repeat(1025) }, 'INVALID_ID'],
    [{ customerId: '户'.repeat(342) }, 'INVALID_ID'],
    [{ customerId: '\ud800' }, 'INVALID_ID'],
    [{ customerId: 'a:b{c}\nd' }, 'accepted'],
    [{ customerId: 'x'.repeat(1024) }, 'accepted'],
    [{ counterparty: null }, 'accepted'],
    [{ counterparty: 'A77' }, 'WRONG_TYPE'],
    [{ counterparty: { country: 'CHN' } }, 'INVALID_COUNTRY'],
    [{ merchant: { mcc: '54' } }, 'INVALID_VALUE'],
    [{ device: { ip: '1.2.3' } }, 'INVALID_IP'],
    [{ device: { ip: '01.2.3.4' } }, 'INVALID_IP'],
    [{ device: { trusted: 'yes' } }, 'WRONG_TYPE'],
    [{ location: { lat: 91, lon: 0 } }, 'INVALID_LOCATION'],
    [{ location: { lat: 1 } }, 'INVALID_LOCATION'],
    [{ authentication: 'PASSWORD' }, 'WRONG_TYPE'],
    [{ authentication: ['pass word'] }, 'INVALID_VALUE'],
    [{ attributes: { a: { b: 1 } } }, 'WRONG_TYPE'],
    [{ attributes: { a: 'x'.repeat(2049) } }, 'INVALID_VALUE'],
    [{ original: { channel: 'TELEX' } }, 'UNKNOWN_CHANNEL'],
  ])('judges %j as %s', (overrides, code) => {
    expect(codeOf(aMessage(overrides))).toBe(code);
  });

  it('refuses an amount without its currency also on non-monetary types', () => {
    expect(codeOf(aMessage({ type: 'LIMIT_CHANGE', currency: null }))).toBe('MISSING_FIELD');
  });

  it.each([
    [{ cardToken: '4111111111111111' }],
    [{ accountId: '4111-1111-1111-1111' }],
    [{ attributes: { memo: 'pay 4111 1111 1111 1111 please' } }],
    [{ attributes: { '4111111111111111': 'x' } }],
    [{ somethingNew: { deep: [4111111111111111] } }],
  ])('refuses a card number in clear in %j and does not repeat it', (overrides) => {
    const parsed = parse(aMessage(overrides));
    expect(parsed).toMatchObject({ ok: false, error: { code: 'CARD_NUMBER_IN_CLEAR', transactionId: 'T-1' } });
    expect(JSON.stringify(parsed)).not.toMatch(/4111[- ]?1111[- ]?1111/);
  });

  it('takes digits that are no card number', () => {
    expect(codeOf(aMessage({ accountId: '4111111111111112', attributes: { ref: '2026112000000001' } }))).toBe(
      'accepted',
    );
  });

  it.each([{ cvv: '123' }, { attributes: { CVV2: '123' } }, { attributes: { 'pin-block': 'AB' } }, { track2: ';x' }])(
    'refuses authentication data %j',
    (overrides) => {
      expect(codeOf(aMessage(overrides))).toBe('SENSITIVE_AUTHENTICATION_DATA');
    },
  );

  it('flags unknown fields and keeps them out of the transaction', () => {
    const { transaction, flags } = aTransaction({ shoeSize: 43 });
    expect(flags).toEqual(['UNKNOWN_FIELDS']);
    expect(transaction).not.toHaveProperty('shoeSize');
  });

  it('names the identity of a refused message where it can be read', () => {
    const refused = parse(aMessage({ amountMinor: 'x' }));
    const broken = parse('{"amountMinor":NaN,"transactionId":"T-1","channel":"ATM","customerId":"C1"}');
    const identity = { transactionId: 'T-1', customerId: 'C1001', channel: 'MOBILE_BANKING' };
    expect(refused).toMatchObject({ ok: false, error: identity });
    expect(broken).toMatchObject({ ok: false, error: { transactionId: 'T-1', channel: 'ATM', customerId: 'C1' } });
  });

  it('takes no identity from a message that names two', () => {
    const parsed = parse('{"transactionId":"T-1","transactionId":"T-2","channel":"ATM"}');
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error.transactionId).not.toBe('T-2');
  });
});

describe('sameness of a repeat', () => {
  it('is that of the parsed values', () => {
    const first = aTransaction();
    const shuffled = aTransaction(Object.fromEntries(Object.entries(aMessage()).reverse()));
    const respelled = aTransaction({
      occurredAt: '2026-11-20T10:15:00.123+08:00',
      amountMinor: '1250000',
      shoeSize: 1,
    });
    expect(shuffled.fingerprint).toBe(first.fingerprint);
    expect(respelled.fingerprint).toBe(first.fingerprint);
  });

  it('does not hang on the order of attributes or on the spelling of an address', () => {
    const a = aTransaction({ attributes: { a: 1, b: 2 }, device: { ip: '::ffff:203.0.113.7' } });
    const b = aTransaction({ attributes: { b: 2, a: 1 }, device: { ip: '203.0.113.7' } });
    expect(a.fingerprint).toBe(b.fingerprint);
  });

  it.each([
    { amountMinor: 1_250_001 },
    { occurredAt: '2026-11-20T02:15:00.124Z' },
    { counterparty: { accountId: 'A78' } },
  ])('ends with other content: %j', (overrides) => {
    expect(aTransaction(overrides).fingerprint).not.toBe(aTransaction().fingerprint);
  });

  it('survives the way through the wire format', () => {
    const first = aTransaction({ attributes: { a: 1 }, merchant: { id: 'M' } });
    const again = parse(JSON.stringify(toWire(first.transaction)));
    expect(again).toEqual({ ok: true, value: first });
  });
});

describe('IP addresses', () => {
  it.each([
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8::0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
  ])('has one spelling: %s is %s', (ip, canonical) => {
    expect(aTransaction({ device: { ip } }).transaction.device?.ip).toBe(canonical);
  });

  it.each([
    '1:2:3',
    '::1::',
    '1:2:3:4:5:6:7:8:9',
    '::1%eth0',
    '2001:db8::/32',
    '1.2.3.4:80',
    ':1:2:3:4:5:6:7',
    '1.2.3.4::',
  ])('refuses %s', (ip) => {
    expect(codeOf(aMessage({ device: { ip } }))).toBe('INVALID_IP');
  });
});
