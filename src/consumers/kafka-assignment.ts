/**
 * The partitions that a member holds, from each join of the group to the next. A new assignment is paused until it is
 * known where to begin, and nothing of an old one is resolved or committed any more.
 */
import type { Admin, Batch, Consumer } from 'kafkajs';
import type { SubscribeOptions } from '../domain/ports.ts';
import type { KafkaMember } from './kafka-member.ts';
import { type Position, placeAt, readCommitted, readWatermarks } from './kafka-positions.ts';
import { createOffsetTracker, type OffsetTracker } from './offset-tracker.ts';
import { isRetriable, retryDelayMs } from './retry-policy.ts';

export interface Progress {
  readonly partition: number;
  /** a new one where the offsets begin anew */
  tracker: OffsetTracker;
  /** finished up to here, and what the next batch should begin with; undefined until we know where to begin */
  position: bigint | undefined;
  /** the group has finished what is before it: committed, or handled here since; undefined: nothing that we know of */
  finished: bigint | undefined;
  /** next offset to be written, as far as we know */
  end: bigint | undefined;
  /** when the chunk in hand came */
  chunkSinceMs: number | undefined;
}

export type Assignment = ReadonlyMap<number, Progress>;

export interface Assignments {
  current(): Assignment;
  /** inside kafkajs's own turn, so that no fetch slips through before the pause */
  assign(partitions: readonly number[]): void;
  revoke(): void;
  /** for the lag while nothing comes: batches bring the end only when there are some */
  refreshEnds(): Promise<void>;
  /** before a batch is handled */
  noteBatch(progress: Progress, batch: Batch): Promise<void>;
}

export interface AssignmentOptions {
  readonly member: KafkaMember;
  readonly consumer: Pick<Consumer, 'pause' | 'resume' | 'seek'>;
  readonly admin: Admin;
  readonly nextOffset: SubscribeOptions['nextOffset'];
  readonly onRestarted: SubscribeOptions['onRestarted'];
}

export function createAssignments({
  member,
  consumer,
  admin,
  nextOffset,
  onRestarted,
}: AssignmentOptions): Assignments {
  const { topic, group, settings, events } = member;
  let assignment: Assignment = new Map();

  const revoke = (): void => {
    for (const { tracker } of assignment.values()) tracker.revoke();
    assignment = new Map();
  };
  const findPositions = async (partitions: readonly number[]): Promise<readonly Position[]> => {
    const watermarks = await readWatermarks(admin, topic);
    const committed = nextOffset === undefined ? await readCommitted(admin, group, topic) : undefined;
    return Promise.all(
      partitions.map(async (partition) => {
        const wanted = nextOffset === undefined ? committed?.get(partition) : await nextOffset(partition);
        const position = placeAt(partition, wanted, watermarks.get(partition) ?? { low: 0n, high: 0n });
        const { lostFrom, high, start } = position;
        if (lostFrom !== undefined && lostFrom > high) await onRestarted?.(partition, start);
        return position;
      }),
    );
  };
  /** Through outages, while the assignment stands. */
  const insistOnPositions = async (mine: Assignment): Promise<readonly Position[]> => {
    for (let attempt = 1; assignment === mine && member.isLive(); attempt++) {
      try {
        return await findPositions([...mine.keys()]);
      } catch (error) {
        if (!isRetriable(error)) throw error;
        const delayMs = retryDelayMs(attempt, settings.retry);
        events.positionsRetried({ topic, group, attempt, delayMs, error });
        await member.pause.wait(delayMs);
      }
    }
    return [];
  };
  const begin = async (mine: Assignment): Promise<void> => {
    const positions = await insistOnPositions(mine);
    if (assignment !== mine || !member.isLive()) return;
    for (const { partition, start, high, lostFrom, finished } of positions) {
      const progress = mine.get(partition);
      if (progress === undefined) continue;
      progress.position = start;
      progress.finished = finished;
      progress.end = high;
      if (lostFrom !== undefined) events.offsetsLost({ ...member.place(partition), from: lostFrom, to: start });
      consumer.seek({ topic, partition, offset: String(start) });
    }
    consumer.resume([{ topic, partitions: [...mine.keys()] }]);
  };
  /** The topic was made anew while it was read, and kafkajs has gone back to its beginning by itself. */
  const restart = async (progress: Progress, from: bigint, to: bigint): Promise<void> => {
    await onRestarted?.(progress.partition, to);
    events.offsetsLost({ ...member.place(progress.partition), from, to });
    progress.tracker.revoke();
    progress.tracker = createOffsetTracker();
    progress.position = to;
    progress.finished = undefined;
  };
  /** Something is missing in front of a batch: compaction and transaction markers leave holes, retention leaves a loss. */
  const reportGap = async ({ partition }: Progress, from: bigint, to: bigint): Promise<void> => {
    const low = (await readWatermarks(admin, topic)).get(partition)?.low;
    if (low !== undefined && low > from) events.offsetsLost({ ...member.place(partition), from, to });
  };
  return {
    current: () => assignment,
    revoke,
    assign(partitions) {
      revoke();
      const mine: Assignment = new Map(partitions.map((partition) => [partition, newProgress(partition)]));
      assignment = mine;
      events.partitionsAssigned({ topic, group, partitions });
      if (partitions.length === 0) return;
      consumer.pause([{ topic, partitions: [...partitions] }]);
      begin(mine).catch(member.die);
    },
    async refreshEnds() {
      const mine = assignment;
      if (mine.size === 0) return;
      const watermarks = await readWatermarks(admin, topic);
      for (const [partition, progress] of mine) progress.end = watermarks.get(partition)?.high ?? progress.end;
    },
    async noteBatch(progress, batch) {
      const first = BigInt(batch.firstOffset() ?? 0);
      const { position } = progress;
      progress.end = BigInt(batch.highWatermark);
      if (position !== undefined && first < position) return restart(progress, position, first);
      if (position === undefined || first === position) return;
      reportGap(progress, position, first).catch((error) => member.warn('a gap could not be looked into', error));
    },
  };
}

const newProgress = (partition: number): Progress => ({
  partition,
  tracker: createOffsetTracker(),
  position: undefined,
  finished: undefined,
  end: undefined,
  chunkSinceMs: undefined,
});

/** Nothing is said of a partition before it is known where we begin. */
export const lagOf = ({ partition, position, end }: Progress): readonly [number, bigint][] =>
  position === undefined || end === undefined ? [] : [[partition, end > position ? end - position : 0n]];
