import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inflateRecords } from '../../../src/consumers/inflate-records.ts';
import { mendKafkajs } from '../../../src/consumers/kafkajs-repairs.ts';

const require = createRequire(import.meta.url);
const RequestQueue = require('kafkajs/src/network/requestQueue/index.js');

const quiet = { namespace: () => quiet, debug: () => undefined, warn: () => undefined };
const newQueue = () =>
  new RequestQueue({
    maxInFlightRequests: 1,
    requestTimeout: 1000,
    enforceRequestTimeout: false,
    clientId: 'c',
    broker: 'b',
    logger: quiet,
    isConnected: () => true,
  });

/** How often a queue with nothing to send wakes up in a second. */
function wakeUps(): number {
  const queue = newQueue();
  const check = vi.spyOn(queue, 'checkPendingRequests');
  queue.scheduleCheckPendingRequests();
  vi.advanceTimersByTime(1000);
  queue.destroy();
  return check.mock.calls.length;
}

describe('what is mended in kafkajs', () => {
  let before: number;
  beforeAll(() => {
    vi.useFakeTimers();
    before = wakeUps();
    mendKafkajs();
    mendKafkajs();
  });
  afterAll(() => {
    vi.useRealTimers();
  });

  it('is of the version that it was seen in', () => {
    expect(require('kafkajs/package.json').version).toBe('2.2.4');
  });

  it('was a timer that wakes up about a thousand times a second for nothing, and is none now', () => {
    expect(before).toBeGreaterThan(900);
    expect(wakeUps()).toBe(0);
  });

  it('leaves the timer that sends what had to wait', () => {
    const queue = newQueue();
    const sent: number[] = [];
    const request = (correlationId: number) => ({
      entry: { correlationId, resolve: () => undefined },
      expectResponse: true,
      sendRequest: () => sent.push(correlationId),
    });
    queue.maybeThrottle(50);
    queue.push(request(1));
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(60);
    expect(sent).toEqual([1]);
    queue.push(request(2)); // one request in flight is the limit
    queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 });
    expect(sent).toEqual([1, 2]);
    queue.destroy();
  });

  it('inflates gzip within limits, and compresses as before', async () => {
    vi.useRealTimers();
    const codec = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP]();
    expect(codec.decompress).toBe(inflateRecords);
    const record = Buffer.from([2, 0]); // one record of one byte
    expect(await codec.decompress(gzipSync(record))).toEqual(record);
    const compressed = await codec.compress({ buffer: Buffer.from('text') });
    expect(compressed.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  });
});
