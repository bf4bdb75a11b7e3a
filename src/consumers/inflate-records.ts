/**
 * Inflates the records of a gzip batch with a bound: a record beyond `maxRecordBytes`, or one that would take the whole
 * beyond `maxTotalBytes`, keeps its offset, timestamp and key and loses its value. So a compression bomb becomes one
 * message with a mark, its neighbours arrive whole, and memory stays bounded whatever the batch claims.
 *
 * A record, after inflation (Kafka's record format v2, all integers zigzag varints): length, then attributes (1 byte),
 * timestampDelta, offsetDelta, keyLength, key, valueLength, value, headers.
 */
import { createUnzip } from 'node:zlib';

export const TRUNCATED_HEADER = 'vigil-truncated-bytes';

export interface InflateLimits {
  readonly maxRecordBytes: number;
  readonly maxTotalBytes: number;
}

/** The topics take 1 MiB a batch as it is sent; nothing that a channel sends comes near a record of 1 MiB. */
export const DEFAULT_LIMITS: InflateLimits = { maxRecordBytes: 2 ** 20, maxTotalBytes: 64 * 2 ** 20 };

/** What is kept of a record that is too large, to read its front matter and its key. */
const KEPT_OF_LARGE = 4096;

export async function inflateRecords(compressed: Buffer, limits: InflateLimits = DEFAULT_LIMITS): Promise<Buffer> {
  const reader = createRecordReader(limits);
  const unzip = createUnzip({ chunkSize: 2 ** 18 });
  unzip.end(compressed);
  for await (const piece of unzip) reader.push(piece);
  return reader.end();
}

/** Cuts a stream of bytes into records and keeps what the limits allow; holds at most one record that is not whole. */
function createRecordReader(limits: InflateLimits): { push(piece: Buffer): void; end(): Buffer } {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let rest: Buffer = Buffer.alloc(0);
  /** of a record that is too large: what is still to come and to be thrown away */
  let toSkip = 0;

  const keep = (record: Buffer): void => {
    kept.push(record);
    keptBytes += record.length;
  };
  const takeRecord = (): boolean => {
    const length = readVarint(rest, 0);
    if (length === undefined) return false;
    const whole = length.next + length.value;
    const isTooLarge = length.value > limits.maxRecordBytes || keptBytes + whole > limits.maxTotalBytes;
    if (!isTooLarge) {
      if (rest.length < whole) return false;
      keep(rest.subarray(0, whole));
      rest = rest.subarray(whole);
      return true;
    }
    if (rest.length < Math.min(whole, KEPT_OF_LARGE)) return false;
    keep(withoutValue(rest.subarray(length.next, Math.min(whole, rest.length)), length.value));
    toSkip = Math.max(0, whole - rest.length);
    rest = rest.subarray(Math.min(whole, rest.length));
    return true;
  };
  return {
    push(piece) {
      const skipped = Math.min(toSkip, piece.length);
      toSkip -= skipped;
      const fresh = piece.subarray(skipped);
      if (fresh.length === 0) return;
      rest = rest.length === 0 ? fresh : Buffer.concat([rest, fresh]);
      while (rest.length > 0 && takeRecord());
    },
    end: () => Buffer.concat([...kept, rest]),
  };
}

/** The record's front matter and key, an empty value, and one header that says how large it was. */
function withoutValue(start: Buffer, size: number): Buffer {
  const timestampDelta = mustRead(start, 1);
  const offsetDelta = mustRead(start, timestampDelta.next);
  const keyLength = mustRead(start, offsetDelta.next);
  const keyEnd = keyLength.next + Math.max(0, keyLength.value);
  // a key that is itself the bomb: none
  const isKeyWhole = keyEnd <= start.length;
  const front = isKeyWhole
    ? start.subarray(0, keyEnd)
    : Buffer.concat([start.subarray(0, offsetDelta.next), varint(-1)]);
  const body = Buffer.concat([front, varint(0), varint(1), sized(TRUNCATED_HEADER), sized(String(size))]);
  return Buffer.concat([varint(body.length), body]);
}

const sized = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([varint(bytes.length), bytes]);
};

function mustRead(bytes: Buffer, at: number): { value: number; next: number } {
  const read = readVarint(bytes, at);
  if (read === undefined) throw new Error('a record ends inside its own front matter');
  return read;
}

/** Zigzag varint of at most 64 bits; as a float, which is exact for lengths and wide enough for deltas that are skipped. */
function readVarint(bytes: Buffer, start: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let at = start; at < bytes.length && at < start + 10; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if ((byte & 0x80) === 0) return { value: value % 2 === 0 ? value / 2 : -(value + 1) / 2, next: at + 1 };
  }
  return undefined;
}

function varint(value: number): Buffer {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  const bytes: number[] = [];
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
