import { describe, expect, it } from 'vitest';
import { createRespCounter } from '../../helpers/resp-counter.ts';

const STREAM =
  '*2\r\n$3\r\nget\r\n$4\r\na\r\nb\r\n' + // a command whose value holds a line break
  '+OK\r\n:5\r\n$-1\r\n$0\r\n\r\n*0\r\n_\r\n-ERR no\r\n' + // seven simple replies
  '%2\r\n+a\r\n*2\r\n:1\r\n*1\r\n:2\r\n+b\r\n%0\r\n'; // one map with arrays inside

describe('the counter of Redis messages', () => {
  it('counts whole messages, whatever the pieces they come in', () => {
    const bytes = Buffer.from(STREAM);
    for (const size of [1, 2, 3, 7, bytes.length]) {
      const counter = createRespCounter();
      for (let start = 0; start < bytes.length; start += size) counter.take(bytes.subarray(start, start + size));
      expect([size, counter.whole(), counter.isBetween()]).toEqual([size, 9, true]);
    }
  });

  it('knows that a message has begun', () => {
    for (const begun of ['*', '*1\r\n', '$3\r\nab', '$3\r\nabc', '%1\r\n+a\r\n']) {
      const counter = createRespCounter();
      counter.take(Buffer.from(begun));
      expect([begun, counter.whole(), counter.isBetween()]).toEqual([begun, 0, false]);
    }
  });
});
