/**
 * How far each partition of the transactions topic is counted in Redis: one mark per partition, written when a chunk is
 * settled (then this process knows that its counting was answered), and compared with what the consumer group has finished
 * before each chunk. A mark that stands behind it means that Redis lost something, or never got it. See lua/advance-mark.lua.
 *
 * On a cluster the marks live in one slot: the loss of another shard alone is not seen in them (shard-marks.ts).
 */
import type { ChunkPosition } from '../domain/ports.ts';
import type { Call } from './redis-calls.ts';
import { loadScript } from './redis-script.ts';

export interface PartitionMarks {
  /** how many gaps are open and, with a position, the partition's mark */
  look(position: ChunkPosition | undefined): readonly Call[];
  /** `isComplete`: every partition that was counted has a mark, so that one without has lost it */
  read(position: ChunkPosition | undefined, replies: readonly unknown[], isComplete: boolean): void;
  counted(position: ChunkPosition): Call;
  wasCounted(position: ChunkPosition, reply: unknown): void;
  /** the command that takes all marks and gaps away: whatever they said, the counters are rebuilt */
  clear(): Call;
  forget(): void;
  readonly areBehind: boolean;
}

export function createPartitionMarks(prefix: string, stateKey: string): PartitionMarks {
  const script = loadScript('advance-mark');
  const marksKey = `${prefix}:{state}:marks`;
  const gapsKey = `${prefix}:{state}:gaps`;
  /** partitions behind, until their gap is in Redis */
  const behind = new Set<string>();
  let gaps = 0;

  return {
    look(position) {
      const open: Call = ['hlen', gapsKey];
      return position === undefined ? [open] : [open, ['hget', marksKey, position.partition]];
    },
    read(position, [open, mark], isComplete) {
      gaps = Number(open);
      if (position === undefined) return;
      const { partition, finished } = position;
      const known = Buffer.isBuffer(mark) ? BigInt(mark.toString()) : isComplete ? 0n : finished;
      if (finished !== undefined && known !== undefined && finished > known) behind.add(partition);
      else behind.delete(partition);
    },
    counted({ partition, finished, next, end }) {
      const words = [partition, finished === undefined ? '' : String(finished), String(next), String(end)];
      return {
        script,
        keys: [stateKey, marksKey, gapsKey],
        args: words.map((word) => Buffer.from(word)),
        types: 'hash',
      };
    },
    wasCounted({ partition }, reply) {
      gaps = Number(reply);
      behind.delete(partition);
    },
    clear: () => ['del', marksKey, gapsKey],
    forget() {
      behind.clear();
      gaps = 0;
    },
    get areBehind() {
      return gaps > 0 || behind.size > 0;
    },
  };
}
