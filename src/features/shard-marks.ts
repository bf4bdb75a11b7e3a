/**
 * On a cluster each shard can lose data alone: a replica that takes over without its primary's last writes, a primary that
 * starts empty. So each shard that a chunk touches counts its chunks, and one that stands behind what this process has
 * seen has lost something. One word per shard and chunk, side by side with the chunk's own calls.
 */
import type { Call } from './redis-calls.ts';
import { shardTag } from './redis-keys.ts';

export interface ShardMarks {
  begin(shards: readonly number[]): {
    readonly calls: readonly Call[];
    /** whether a shard stands behind */
    readonly read: (replies: readonly unknown[]) => boolean;
  };
  /** other data are in Redis, and that is known: what was seen before says nothing about them */
  forget(): void;
}

export function createShardMarks(prefix: string): ShardMarks {
  let seen = new Map<number, number>();
  return {
    begin(shards) {
      // of now: a chunk in flight beside this one counts too
      const before = seen;
      const marks = shards.map((shard) => before.get(shard) ?? 0);
      return {
        calls: shards.map((shard): Call => ['incr', `${prefix}:${shardTag(shard)}:mark`]),
        read(replies) {
          if (before !== seen) return false; // forgotten meanwhile
          let isBehind = false;
          for (const [index, shard] of shards.entries()) {
            const mark = Number(replies[index]);
            const isOwnBehind = mark <= (marks[index] as number);
            seen.set(shard, isOwnBehind ? mark : Math.max(mark, seen.get(shard) ?? 0));
            isBehind ||= isOwnBehind;
          }
          return isBehind;
        },
      };
    },
    forget() {
      seen = new Map();
    },
  };
}
