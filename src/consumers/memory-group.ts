/**
 * A consumer group of the in-process bus: its committed offsets, its members, and who reads which partition. A partition
 * that moves to another member waits until the chunk in hand is finished, so a rebalance repeats nothing; `kill` is the
 * member that dies: what it had in hand comes again elsewhere, and its late results count for nothing.
 */
import type { Clock } from '../domain/clock.ts';
import { VigilError } from '../domain/errors.ts';
import type { Chunk, SubscribeOptions } from '../domain/ports.ts';
import type { ConsumerEvents } from './consumer-events.ts';
import type { LiveSubscription } from './live-subscription.ts';
import type { MemoryTopic } from './memory-bus.ts';
import { createPause, isRetriable, type Pause, type RetryPolicy, retryDelayMs } from './retry-policy.ts';

export interface MemorySubscription extends LiveSubscription {
  /** ends at once, as SIGKILL would: nothing in hand is finished, `finished` stays pending for ever */
  kill(): void;
}

export interface MemoryGroup {
  join(options: SubscribeOptions): Promise<MemorySubscription>;
  /** next offset that the group has not finished */
  finished(partition: number): bigint;
  stopAll(): Promise<void>;
}

export interface MemoryGroupOptions {
  readonly topic: MemoryTopic;
  readonly name: string;
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly events: ConsumerEvents;
  readonly wake: () => void;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Member {
  readonly options: SubscribeOptions;
  readonly readers: Map<number, Reader>;
  readonly subscription: MemorySubscription;
  readonly pause: Pause;
  readonly fail: (error: unknown) => void;
  state: 'live' | 'stopping' | 'gone';
}

/** One partition in the hands of one member. */
interface Reader {
  readonly partition: number;
  isRevoked: boolean;
  position: bigint;
  isWaiting: boolean;
  /** when it last asked, or when the chunk in hand came */
  lastAskedMs: number;
  done: Promise<void>;
}

export function createMemoryGroup(group: MemoryGroupOptions): MemoryGroup {
  const { topic, name, clock, events, wake } = group;
  const committed = new Map<number, bigint>();
  const members: Member[] = [];
  const place = (partition: number) => ({ topic: topic.name, group: name, partition });
  const log = (partition: number) => {
    const found = topic.logs[partition];
    if (found === undefined) throw new VigilError('BUG', `partition ${partition} of ${topic.name} does not exist`);
    return found;
  };
  const finished = (partition: number): bigint => committed.get(partition) ?? log(partition).earliest();
  const isActive = (member: Member, reader: Reader): boolean => member.state === 'live' && !reader.isRevoked;

  const startPosition = async (member: Member, partition: number): Promise<bigint> => {
    const asked = member.options.nextOffset;
    const earliest = log(partition).earliest();
    const wanted = asked === undefined ? committed.get(partition) : await asked(partition);
    if (wanted === undefined) return earliest;
    if (wanted >= earliest && wanted <= log(partition).end()) return wanted;
    if (wanted > log(partition).end()) await member.options.onRestarted?.(partition, earliest);
    events.offsetsLost({ ...place(partition), from: wanted, to: earliest });
    return earliest;
  };
  const handle = async (member: Member, reader: Reader, chunk: Chunk): Promise<boolean> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await member.options.onChunk(chunk);
        return member.state !== 'gone';
      } catch (error) {
        if (member.state === 'gone') return false;
        if (!isRetriable(error)) throw error;
        const delayMs = retryDelayMs(attempt, group.retry);
        events.chunkRetried({ ...place(reader.partition), attempt, delayMs, error });
        await member.pause.wait(delayMs);
        if (!isActive(member, reader)) return false;
      }
    }
  };
  const finish = (reader: Reader, chunk: Chunk, durationMs: number): void => {
    reader.position = (chunk.messages.at(-1)?.offset ?? reader.position - 1n) + 1n;
    committed.set(reader.partition, reader.position);
    const lag = log(reader.partition).end() - reader.position;
    events.chunkFinished({ ...place(reader.partition), messages: chunk.messages.length, durationMs, lag });
    wake();
  };
  const read = async (member: Member, reader: Reader): Promise<void> => {
    reader.position = await retried(member, reader, () => startPosition(member, reader.partition));
    while (isActive(member, reader)) {
      reader.lastAskedMs = clock.now();
      const messages = log(reader.partition).read(reader.position, member.options.maxChunk);
      if (messages.length === 0) {
        reader.isWaiting = true;
        await new Promise<void>((resolve) => topic.waiting.add(resolve));
        reader.isWaiting = false;
        continue;
      }
      const highWatermark = log(reader.partition).end();
      const chunk: Chunk = { topic: topic.name, partition: reader.partition, messages, highWatermark };
      const start = performance.now();
      if (await handle(member, reader, chunk)) finish(reader, chunk, performance.now() - start);
      await nextTurn(); // a pipeline that never leaves the microtasks would starve timers and sockets
    }
  };
  const retried = async <T>(member: Member, reader: Reader, work: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!isRetriable(error) || !isActive(member, reader)) throw error;
        const delayMs = retryDelayMs(attempt, group.retry);
        events.positionsRetried({ topic: topic.name, group: name, attempt, delayMs, error });
        await member.pause.wait(delayMs);
      }
    }
  };
  const remove = (member: Member): void => {
    const at = members.indexOf(member);
    if (at >= 0) members.splice(at, 1);
  };
  const die = (member: Member, error: unknown): void => {
    if (member.state === 'gone') return;
    member.state = 'gone';
    remove(member);
    events.subscriptionDied({ topic: topic.name, group: name, error });
    member.fail(error);
    rebalance();
  };
  /** Waits for the partition's earlier reader, so that its chunks come one after the other also over a rebalance. */
  const startReader = (member: Member, partition: number, earlier: Promise<void>): void => {
    const reader: Reader = {
      partition,
      isRevoked: false,
      position: 0n,
      isWaiting: false,
      lastAskedMs: clock.now(),
      done: earlier,
    };
    member.readers.set(partition, reader);
    reader.done = earlier
      .then(() => (isActive(member, reader) ? read(member, reader) : undefined))
      .catch((error: unknown) => (isActive(member, reader) ? die(member, error) : undefined));
  };
  const rebalance = (): void => {
    const live = members.filter((member) => member.state === 'live');
    const busy = new Map<number, Promise<void>>();
    for (const member of members) {
      for (const [partition, reader] of member.readers) {
        if (member.state === 'live' && live[partition % live.length] === member) continue;
        reader.isRevoked = true;
        busy.set(partition, reader.done);
        member.readers.delete(partition);
      }
    }
    wake();
    for (const [partition] of topic.logs.entries()) {
      const owner = live[partition % live.length];
      if (owner === undefined || owner.readers.has(partition)) continue;
      startReader(owner, partition, busy.get(partition) ?? Promise.resolve());
    }
    for (const member of live) {
      events.partitionsAssigned({ topic: topic.name, group: name, partitions: [...member.readers.keys()] });
    }
  };
  const stop = async (member: Member, settle: () => void): Promise<void> => {
    if (member.state === 'live') {
      member.state = 'stopping';
      member.pause.wake();
      const readers = [...member.readers.values()].map((reader) => reader.done);
      wake();
      await Promise.all(readers);
      member.state = 'gone';
      rebalance();
      remove(member);
    }
    settle();
  };
  return {
    async join(options) {
      let resolveFinished = (): void => undefined;
      let fail: (error: unknown) => void = () => undefined;
      const ended = new Promise<void>((resolve, reject) => {
        resolveFinished = resolve;
        fail = reject;
      });
      const member: Member = {
        options,
        readers: new Map(),
        pause: createPause(),
        state: 'live',
        fail,
        subscription: {
          finished: ended,
          stop: () => stop(member, resolveFinished),
          kill() {
            member.state = 'gone';
            member.pause.wake();
            // its readers may hang for ever in a chunk: nobody waits for them
            member.readers.clear();
            remove(member);
            rebalance();
          },
          lag: () =>
            new Map([...member.readers].map(([partition]) => [partition, log(partition).end() - finished(partition)])),
          lastFetchAgeMs: () =>
            new Map(
              [...member.readers].map(([partition, reader]) => [
                partition,
                reader.isWaiting ? 0 : clock.now() - reader.lastAskedMs,
              ]),
            ),
          silentForMs: () => 0, // in one process nobody can be cut off
        },
      };
      members.push(member);
      rebalance();
      return member.subscription;
    },
    finished,
    async stopAll() {
      for (const member of [...members]) await member.subscription.stop();
    },
  };
}
