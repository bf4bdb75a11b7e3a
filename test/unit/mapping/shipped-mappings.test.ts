/** Each shipped mapping on a made-up sample; what comes out is read by the parser of transactions, as the backtest does. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openMappedHistory } from '../../../src/backtest/mapping/open-mapped-history.ts';
import { readMapping } from '../../../src/backtest/mapping/read-mapping.ts';
import { createTransactionParser } from '../../../src/domain/parse-transaction.ts';

const parse = createTransactionParser({ isChannel: () => true });
const NOW_MS = Date.parse('2029-01-01T00:00:00Z');

function mappingOf(name: string) {
  const result = readMapping({
    file: `mappings/${name}.yaml`,
    text: readFileSync(`config/mappings/${name}.yaml`, 'utf8'),
  });
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
}

/** line → the transaction message, or "code: what is wrong"; refused by the parser counts as wrong too */
async function run(name: string, sample: string): Promise<Map<number, unknown>> {
  const lines = new Map<number, unknown>();
  for await (const { number, bytes, fault } of openMappedHistory(`test/fixtures/mapping/${sample}`, mappingOf(name))) {
    const parsed = fault === undefined ? parse(bytes, NOW_MS) : undefined;
    if (fault !== undefined) lines.set(number, `${fault.code}: ${fault.message}`);
    else if (parsed?.ok === false) lines.set(number, `${parsed.error.code}: ${parsed.error.message}`);
    else lines.set(number, JSON.parse(bytes.toString()));
  }
  return lines;
}

