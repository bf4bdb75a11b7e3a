/**
 * What Redis says of itself with every chunk, in the same round trip: which epoch its data belong to, how far it has
 * counted, and since when each stream is kept. A flushed, restored or failed-over server is noticed, not assumed:
 *
 * - its epoch is another, or its mark (on a cluster also that of a shard) stands behind one that this process has seen, or
 * - the mark of a partition (partition-marks.ts) stands behind what the consumer group has finished: that holds also when
 *   every worker was restarted in between, and for what a worker counted by itself during an outage and took with it.
 *
 * Then counters are low until they are rebuilt, and the state says so to every process. A stream is warming up until its
 * windows are behind everything that was counted without it, or that was let go because its windows were shorter: before it
 * came, by another version of features.yaml beside it, or while it was taken out for a while (lua/note-streams.lua).
 */
import type { ChunkPosition } from '../domain/ports.ts';
import type { FeaturePlan } from './feature-plan.ts';
import { createPartitionMarks } from './partition-marks.ts';
import type { Call } from './redis-calls.ts';
import { logId } from './redis-layout.ts';
import { loadScript } from './redis-script.ts';
import { createShardMarks } from './shard-marks.ts';

export interface RedisStateWatch {
  /**
   * For one chunk: its commands, and what to do with their replies. The answer is what must be written, mostly nothing;
   * what Redis says to that goes to `written`.
   */
  begin(
    newestMs: number,
    position?: ChunkPosition,
    shards?: readonly number[],
  ): {
    readonly calls: readonly Call[];
    readonly read: (replies: readonly unknown[]) => Call[];
  };
  written(replies: readonly unknown[]): void;
  /** the command that says how far the partition is counted, and its reply read */
  counted(position: ChunkPosition): Call;
  wasCounted(position: ChunkPosition, reply: unknown): void;
  /** the command that says that something will never be counted */
  declareLoss(): Call;
  /** data were lost and not yet rebuilt */
  readonly countersIncomplete: boolean;
  /** names of the features whose windows are not full at this time, by the order of the catalogue */
  warmingUp(timeMs: number): readonly string[];
  /**
   * The commands that say the counters are whole again, from a time on: what looks further back than it warms up. They
   * open an epoch of their own, so that a process that was idle all the while does not take the rebuilt data for lost ones.
   * Of the streams in `known`, the answer to `askStreams`, those that this process does not keep were not rebuilt.
   */
  rebuilt(sinceMs: number, known: unknown): readonly Call[];
  askStreams(): Call;
  /** the commands that ask what is kept of the state, and their replies read */
  ask(): readonly Call[];
  answer(replies: readonly unknown[]): StateFacts;
}

export interface StateFacts {
  /** when the data in Redis began, or were rebuilt; undefined: there are none */
  readonly epochMs: number | undefined;
  /** chunks counted since; 0 when there are none */
  readonly mark: number;
  /** the epoch began with a rebuild */
  readonly isRebuilt: boolean;
  /** when somebody noticed a loss that was not yet mended */
  readonly lostMs: number | undefined;
  /** stretches of a partition that the group has finished and Redis has not counted */
  readonly gaps: number;
}
const NOBODY: readonly string[] = [];
/** A process notes what it counts so far ahead, of the events' time: as much longer is a stream warming up that it does not keep. */
const NOTED_AHEAD_MS = 600_000;

