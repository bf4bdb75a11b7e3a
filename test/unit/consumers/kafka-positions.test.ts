import { describe, expect, it } from 'vitest';
import { placeAt } from '../../../src/consumers/kafka-positions.ts';

const watermarks = { low: 100n, high: 200n };

describe('where to begin', () => {
  it.each([
    ['at the wanted offset', 150n, 150n, undefined, 150n],
    ['at the oldest message', 100n, 100n, undefined, 100n],
    ['at the end, when everything was read', 200n, 200n, undefined, 200n],
    ['at the oldest, without a wanted offset, and nothing is lost', undefined, 100n, undefined, undefined],
    ['at the oldest, when retention was faster', 99n, 100n, 99n, 99n],
    ['at the oldest, when the topic was made anew and the wanted offset is not there yet', 201n, 100n, 201n, undefined],
  ])('%s', (_, wanted, start, lostFrom, finished) => {
    expect(placeAt(3, wanted, watermarks)).toEqual({ partition: 3, ...watermarks, start, lostFrom, finished });
  });

  it('at 0 in a partition without messages', () => {
    expect(placeAt(0, undefined, { low: 0n, high: 0n }).start).toBe(0n);
  });
});