describe('the shipped mapping files', () => {
  it('are all well-formed', () => {
    for (const file of readdirSync('config/mappings').filter((file) => file.endsWith('.yaml')))
      expect(mappingOf(file.replace('.yaml', '')).fields.length).toBeGreaterThan(5);
  });

  it('reads the handbook: ids as they are, times in UTC, amounts in cents; what does not fit is an error of its line', async () => {
    const lines = await run('handbook', 'handbook.csv');
    expect(lines.get(2)).toEqual({
      schemaVersion: 1,
      transactionId: '0',
      occurredAt: '2018-04-01T00:00:31.000Z',
      channel: 'POS',
      type: 'PURCHASE',
      customerId: '596',
      terminalId: '3156',
      amountMinor: 5716,
      currency: 'EUR',
    });
    expect(lines.get(3)).toMatchObject({ amountMinor: 8150 });
    expect(lines.get(4)).toBe('INVALID_TIME: occurredAt from TX_DATETIME: a day that does not exist');
    expect(lines.get(5)).toMatchObject({ amountMinor: 147 });
    expect(lines.get(6)).toMatch(/^MISSING_FIELD: .*amountMinor/);
    expect(lines.get(7)).toBe('INVALID_VALUE: 4 columns where there should be 9');
    expect(lines.get(8)).toMatchObject({ transactionId: '6', amountMinor: 6300 });
    expect([...lines.keys()]).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  it('reads Berka: two-digit years of the 1990s at noon in Prague, directions and operations by table', async () => {
    const lines = await run('berka', 'berka.csv');
    expect(lines.get(2)).toMatchObject({
      occurredAt: '1993-01-01T11:00:00.000Z',
      type: 'DEPOSIT',
      channel: 'COUNTER',
      amountMinor: 70_000,
      currency: 'CZK',
    });
    expect(lines.get(3)).toMatchObject({
      occurredAt: '1993-06-30T10:00:00.000Z',
      type: 'TRANSFER',
      channel: 'ONLINE_BANKING',
      amountMinor: 337_270,
      counterparty: { accountId: '33564669', bankCode: 'QR' },
      attributes: { purpose: 'SIPO' },
    });
    expect(lines.get(4)).toMatchObject({ type: 'DEPOSIT', attributes: { purpose: 'UROK' } });
    expect(lines.get(5)).toBe('INVALID_TIME: occurredAt from date: a day that does not exist');
    expect(lines.get(6)).toMatchObject({ channel: 'ATM', type: 'WITHDRAWAL' });
    expect(lines.get(6)).not.toHaveProperty('counterparty');
    expect(lines.get(7)).toBe(
      'INVALID_VALUE: channel from type, operation: "VYDAJ|INKASO" is not in the table of values',
    );
  });

  it('reads the multi-channel sample: day first, over both changes of clock', async () => {
    const lines = await run('bank-multichannel', 'bank-multichannel.csv');
    expect(lines.get(2)).toMatchObject({
      transactionId: 'TX1',
      occurredAt: '2023-04-11T20:29:00.000Z',
      channel: 'ATM',
      type: 'WITHDRAWAL',
      amountMinor: 1409,
      device: { id: 'D1', ip: '203.0.113.9' },
      merchant: { id: 'M015' },
      attributes: { city: 'San Diego', loginAttempts: 1 },
    });
    expect(lines.get(3)).toMatchObject({
      occurredAt: '2023-12-31T21:44:00.000Z',
      channel: 'ONLINE_BANKING',
      type: 'PAYMENT',
    });
    expect(lines.get(4)).toMatchObject({
      occurredAt: '2023-11-05T05:30:00.000Z',
      channel: 'COUNTER',
      type: 'DEPOSIT',
      amountMinor: 500,
    });
    expect(lines.get(5)).toBe('INVALID_TIME: occurredAt from TransactionDate: a time that a change of clock skips');
    expect(lines.get(6)).toBe('INVALID_TIME: occurredAt from TransactionDate: a day that does not exist');
  });

  it('reads ISO 8583: the year of DE7, the decimals of DE49, x+n fees, STAN and RRN of reversals', async () => {
    const lines = await run('iso8583', 'iso8583.csv');
    expect(lines.get(2)).toEqual({
      schemaVersion: 1,
      currency: 'CNY',
      transactionId: '0200-1231235958-000101-236500000101',
      occurredAt: '2022-12-31T23:59:58.000Z',
      channel: 'POS',
      type: 'PURCHASE',
      customerId: 'C1',
      cardToken: 'tok_a1',
      amountMinor: 12_345,
      merchant: { id: 'M00000000000001', mcc: '5411', country: 'CN' },
      terminalId: 'T0000001',
      attributes: { stan: '000101', rrn: '236500000101', entryMode: '05', responseCode: '00', feeMinor: -150 },
    });
    expect(lines.get(3)).toMatchObject({
      occurredAt: '2023-01-01T00:00:02.000Z',
      type: 'WITHDRAWAL',
      channel: 'ATM',
      currency: 'JPY',
      amountMinor: 20_000,
      attributes: { feeMinor: 0 },
    });
    expect(lines.get(4)).toMatchObject({ currency: 'KWD', amountMinor: 12_345 });
    expect(lines.get(5)).toMatchObject({ type: 'REVERSAL', original: { stan: '000101', rrn: '236500000101' } });
    expect(lines.get(5)).not.toHaveProperty('attributes.stan');
    expect(lines.get(6)).toBe('INVALID_TIME: occurredAt from DE7: no such day near the date in SETTLEMENT_DATE');
    expect(lines.get(7)).toBe('INVALID_AMOUNT: amountMinor from DE4: not an amount of the stated form');
    expect(lines.get(8)).toBe('INVALID_AMOUNT: attributes.feeMinor from DE28: not an amount of the stated form');
    expect(lines.get(9)).toBe('INVALID_VALUE: currency from DE49: "999" is not in the table of values');
    expect(lines.get(10)).toMatch(/^INVALID_TIME: .*the year comes from SETTLEMENT_DATE/);
  });

  it('reads pacs.008: one transaction for each transfer, header times, decimals by currency', async () => {
    const lines = await run('pacs008', 'pacs008.xml');
    expect(lines.get(10)).toEqual({
      schemaVersion: 1,
      currency: 'CNY',
      transactionId: 'TX-1',
      occurredAt: '2026-11-23T01:59:59.500Z',
      channel: 'DIRECT_LINK',
      type: 'TRANSFER',
      customerId: 'ORG-77',
      accountId: '6222020200112233445',
      amountMinor: 123_450,
      counterparty: { accountId: 'DE89370400440532013000', bankCode: 'DEUTDEFF', country: 'DE' },
      attributes: { endToEndId: 'E2E & 1', purpose: 'SUPP' },
    });
    expect(lines.get(21)).toMatchObject({
      transactionId: 'eb6305c9-1f7f-49de-aed0-16487c27b42d',
      occurredAt: '2026-11-23T02:15:00.000Z',
      currency: 'JPY',
      amountMinor: 5000,
    });
    expect(lines.get(21)).not.toHaveProperty('attributes');
    expect(lines.get(26)).toBe(
      'INVALID_AMOUNT: amountMinor from IntrBkSttlmAmt: more than the 0 decimals of its currency',
    );
    expect(lines.get(31)).toBe('INVALID_VALUE: "IntrBkSttlmAmt/@Ccy" occurs more than once in this record');
  });
});