export function createRedisStateWatch(prefix: string, plan: FeaturePlan, now: () => number): RedisStateWatch {
  const key = `${prefix}:{state}:state`;
  const noteStreams = loadScript('note-streams');
  const fields = plan.streams.map((stream) => `stream:${logId(stream)}:${stream.retentionMs}`);
  const since = plan.streams.map(() => Number.NEGATIVE_INFINITY);
  const reaches = plan.streams.map((stream) => Math.max(0, ...stream.windows.map((own) => own.windowMs + own.delayMs)));
  const partitions = createPartitionMarks(prefix, key);
  const shardMarks = createShardMarks(prefix);
  let epoch: string | undefined;
  let mark = 0;
  /** as Redis says, and as it does not say yet */
  let isLost = false;
  let hasNoticed = false;

  /** Redis says of this process that it counts up to here; and what it was told just now */
  let notedMs = Number.NEGATIVE_INFINITY;
  let tellsMs = Number.NEGATIVE_INFINITY;

  const note = (newestMs: number): Call => {
    const words = [String(newestMs), String(newestMs + NOTED_AHEAD_MS), epoch === undefined ? '0' : '1', ...fields];
    return { script: noteStreams, keys: [key], args: words.map((word) => Buffer.from(word)), types: 'hash' };
  };

  /** Whether Redis knew them all. Those of a fresh store start with it and have missed nothing. */
  const readStreams = (values: readonly unknown[], isFresh: boolean, newestMs: number): boolean => {
    fields.forEach((_field, index) => {
      const known = values[index];
      const start = isFresh ? Number.NEGATIVE_INFINITY : newestMs;
      since[index] = Buffer.isBuffer(known) ? Number(known.toString()) : start;
    });
    return values.every((known) => Buffer.isBuffer(known));
  };

  return {
    begin(newestMs, position, touched = []) {
      const seenMark = mark;
      const noted = newestMs > notedMs ? [note(newestMs)] : [];
      const shards = shardMarks.begin(touched);
      const own: readonly Call[] = [
        ...noted,
        ['hincrby', key, 'mark', 1],
        ['hmget', key, 'epoch', 'lost', 'rebuilt', 'marks', ...fields],
      ];
      const calls = [...own, ...shards.calls, ...partitions.look(position)];
      return {
        calls,
        read(replies) {
          const [markReply, values, ...others] = replies.slice(noted.length - calls.length);
          const looked = others.slice(shards.calls.length);
          const [epochNow, lost, rebuiltNow, marks, ...streams] = Array.isArray(values) ? (values as unknown[]) : [];
          const current = textOf(epochNow);
          const isOther = epoch !== undefined && current !== epoch;
          // a later one: an earlier rebuilt epoch comes back with an old backup, and that is a loss
          const isRebuilt = isOther && current === textOf(rebuiltNow) && Number(current) > Number(epoch);
          if (isOther) shardMarks.forget();
          const isShardBehind = shards.read(others);
          const isBehind = epoch !== undefined && !isOther && (Number(markReply) <= seenMark || isShardBehind);
          const notices = (isOther && !isRebuilt) || isBehind;
          mark = isOther || notices ? Number(markReply) : Math.max(mark, Number(markReply));
          isLost = Buffer.isBuffer(lost);
          // what another chunk in flight has read before it was written does not take it back
          hasNoticed = notices || (hasNoticed && !isLost && !isRebuilt);
          if (isRebuilt) partitions.forget();
          partitions.read(position, looked, current === undefined || Buffer.isBuffer(marks));
          const writes: Call[] = [];
          if (noted.length > 0) notedMs = Math.max(notedMs, newestMs + NOTED_AHEAD_MS);
          // in another epoch what was noted before is gone
          if (!readStreams(streams, current === undefined && !notices, newestMs) || isOther) {
            tellsMs = newestMs + NOTED_AHEAD_MS;
            notedMs = Number.NEGATIVE_INFINITY;
            writes.push(note(newestMs));
          }
          if (current !== undefined) epoch = current;
          else writes.push(['hsetnx', key, 'epoch', now()], ['hset', key, 'marks', 'all']);
          if (notices) writes.push(['hset', key, 'lost', now()]);
          // another process may have been first: its epoch holds
          return writes.length === 0 ? writes : [...writes, ['hget', key, 'epoch']];
        },
      };
    },
    written(replies) {
      notedMs = Math.max(notedMs, tellsMs);
      const current = replies.at(-1);
      if (Buffer.isBuffer(current)) epoch = current.toString();
    },
    counted: partitions.counted,
    wasCounted: partitions.wasCounted,
    declareLoss() {
      hasNoticed = true;
      return ['hset', key, 'lost', now()];
    },
    get countersIncomplete() {
      return isLost || hasNoticed || partitions.areBehind;
    },
    warmingUp(timeMs) {
      if (!since.some((start, index) => timeMs - (reaches[index] as number) < start)) return NOBODY;
      return plan.sources.flatMap((source) => {
        const start = since[source.stream] as number;
        return timeMs - source.reachMs < start ? [source.name] : [];
      });
    },
    askStreams: () => ['hkeys', key],
    rebuilt(sinceMs, known) {
      isLost = false;
      hasNoticed = false;
      partitions.forget();
      shardMarks.forget();
      notedMs = Number.NEGATIVE_INFINITY;
      epoch = String(Math.max(now(), Number(epoch ?? 0) + 1));
      const others = (Array.isArray(known) ? (known as unknown[]) : [])
        .map(String)
        .filter((field) => field.startsWith('stream:') && !fields.includes(field));
      return [
        ['hset', key, 'epoch', epoch, 'rebuilt', epoch, ...fields.flatMap((field) => [field, String(sinceMs)])],
        ['hdel', key, 'lost', 'marks', ...others],
        partitions.clear(),
      ];
    },
    ask: () => [['hmget', key, 'epoch', 'rebuilt', 'lost', 'mark'], ...partitions.look(undefined)],
    answer([reply, gaps]) {
      const [kept, rebuilt, lost, counted] = (Array.isArray(reply) ? (reply as unknown[]) : []).map(textOf);
      return {
        epochMs: kept === undefined ? undefined : Number(kept),
        mark: Number(counted ?? 0),
        isRebuilt: kept !== undefined && kept === rebuilt,
        lostMs: lost === undefined ? undefined : Number(lost),
        gaps: Number(gaps),
      };
    },
  };
}

const textOf = (reply: unknown): string | undefined => (Buffer.isBuffer(reply) ? reply.toString() : undefined);
