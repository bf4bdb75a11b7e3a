/**
 * How far a partition may be said to be counted when the features of a chunk are in their store and its limits wait in this
 * process: not yet. The next chunk whose limits were read (the backlog is empty then) speaks for those before it too.
 */
import type { ChunkPosition } from '../domain/ports.ts';

export interface CountedPositions {
  /** as the feature store is to see it: finished only as far as everything is counted */
  of(position: ChunkPosition | undefined): ChunkPosition | undefined;
  /** what may be said once the chunk is settled; undefined: nothing */
  settled(position: ChunkPosition | undefined, isCounted: boolean): ChunkPosition | undefined;
}

export function createCountedPositions(): CountedPositions {
  /** partition → what was finished before the first chunk that waits */
  const waiting = new Map<string, bigint | undefined>();
  return {
    of(position) {
      if (position === undefined || !waiting.has(position.partition)) return position;
      return { ...position, finished: waiting.get(position.partition) };
    },
    settled(position, isCounted) {
      if (position === undefined) return undefined;
      if (isCounted) {
        waiting.delete(position.partition);
        return position;
      }
      if (!waiting.has(position.partition)) waiting.set(position.partition, position.finished);
      return undefined;
    },
  };
}
