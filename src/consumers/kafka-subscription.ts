/**
 * One member of a consumer group on Kafka, through kafkajs. It promises what the port says and mends what kafkajs does
 * by default (each point was seen on a real broker): it begins where we say (kafka-assignment.ts), handles chunk after
 * chunk through outages (kafka-chunks.ts), commits only the finished prefix, on a timer (kafka-commits.ts), and dies
 * aloud: kafkajs would leave a process that is up and consumes nothing.
 */
import type { Admin, Consumer, Kafka } from 'kafkajs';
import type { Clock } from '../domain/clock.ts';
import type { SubscribeOptions } from '../domain/ports.ts';
import type { ConsumerEvents } from './consumer-events.ts';
import { type Assignments, createAssignments, lagOf } from './kafka-assignment.ts';
import { createBatchHandler } from './kafka-chunks.ts';
import { RETRY } from './kafka-client.ts';
import { type Committer, createCommitter } from './kafka-commits.ts';
import type { KafkaConsumerSettings, KafkaMember } from './kafka-member.ts';
import type { LiveSubscription } from './live-subscription.ts';
import { createPause } from './retry-policy.ts';

export interface KafkaSubscriptionOptions {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly subscribe: SubscribeOptions;
  readonly settings: KafkaConsumerSettings;
  readonly partitions: number;
  readonly clock: Clock;
  readonly events: ConsumerEvents;
}

export async function subscribeKafka(options: KafkaSubscriptionOptions): Promise<LiveSubscription> {
  const { kafka, admin, settings, clock, events } = options;
  const { topic, group, maxChunk, onChunk, nextOffset, onRestarted } = options.subscribe;
  const life = createLife();
  const consumer = createConsumer(kafka, group, settings, () => life.state() === 'live');
  let lastFetchMs = clock.now();
  const member: KafkaMember = {
    topic,
    group,
    settings,
    events,
    pause: createPause(),
    isLive: () => life.state() === 'live',
    die(error) {
      if (!life.reject(error)) return;
      end();
      events.subscriptionDied({ topic, group, error });
      consumer.disconnect().catch((reason: unknown) => member.warn('disconnecting a dead consumer failed', reason));
    },
    place: (partition) => ({ topic, group, partition }),
    warn: (message, error) =>
      events.clientWarned({ level: 'warn', message, context: { topic, group, error: String(error) } }),
  };
  const assignments = createAssignments({ member, consumer, admin, nextOffset, onRestarted });
  // with offsets kept by the caller the group's own are never written: two truths would drift apart
  const committer: Committer =
    nextOffset === undefined
      ? createCommitter({ topic, group, trackers: assignments.current, events })
      : { use: () => undefined, commit: async () => undefined, takeRejoinError: () => undefined };
  const timers = startTimers(member, committer, assignments);
  const end = (): void => {
    member.pause.wake();
    for (const timer of timers) clearInterval(timer);
    assignments.revoke();
  };
  const stop = async (): Promise<void> => {
    if (!life.stop()) return;
    member.pause.wake();
    const budgetMs = settings.stopBudgetMs;
    if (await isTimedOut(drain(consumer, committer), budgetMs)) events.stopTimedOut({ topic, group, budgetMs });
    end();
    life.resolve();
  };
  listen(consumer, member, assignments, committer, () => {
    lastFetchMs = clock.now();
  });
  const eachBatch = createBatchHandler({ member, assignments, committer, maxChunk, onChunk, clock });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: options.partitions,
      eachBatch,
    });
  } catch (error) {
    end();
    await consumer.disconnect();
    throw error;
  }
  let stopping: Promise<void> | undefined;
  const held = () => [...assignments.current().values()];
  return {
    finished: life.finished,
    stop() {
      stopping ??= stop();
      return stopping;
    },
    lag: () => new Map(held().flatMap(lagOf)),
    lastFetchAgeMs: () =>
      new Map(held().map(({ partition, chunkSinceMs }) => [partition, clock.now() - (chunkSinceMs ?? lastFetchMs)])),
    silentForMs: () => clock.now() - lastFetchMs,
  };
}

function createConsumer(
  kafka: Kafka,
  group: string,
  settings: KafkaConsumerSettings,
  mayRestart: () => boolean,
): Consumer {
  return kafka.consumer({
    groupId: group,
    sessionTimeout: settings.sessionTimeoutMs,
    heartbeatInterval: settings.heartbeatIntervalMs,
    rebalanceTimeout: settings.rebalanceTimeoutMs,
    maxWaitTimeInMs: settings.maxWaitMs,
    maxBytesPerPartition: settings.maxBytesPerPartition,
    maxBytes: settings.maxBytes,
    allowAutoTopicCreation: false,
    retry: { ...RETRY, restartOnFailure: async () => mayRestart() },
  });
}

function listen(
  consumer: Consumer,
  member: KafkaMember,
  assignments: Assignments,
  committer: Committer,
  onFetch: () => void,
): void {
  const { GROUP_JOIN, REBALANCING, FETCH, CRASH } = consumer.events;
  consumer.on(GROUP_JOIN, ({ payload }) => {
    onFetch();
    try {
      assignments.assign(payload.memberAssignment[member.topic] ?? []);
    } catch (error) {
      member.die(error); // kafkajs would log it and read on from where it likes
    }
  });
  // before the join request, on the same connection, and so in time
  consumer.on(REBALANCING, () => void committer.commit());
  consumer.on(FETCH, onFetch);
  consumer.on(CRASH, ({ payload }) => {
    assignments.revoke();
    if (!payload.restart) member.die(payload.error);
  });
}

function startTimers(member: KafkaMember, committer: Committer, assignments: Assignments): readonly NodeJS.Timeout[] {
  const { commitIntervalMs, watermarkIntervalMs } = member.settings;
  return [
    setInterval(() => void committer.commit(), commitIntervalMs),
    setInterval(() => {
      assignments.refreshEnds().catch((error: unknown) => member.warn('the lag could not be read', error));
    }, watermarkIntervalMs),
  ];
}

async function drain(consumer: Consumer, committer: Committer): Promise<void> {
  await committer.commit();
  await consumer.stop();
  await consumer.disconnect();
}

interface Life {
  readonly finished: Promise<void>;
  state(): 'live' | 'stopping' | 'ended';
  /** each answers whether it was the one that changed the state */
  stop(): boolean;
  resolve(): void;
  reject(error: unknown): boolean;
}

function createLife(): Life {
  let state: 'live' | 'stopping' | 'ended' = 'live';
  let settle: { resolve(): void; reject(error: unknown): void } | undefined;
  const finished = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    finished,
    state: () => state,
    stop() {
      if (state !== 'live') return false;
      state = 'stopping';
      return true;
    },
    resolve() {
      state = 'ended';
      settle?.resolve();
    },
    reject(error) {
      if (state === 'ended') return false;
      state = 'ended';
      settle?.reject(error);
      return true;
    },
  };
}

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
