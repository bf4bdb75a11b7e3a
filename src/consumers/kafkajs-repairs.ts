/**
 * Two faults of kafkajs 2.2.4 (pinned; there is no newer one) that can be mended from outside, each at one place:
 * - its request queue sets a timer of 1 ms again and again on every connection, also with nothing to send (about 910
 *   wake-ups a second; an idle producer costs 2.9 % of a core, 0.44 % with this);
 * - it inflates gzip without a limit (713 kB became 734 MB).
 * With another version of kafkajs nothing is changed, and the test of this file says so.
 */
import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';
import { inflateRecords } from './inflate-records.ts';

const require = createRequire(import.meta.url);

interface RequestQueue {
  pending: readonly unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

let isMended = false;

/** Once per process; safe to call again. */
export function mendKafkajs(): void {
  if (isMended) return;
  isMended = true;
  stopIdleTimer();
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const original = CompressionCodecs[CompressionTypes.GZIP]();
  CompressionCodecs[CompressionTypes.GZIP] = () => ({ compress: original.compress, decompress: inflateRecords });
}

function stopIdleTimer(): void {
  const queue: unknown = require('kafkajs/src/network/requestQueue/index.js');
  if (typeof queue !== 'function' || !isRequestQueue(queue.prototype)) return;
  const original = queue.prototype.scheduleCheckPendingRequests;
  queue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    // push() schedules when it has to queue, and every reply looks at the queue: without pending requests there is
    // nothing to wake up for, except the end of a throttling by the broker
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return;
    original.call(this);
  };
}

const isRequestQueue = (prototype: unknown): prototype is RequestQueue =>
  typeof prototype === 'object' && prototype !== null && 'scheduleCheckPendingRequests' in prototype;
