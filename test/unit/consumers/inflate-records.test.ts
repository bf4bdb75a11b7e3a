import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inflateRecords, TRUNCATED_HEADER } from '../../../src/consumers/inflate-records.ts';

// kafkajs's own encoder and decoder of a record are the independent side
const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder.js');
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/index.js');
const decodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/decoder.js');

interface Sample {
  key: Buffer | null;
  value: Buffer | null;
}

const record = ({ key, value }: Sample, offsetDelta: number): Buffer =>
  encodeRecord({ offsetDelta, timestampDelta: offsetDelta * 1000, key, value, headers: { a: 'b' } }).buffer;

const compress = (samples: readonly Sample[]): Buffer => gzipSync(Buffer.concat(samples.map(record)));

async function inflate(samples: readonly Sample[], limits?: { maxRecordBytes: number; maxTotalBytes: number }) {
  const inflated = await inflateRecords(compress(samples), limits);
  const decoder = new Decoder(inflated);
  const context = { firstOffset: '100', firstTimestamp: '0' };
  const records = samples.map(() => decodeRecord(new Decoder(decoder.readVarIntBytes()), context));
  return { records, size: inflated.length };
}

const small = (text: string): Sample => ({ key: Buffer.from(`key-${text}`), value: Buffer.from(text) });
const bomb = (bytes: number): Sample => ({ key: Buffer.from('bomb'), value: Buffer.alloc(bytes) });

describe('inflating the records of a batch', () => {
  it('changes nothing of records within the limits', async () => {
    const samples = [small('one'), { key: null, value: null }, { key: null, value: Buffer.alloc(100_000, 7) }];
    const expected = Buffer.concat(samples.map(record));
    expect((await inflateRecords(compress(samples))).equals(expected)).toBe(true);
  });

  it('takes the value from a bomb, keeps its offset, time and key, says its size, and keeps its neighbours', async () => {
    const { records, size } = await inflate([small('before'), bomb(40 * 2 ** 20), small('after')]);
    expect(records.map(({ offset }) => offset)).toEqual(['100', '101', '102']);
    expect(records.map(({ timestamp }) => timestamp)).toEqual(['0', '1000', '2000']);
    expect(records.map(({ key }) => String(key))).toEqual(['key-before', 'bomb', 'key-after']);
    expect(records.map(({ value }) => String(value))).toEqual(['before', '', 'after']);
    expect(Number(records[1].headers[TRUNCATED_HEADER])).toBeGreaterThanOrEqual(40 * 2 ** 20);
    expect(size).toBeLessThan(500);
  });

  it('drops a key that is itself the bomb', async () => {
    const { records } = await inflate([
      small('a'),
      { key: Buffer.alloc(5 * 2 ** 20), value: Buffer.from('x') },
      small('b'),
    ]);
    expect(records[1].key).toBeNull();
    expect(records.map(({ value }) => String(value))).toEqual(['a', '', 'b']);
  });

  it('bounds the whole: after the limit every further record loses its value', async () => {
    const samples = Array.from({ length: 10 }, (_, index) => ({
      key: Buffer.from(`k${index}`),
      value: Buffer.alloc(1000),
    }));
    const { records, size } = await inflate(samples, { maxRecordBytes: 5000, maxTotalBytes: 3500 });
    expect(records.map(({ value }) => value.length)).toEqual([1000, 1000, 1000, 0, 0, 0, 0, 0, 0, 0]);
    expect(records.map(({ key }) => String(key))).toEqual(samples.map(({ key }) => String(key)));
    expect(size).toBeLessThan(4000);
  });

  it('rejects bytes that are not compressed', async () => {
    await expect(inflateRecords(Buffer.from('not gzip'))).rejects.toThrow('incorrect header check');
  });
});
