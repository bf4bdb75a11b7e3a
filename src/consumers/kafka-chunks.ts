/**
 * Handles what a fetch brought of one partition: chunk after chunk, with a heartbeat between and beside them. An outage
 * repeats the chunk here, in the handler and with heartbeats, so that the member keeps its partitions; a bug ends the
 * subscription; a change of the group gives the chunk up.
 */
import type { EachBatchPayload } from 'kafkajs';
import type { Clock } from '../domain/clock.ts';
import type { SubscribeOptions } from '../domain/ports.ts';
import { withHeartbeats } from './heartbeats.ts';
import type { Assignments, Progress } from './kafka-assignment.ts';
import { mustRejoin } from './kafka-client.ts';
import type { Committer } from './kafka-commits.ts';
import type { KafkaMember } from './kafka-member.ts';
import { type ChunkSlice, fromKafka, slices } from './kafka-messages.ts';
import { isRetriable, retryDelayMs } from './retry-policy.ts';

export interface BatchHandlerOptions {
  readonly member: KafkaMember;
  readonly assignments: Assignments;
  readonly committer: Committer;
  readonly maxChunk: number;
  readonly onChunk: SubscribeOptions['onChunk'];
  readonly clock: Clock;
}

/** Thrown from a handler it ends kafkajs's consumer; without a cause, where kafkajs would look for "retriable". */
const stopConsumer = (): Error => Object.assign(new Error('stopped by its owner'), { retriable: false });

export function createBatchHandler(options: BatchHandlerOptions): (payload: EachBatchPayload) => Promise<void> {
  const { member, assignments, committer, maxChunk, onChunk, clock } = options;
  const { settings, events } = member;
  const everyMs = settings.heartbeatIntervalMs / 3;

  const mayGoOn = (payload: EachBatchPayload, progress: Progress): boolean =>
    member.isLive() && payload.isRunning() && !payload.isStale() && !progress.tracker.isRevoked();

  /** Our own bug: what is finished before it is committed, `finished` rejects, and kafkajs is told to stop. */
  const fail = async (error: unknown): Promise<Error> => {
    await committer.commit();
    member.die(error);
    return stopConsumer();
  };
  /** True when it was finished; false when it was given up because this member stops or lost the partition. */
  const handle = async (payload: EachBatchPayload, progress: Progress, slice: ChunkSlice): Promise<boolean> => {
    const { topic, partition, highWatermark } = payload.batch;
    const messages = slice.messages.map(fromKafka);
    const place = { finished: progress.finished, next: slice.next };
    const chunk = { topic, partition, messages, highWatermark: BigInt(highWatermark), progress: place };
    const heartbeats = { beat: payload.heartbeat, everyMs, limitMs: settings.chunkLimitMs };
    const beside = async (work: () => Promise<void>): Promise<void> => {
      const lostBeat = await withHeartbeats(heartbeats, work);
      if (mustRejoin(lostBeat)) throw lostBeat;
    };
    for (let attempt = 1; ; attempt++) {
      let outage: unknown;
      await withHeartbeats(heartbeats, async () => {
        try {
          await onChunk(chunk);
        } catch (error) {
          if (!isRetriable(error)) throw await fail(error);
          outage = error;
        }
      });
      if (outage === undefined) return true;
      const delayMs = retryDelayMs(attempt, settings.retry);
      events.chunkRetried({ ...member.place(partition), attempt, delayMs, error: outage });
      await beside(() => member.pause.wait(delayMs));
      if (!mayGoOn(payload, progress)) return false;
    }
  };
  const runSlice = async (payload: EachBatchPayload, progress: Progress, slice: ChunkSlice): Promise<boolean> => {
    const since = clock.now();
    progress.chunkSinceMs = since;
    const range = progress.tracker.begin(slice.next);
    let isFinished = false;
    try {
      isFinished = await handle(payload, progress, slice);
    } finally {
      progress.chunkSinceMs = undefined;
      if (isFinished) range.finish();
      else range.abandon();
    }
    if (!isFinished || progress.tracker.isRevoked()) return false;
    payload.resolveOffset(slice.messages.at(-1)?.offset ?? ''); // without it the same batch comes for ever
    progress.position = slice.next;
    progress.finished = slice.next;
    const lag = (progress.end ?? slice.next) - slice.next;
    const durationMs = clock.now() - since;
    events.chunkFinished({ ...member.place(progress.partition), messages: slice.messages.length, durationMs, lag });
    return true;
  };
  return async (payload) => {
    const progress = assignments.current().get(payload.batch.partition);
    if (progress === undefined) return;
    committer.use(payload.commitOffsetsIfNecessary);
    await assignments.noteBatch(progress, payload.batch);
    try {
      for (const slice of slices(payload.batch, maxChunk)) {
        if (!mayGoOn(payload, progress) || !(await runSlice(payload, progress, slice))) break;
        const rejoin = committer.takeRejoinError();
        if (rejoin !== undefined) throw rejoin;
        await payload.heartbeat();
      }
    } catch (error) {
      await committer.commit(); // the group is changing: what is finished need not be done again by the next owner
      throw error;
    }
    if (!payload.isRunning()) await committer.commit(); // the last chance before the group is left
  };
}
