import { describe, expect, it } from 'vitest';
import { readCommitted, readWatermarks } from '../../../src/consumers/kafka-positions.ts';

/** What kafkajs 2.2.4 does while its metadata do not know a topic that was made a moment ago. */
const unknowing = {
  fetchTopicOffsets: async () => {
    throw new TypeError("Cannot destructure property 'partitions' of 'low.pop(...)' as it is undefined.");
  },
  fetchOffsets: async () => {
    throw new TypeError('x is undefined');
  },
} as unknown as Parameters<typeof readWatermarks>[0];

describe('positions that cannot be read', () => {
  it('are an outage that is tried again, also when the client library stumbles over itself', async () => {
    await expect(readWatermarks(unknowing, 't')).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(readCommitted(unknowing, 'g', 't')).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });
});
