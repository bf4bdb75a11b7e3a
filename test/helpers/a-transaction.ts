/** Builders: a valid message and a valid transaction, with what the test is about laid over them. */
import { createTransactionParser } from '../../src/domain/parse-transaction.ts';
import type { ParsedTransaction } from '../../src/domain/transaction.ts';

export const TEST_CHANNELS = [
  'MOBILE_BANKING',
  'ONLINE_BANKING',
  'ATM',
  'POS',
  'CREDIT_CARD',
  'PHONE_BANKING',
  'COUNTER',
];

export const aMessage = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  schemaVersion: 1,
  transactionId: 'T-1',
  occurredAt: '2026-11-20T02:15:00.123Z',
  channel: 'MOBILE_BANKING',
  type: 'TRANSFER',
  customerId: 'C1001',
  accountId: 'A1001-1',
  amountMinor: 1_250_000,
  currency: 'CNY',
  counterparty: { accountId: 'A77', bankCode: 'ICBC', country: 'CN' },
  device: { id: 'D1', ip: '203.0.113.7', trusted: true },
  location: { lat: 28.68, lon: 115.86, country: 'CN' },
  customerSegment: 'RETAIL',
  authentication: ['PASSWORD', 'SMS_OTP'],
  accessibility: [],
  attributes: {},
  ...overrides,
});

/** Later than every time in the tests. */
export const TEST_NOW_MS = Date.parse('2026-11-24T00:00:00Z');

export const parseForTest = createTransactionParser({ isChannel: (code) => TEST_CHANNELS.includes(code) });

export const bytesOf = (message: unknown): Buffer =>
  Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));

export function aTransaction(overrides: Record<string, unknown> = {}): ParsedTransaction {
  const parsed = parseForTest(bytesOf(aMessage(overrides)), TEST_NOW_MS);
  if (!parsed.ok) throw new Error(`the test's own message is refused: ${JSON.stringify(parsed.error)}`);
  return parsed.value;
}
