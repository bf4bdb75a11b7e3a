import { describe, expect, it } from 'vitest';
import { readLabel } from '../../../src/consumers/read-label.ts';
import { bytes } from './consumer-helpers.ts';

const receivedAtMs = Date.parse('2026-11-25T00:00:00Z');
const options = { isChannel: (code: string) => code === 'ATM', receivedAtMs };
const valid = {
  transactionId: 'T1',
  channel: 'ATM',
  label: 'FRAUD',
  labelledAt: '2026-11-24T12:00:00+08:00',
  source: 'case-17',
};
const read = (value: unknown) =>
  readLabel(typeof value === 'string' ? bytes(value) : bytes(JSON.stringify(value)), options);

describe('a label', () => {
  it('is read with its time in milliseconds', () => {
    expect(read(valid)).toEqual({
      ok: true,
      value: {
        transactionId: 'T1',
        channel: 'ATM',
        label: 'FRAUD',
        labelledAtMs: Date.UTC(2026, 10, 24, 4),
        source: 'case-17',
      },
    });
  });

  it('is known at once without a time', () => {
    expect(read({ ...valid, labelledAt: undefined, source: undefined })).toMatchObject({
      ok: true,
      value: { labelledAtMs: null },
    });
  });

  it.each([
    ['EMPTY', '', ''],
    ['NOT_JSON', '', '{"transactionId":'],
    ['NOT_AN_OBJECT', '', '[1]'],
    ['DUPLICATE_KEY', '', '{"label":"FRAUD","label":"GENUINE"}'],
    ['TOO_DEEP', '', '[[[[[[1]]]]]]'],
    ['MISSING_FIELD', '/transactionId', { ...valid, transactionId: undefined }],
    ['MISSING_FIELD', '/label', { ...valid, label: null }],
    ['WRONG_TYPE', '/transactionId', { ...valid, transactionId: 7 }],
    ['INVALID_ID', '/transactionId', { ...valid, transactionId: ' ' }],
    ['WRONG_TYPE', '/channel', { ...valid, channel: 7 }],
    ['UNKNOWN_CHANNEL', '/channel', { ...valid, channel: 'PIGEON' }],
    ['INVALID_VALUE', '/label', { ...valid, label: 'fraud' }],
    ['INVALID_TIME', '/labelledAt', { ...valid, labelledAt: '2026-11-24' }],
    ['INVALID_TIME', '/labelledAt', { ...valid, labelledAt: 1_764_000_000 }],
    ['TIME_IN_FUTURE', '/labelledAt', { ...valid, labelledAt: '2026-11-26T00:00:00.001Z' }],
    ['TOO_LARGE', '', { ...valid, source: 'x'.repeat(20_000) }],
  ])('is refused with %s at "%s"', (code, path, value) => {
    const result = read(value);
    expect(result.ok ? 'accepted' : [result.error.code, result.error.path]).toEqual([code, path]);
  });

  it('is refused when it is not UTF-8, or a tombstone', () => {
    expect(readLabel(Buffer.from([0x7b, 0xff, 0x7d]), options)).toMatchObject({ error: { code: 'NOT_UTF8' } });
    expect(readLabel(null, options)).toMatchObject({ error: { code: 'EMPTY' } });
  });
});
