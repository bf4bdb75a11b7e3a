/**
 * One member of a consumer group on Kafka, through kafkajs. It promises what the port says and mends what kafkajs does
 * by default (each point was seen on a real broker):
 * - it begins where we say (kafka-positions.ts), chunk after chunk, with a heartbeat between and beside them;
 * - it commits only the contiguous finished prefix, on a timer, and nothing after a partition was revoked;
 * - an outage repeats the chunk after a back-off, in the handler and with heartbeats; a bug ends the subscription aloud:
 *   kafkajs would leave a process that is up and consumes nothing.
 */
import type { Admin, EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../domain/clock.ts';
import type { SubscribeOptions } from '../domain/ports.ts';
import type { ConsumerEvents } from './consumer-events.ts';
import { withHeartbeats } from './heartbeats.ts';
import { mustRejoin, RETRY } from './kafka-client.ts';
import { type Committer, createCommitter } from './kafka-commits.ts';
import { type ChunkSlice, fromKafka, slices } from './kafka-messages.ts';
import { placeAt, readCommitted, readWatermarks } from './kafka-positions.ts';
import type { LiveSubscription } from './live-subscription.ts';
import { createOffsetTracker, type OffsetTracker } from './offset-tracker.ts';
import { createPause, isRetriable, type RetryPolicy, retryDelayMs } from './retry-policy.ts';

export interface KafkaConsumerSettings {
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  /** a small one hardly helps (the broker answers at the first byte) and costs idle CPU: 11.6 % at 5 ms, 3.9 % at 100 */
  readonly maxWaitMs: number;
  readonly maxBytesPerPartition: number;
  readonly maxBytes: number;
  readonly commitIntervalMs: number;
  /** a chunk that takes longer is left to its session timeout */
  readonly chunkLimitMs: number;
  /** how long `stop` waits for the drain */
  readonly stopBudgetMs: number;
  readonly watermarkIntervalMs: number;
  readonly retry: RetryPolicy;
}

export interface KafkaSubscriptionOptions {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly subscribe: SubscribeOptions;
  readonly settings: KafkaConsumerSettings;
  readonly partitions: number;
  readonly clock: Clock;
  readonly events: ConsumerEvents;
}

interface Progress {
  readonly partition: number;
  readonly tracker: OffsetTracker;
  /** finished up to here */
  position: bigint | undefined;
  /** the offset that the next batch should begin with */
  expected: bigint | undefined;
  end: bigint | undefined;
  chunkSinceMs: number | undefined;
}

type Assignment = ReadonlyMap<number, Progress>;

/** Thrown from a handler to end kafkajs's consumer; without a cause, which it would look into for "retriable". */
const stopConsumer = (): Error => Object.assign(new Error('stopped by its owner'), { retriable: false });

export async function subscribeKafka(options: KafkaSubscriptionOptions): Promise<LiveSubscription> {
  const { kafka, admin, settings, clock, events } = options;
  const { topic, group, maxChunk, onChunk, nextOffset } = options.subscribe;
  const pause = createPause();
  let assignment: Assignment = new Map();
  let lastFetchMs = clock.now();
  let state: 'live' | 'stopping' | 'ended' = 'live';
  let resolveFinished = (): void => undefined;
  let rejectFinished: (error: unknown) => void = () => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    resolveFinished = resolve;
    rejectFinished = reject;
  });
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: settings.sessionTimeoutMs,
    heartbeatInterval: settings.heartbeatIntervalMs,
    rebalanceTimeout: settings.rebalanceTimeoutMs,
    maxWaitTimeInMs: settings.maxWaitMs,
    maxBytesPerPartition: settings.maxBytesPerPartition,
    maxBytes: settings.maxBytes,
    allowAutoTopicCreation: false,
    retry: { ...RETRY, restartOnFailure: async () => state === 'live' },
  });
  const committer: Committer = createCommitter({ topic, group, trackers: () => assignment, events });
  // with offsets kept by the caller the group's own are never written: two truths would drift apart
  const commit = (): Promise<void> => (nextOffset === undefined ? committer.commit() : Promise.resolve());
  const place = (partition: number) => ({ topic, group, partition });

  const revokeAll = (): void => {
    for (const { tracker } of assignment.values()) tracker.revoke();
    assignment = new Map();
  };
  const die = (error: unknown): void => {
    if (state === 'ended') return;
    state = 'ended';
    pause.wake();
    clearTimers();
    revokeAll();
    events.subscriptionDied({ topic, group, error });
    rejectFinished(error);
    consumer.disconnect().catch((reason: unknown) => warn('disconnecting a dead consumer failed', reason));
  };
  const warn = (message: string, error: unknown): void =>
    events.clientWarned({ level: 'warn', message, context: { topic, group, error: String(error) } });

  /** Retries an outage while the assignment stands; a bug ends the subscription. */
  const whileAssigned = async <T>(mine: Assignment, work: () => Promise<T>): Promise<T | undefined> => {
    for (let attempt = 1; assignment === mine && state === 'live'; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!isRetriable(error)) {
          die(error);
          return undefined;
        }
        const delayMs = retryDelayMs(attempt, settings.retry);
        events.chunkRetried({ ...place(-1), attempt, delayMs, error });
        await pause.wait(delayMs);
      }
    }
    return undefined;
  };
  const findPositions = async (partitions: readonly number[]) => {
    const watermarks = await readWatermarks(admin, topic);
    const committed = nextOffset === undefined ? await readCommitted(admin, group, topic) : undefined;
    return Promise.all(
      partitions.map(async (partition) => {
        const wanted = nextOffset === undefined ? committed?.get(partition) : await nextOffset(partition);
        return placeAt(partition, wanted, watermarks.get(partition) ?? { low: 0n, high: 0n });
      }),
    );
  };
  const begin = async (mine: Assignment): Promise<void> => {
    const partitions = [...mine.keys()];
    const positions = await whileAssigned(mine, () => findPositions(partitions));
    if (positions === undefined || assignment !== mine || state !== 'live') return;
    for (const { partition, start, high, lostFrom } of positions) {
      const progress = mine.get(partition);
      if (progress === undefined) continue;
      Object.assign(progress, { position: start, expected: start, end: high });
      if (lostFrom !== undefined) events.offsetsLost({ ...place(partition), from: lostFrom, to: start });
      consumer.seek({ topic, partition, offset: String(start) });
    }
    consumer.resume([{ topic, partitions }]);
  };
  const assign = (partitions: readonly number[]): void => {
    revokeAll();
    const mine: Assignment = new Map(partitions.map((partition) => [partition, newProgress(partition)]));
    assignment = mine;
    lastFetchMs = clock.now();
    events.partitionsAssigned({ topic, group, partitions });
    if (partitions.length === 0) return;
    // nothing is fetched before we know where to begin; still inside kafkajs's own turn, so no fetch slips through
    consumer.pause([{ topic, partitions: [...partitions] }]);
    begin(mine).catch(die);
  };

  /** More than expected is missing in front of a batch: compaction and markers leave holes, retention leaves a loss. */
  const reportGap = async (progress: Progress, from: bigint, to: bigint): Promise<void> => {
    const low = (await readWatermarks(admin, topic)).get(progress.partition)?.low;
    if (low !== undefined && low > from) events.offsetsLost({ ...place(progress.partition), from, to });
  };
  const noteBatch = (progress: Progress, { batch }: EachBatchPayload): void => {
    const first = BigInt(batch.firstOffset() ?? 0);
    const { expected } = progress;
    if (expected !== undefined && first > expected) {
      reportGap(progress, expected, first).catch((error: unknown) => warn('a gap could not be looked into', error));
    }
    progress.end = BigInt(batch.highWatermark);
  };
  const mayGoOn = (payload: EachBatchPayload, progress: Progress): boolean =>
    state === 'live' && payload.isRunning() && !payload.isStale() && !progress.tracker.isRevoked();

  /** True when it was finished; false when it was given up because this member stops or lost the partition. */
  const handle = async (payload: EachBatchPayload, progress: Progress, slice: ChunkSlice): Promise<boolean> => {
    const messages = slice.messages.map(fromKafka);
    const highWatermark = BigInt(payload.batch.highWatermark);
    const heartbeats = {
      beat: payload.heartbeat,
      everyMs: settings.heartbeatIntervalMs / 3,
      limitMs: settings.chunkLimitMs,
    };
    for (let attempt = 1; ; attempt++) {
      let outage: unknown;
      const lostBeat = await withHeartbeats(heartbeats, async () => {
        try {
          await onChunk({ topic, partition: progress.partition, messages, highWatermark });
        } catch (error) {
          if (!isRetriable(error)) throw await failed(error);
          outage = error;
        }
      });
      if (outage === undefined) return true;
      if (mustRejoin(lostBeat)) throw lostBeat;
      const delayMs = retryDelayMs(attempt, settings.retry);
      events.chunkRetried({ ...place(progress.partition), attempt, delayMs, error: outage });
      const lostWaiting = await withHeartbeats(heartbeats, () => pause.wait(delayMs));
      if (mustRejoin(lostWaiting)) throw lostWaiting;
      if (!mayGoOn(payload, progress)) return false;
    }
  };
  /** Our own bug: what is finished is committed, `finished` rejects, and kafkajs is told to stop. */
  const failed = async (error: unknown): Promise<Error> => {
    await commit();
    die(error);
    return stopConsumer();
  };
  const runSlice = async (payload: EachBatchPayload, progress: Progress, slice: ChunkSlice): Promise<boolean> => {
    const start = clock.now();
    progress.chunkSinceMs = start;
    const range = progress.tracker.begin(slice.next);
    let isFinished = false;
    try {
      isFinished = await handle(payload, progress, slice);
    } finally {
      progress.chunkSinceMs = undefined;
      if (!isFinished) range.abandon();
    }
    if (!isFinished) return false;
    range.finish();
    if (progress.tracker.isRevoked()) return false;
    payload.resolveOffset(slice.messages.at(-1)?.offset ?? ''); // without it the same batch comes for ever
    progress.position = slice.next;
    progress.expected = slice.next;
    const lag = (progress.end ?? slice.next) - slice.next;
    const durationMs = clock.now() - start;
    events.chunkFinished({ ...place(progress.partition), messages: slice.messages.length, durationMs, lag });
    return true;
  };
  const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
    const progress = assignment.get(payload.batch.partition);
    if (progress === undefined) return;
    committer.use(payload.commitOffsetsIfNecessary);
    noteBatch(progress, payload);
    try {
      for (const slice of slices(payload.batch, maxChunk)) {
        if (!mayGoOn(payload, progress) || !(await runSlice(payload, progress, slice))) break;
        const rejoin = committer.takeRejoinError();
        if (rejoin !== undefined) throw rejoin;
        await payload.heartbeat();
      }
    } catch (error) {
      await commit(); // the group is changing: what is finished need not be done again by the next owner
      throw error;
    }
    if (!payload.isRunning()) await commit(); // the last chance before the group is left
  };

  const listen = (): void => {
    const { GROUP_JOIN, REBALANCING, FETCH, CRASH } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => assign(payload.memberAssignment[topic] ?? []));
    // sent before the join request, on the same connection, and so in time; refused otherwise
    consumer.on(REBALANCING, () => void commit());
    consumer.on(FETCH, () => {
      lastFetchMs = clock.now();
    });
    consumer.on(CRASH, ({ payload }) => {
      revokeAll();
      if (!payload.restart) die(payload.error);
    });
  };
  const refreshEnds = async (): Promise<void> => {
    const mine = assignment;
    const watermarks = await readWatermarks(admin, topic);
    for (const [partition, progress] of mine) progress.end = watermarks.get(partition)?.high ?? progress.end;
  };
  const commitTimer = setInterval(() => void commit(), settings.commitIntervalMs);
  const watermarkTimer = setInterval(() => {
    refreshEnds().catch((error: unknown) => warn('the lag could not be read', error));
  }, settings.watermarkIntervalMs);
  const clearTimers = (): void => {
    clearInterval(commitTimer);
    clearInterval(watermarkTimer);
  };
  const drain = async (): Promise<void> => {
    await commit();
    await consumer.stop();
    await consumer.disconnect();
  };
  const stop = async (): Promise<void> => {
    state = 'stopping';
    pause.wake();
    const timedOut = await isTimedOut(drain(), settings.stopBudgetMs);
    if (timedOut) events.stopTimedOut({ topic, group, budgetMs: settings.stopBudgetMs });
    clearTimers();
    revokeAll();
    state = 'ended';
    resolveFinished();
  };

  let stopped: Promise<void> | undefined;
  try {
    listen();
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: options.partitions,
      eachBatch,
    });
  } catch (error) {
    clearTimers();
    await consumer.disconnect();
    throw error;
  }
  return {
    finished,
    stop() {
      if (state === 'ended') return stopped ?? Promise.resolve();
      stopped ??= stop();
      return stopped;
    },
    lag: () => new Map([...assignment].flatMap(([partition, progress]) => lagOf(partition, progress))),
    lastFetchAgeMs: () =>
      new Map(
        [...assignment].map(([partition, { chunkSinceMs }]) => [
          partition,
          clock.now() - (chunkSinceMs ?? lastFetchMs),
        ]),
      ),
  };
}

const newProgress = (partition: number): Progress => ({
  partition,
  tracker: createOffsetTracker(),
  position: undefined,
  expected: undefined,
  end: undefined,
  chunkSinceMs: undefined,
});

/** Nothing is said of a partition before it is known where we begin. */
const lagOf = (partition: number, { position, end }: Progress): [number, bigint][] =>
  position === undefined || end === undefined ? [] : [[partition, end > position ? end - position : 0n]];

async function isTimedOut(work: Promise<void>, budgetMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), budgetMs);
  });
  try {
    return await Promise.race([work.then(() => false), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
