/**
 * What every message bus promises, embedded or real: order per key, chunks, at-least-once with the contiguous finished
 * prefix, several groups and members, offsets kept elsewhere, retries, and a death that is said aloud.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ConsumerEvents, silentEvents } from '../../src/consumers/consumer-events.ts';
import type { LiveSubscription } from '../../src/consumers/live-subscription.ts';
import { partitionForKey } from '../../src/consumers/partition-for-key.ts';
import { VigilError } from '../../src/domain/errors.ts';
import type { BusMessage, Chunk, MessageBus, SubscribeOptions } from '../../src/domain/ports.ts';

export interface BusUnderTest extends MessageBus {
  subscribe(options: SubscribeOptions): Promise<LiveSubscription>;
}

export interface BusHarness {
  readonly bus: BusUnderTest;
  createTopic(partitions: number): Promise<string>;
  /** lets the messages before `offset` go, as retention would */
  dropBefore(topic: string, partition: number, offset: bigint): Promise<void>;
  close(): Promise<void>;
}

const text = (value: string): Buffer => Buffer.from(value, 'utf8');
const message = (key: string | null, value: string): BusMessage => ({ key, value: text(value) });
const numbered = (count: number, keys = 7): BusMessage[] =>
  Array.from({ length: count }, (_, index) => message(`customer-${index % keys}`, String(index)));

/** Remembers what came, in the order of arrival. */
function recorder() {
  const chunks: Chunk[] = [];
  const values = (): string[] => chunks.flatMap((chunk) => chunk.messages.map(({ value }) => String(value)));
  return { chunks, values, distinct: () => new Set(values()).size };
}

export function messageBusSuite(name: string, createHarness: (events: ConsumerEvents) => Promise<BusHarness>): void {
  describe(`the message bus: ${name}`, () => {
    let harness: BusHarness;
    let lost: Parameters<ConsumerEvents['offsetsLost']>[0][] = [];
    const subscriptions: LiveSubscription[] = [];
    let groups = 0;
    const newGroup = (): string => `group-${process.pid}-${Date.now()}-${groups++}`;

    beforeEach(async () => {
      lost = [];
      harness = await createHarness({ ...silentEvents, offsetsLost: (event) => void lost.push(event) });
    });
    afterEach(async () => {
      for (const subscription of subscriptions.splice(0)) await subscription.stop();
      await harness.close();
    });

    async function subscribe(options: Partial<SubscribeOptions> & Pick<SubscribeOptions, 'topic' | 'onChunk'>) {
      const subscription = await harness.bus.subscribe({ group: newGroup(), maxChunk: 100, ...options });
      subscriptions.push(subscription);
      return subscription;
    }
    /** Subscribes, waits for `count` distinct values, stops. */
    async function readAll(topic: string, group: string, count: number, onChunk = async (_: Chunk) => undefined) {
      const seen = recorder();
      const subscription = await subscribe({
        topic,
        group,
        onChunk: async (chunk) => {
          await onChunk(chunk);
          seen.chunks.push(chunk);
        },
      });
      await expect.poll(seen.distinct, { timeout: 15_000 }).toBe(count);
      await subscription.stop();
      return seen;
    }

    it('keeps the order of each key, in the partition that every Kafka client would choose', async () => {
      const topic = await harness.createTopic(3);
      const keys = ['C1', 'C2', 'C3', '客户', 'a-much-longer-customer-key', ''];
      const messages = Array.from({ length: 120 }, (_, index) => message(keys[index % 6] ?? '', String(index)));
      await harness.bus.publish(topic, messages.slice(0, 50));
      await harness.bus.publish(topic, messages.slice(50));
      const { chunks } = await readAll(topic, newGroup(), 120);
      const byKey = new Map<string | null, number[]>();
      for (const chunk of chunks) {
        for (const { key, value } of chunk.messages) {
          expect(chunk.partition).toBe(partitionForKey(key ?? '', 3));
          byKey.set(key, [...(byKey.get(key) ?? []), Number(value)]);
        }
      }
      expect(byKey.size).toBe(6);
      for (const values of byKey.values()) expect(values).toEqual([...values].sort((a, b) => a - b));
    });

    it('hands out chunks of at most maxChunk, in offset order, with the high watermark', async () => {
      const topic = await harness.createTopic(1);
      await harness.bus.publish(topic, numbered(25));
      const seen = recorder();
      await subscribe({ topic, maxChunk: 10, onChunk: async (chunk) => void seen.chunks.push(chunk) });
      await expect.poll(seen.distinct).toBe(25);
      expect(Math.max(...seen.chunks.map((chunk) => chunk.messages.length))).toBe(10);
      expect(seen.values()).toEqual(Array.from({ length: 25 }, (_, index) => String(index)));
      const offsets = seen.chunks.flatMap((chunk) => chunk.messages.map(({ offset }) => offset));
      expect(offsets).toEqual(Array.from({ length: 25 }, (_, index) => BigInt(index)));
      for (const chunk of seen.chunks)
        expect([chunk.topic, chunk.partition, chunk.highWatermark]).toEqual([topic, 0, 25n]);
    });

    it('carries headers, tombstones, keyless messages and bytes that are not text', async () => {
      const topic = await harness.createTopic(1);
      const bytes = Buffer.from([0, 255, 254, 10]);
      const before = Date.now();
      await harness.bus.publish(topic, [
        { key: 'a', value: bytes, headers: { code: 'NOT_JSON', where: '甲' } },
        { key: 'b', value: null },
        { key: null, value: text('') },
      ]);
      const seen = recorder();
      await subscribe({ topic, onChunk: async (chunk) => void seen.chunks.push(chunk) });
      await expect.poll(() => seen.values().length).toBe(3);
      const [first, second, third] = seen.chunks.flatMap((chunk) => chunk.messages);
      expect(first).toMatchObject({ key: 'a', headers: { code: 'NOT_JSON', where: '甲' } });
      expect(first?.value?.equals(bytes)).toBe(true);
      expect(second).toMatchObject({ key: 'b', value: null });
      expect(third).toMatchObject({ key: null });
      expect(third?.value?.length).toBe(0);
      expect(first?.timestampMs).toBeGreaterThanOrEqual(before - 1000);
      expect(first?.timestampMs).toBeLessThanOrEqual(Date.now() + 1000);
    });

    it('takes an empty publish', async () => {
      const topic = await harness.createTopic(1);
      await harness.bus.publish(topic, []);
      await harness.bus.publish(topic, [message('a', '1')]);
      expect((await readAll(topic, newGroup(), 1)).values()).toEqual(['1']);
    });

    it('begins a new group at the earliest message, and gives every group everything', async () => {
      const topic = await harness.createTopic(2);
      await harness.bus.publish(topic, numbered(30));
      for (const group of [newGroup(), newGroup()]) {
        expect((await readAll(topic, group, 30)).values().length).toBe(30);
      }
    });

    it('delivers what is published after the subscription', async () => {
      const topic = await harness.createTopic(2);
      const seen = recorder();
      await subscribe({ topic, onChunk: async (chunk) => void seen.chunks.push(chunk) });
      await harness.bus.publish(topic, numbered(10));
      await expect.poll(seen.distinct).toBe(10);
      await harness.bus.publish(topic, numbered(20).slice(10));
      await expect.poll(seen.distinct).toBe(20);
      expect(seen.values().length).toBe(20);
    });

    it('goes on after a stop where it stopped: nothing twice, nothing lost', async () => {
      const topic = await harness.createTopic(2);
      const group = newGroup();
      await harness.bus.publish(topic, numbered(40));
      const first = await readAll(topic, group, 40);
      await harness.bus.publish(topic, numbered(60).slice(40));
      const second = await readAll(topic, group, 20);
      expect([...first.values(), ...second.values()].length).toBe(60);
    });

    it('finishes the chunk in hand when it is stopped, and commits it', async () => {
      const topic = await harness.createTopic(1);
      const group = newGroup();
      await harness.bus.publish(topic, numbered(10));
      const done: string[] = [];
      let isInHand = false;
      const subscription = await subscribe({
        topic,
        group,
        maxChunk: 5,
        onChunk: async (chunk) => {
          isInHand = true;
          await new Promise((resolve) => setTimeout(resolve, 150));
          done.push(...chunk.messages.map(({ value }) => String(value)));
        },
      });
      await expect.poll(() => isInHand).toBe(true);
      await subscription.stop();
      await subscription.finished;
      expect(done.length % 5).toBe(0);
      expect(done.length).toBeGreaterThan(0);
      const rest = done.length === 10 ? [] : (await readAll(topic, group, 10 - done.length)).values();
      expect([...done, ...rest]).toEqual(Array.from({ length: 10 }, (_, index) => String(index)));
    });

    it('can be stopped twice', async () => {
      const topic = await harness.createTopic(1);
      const subscription = await subscribe({ topic, onChunk: async () => undefined });
      await Promise.all([subscription.stop(), subscription.stop()]);
      await subscription.stop();
      await subscription.finished;
    });

    it('rejects `finished` on our own bug, and hands the chunk out again after a restart', async () => {
      const topic = await harness.createTopic(1);
      const group = newGroup();
      await harness.bus.publish(topic, numbered(20));
      const seen = recorder();
      const subscription = await subscribe({
        topic,
        group,
        maxChunk: 5,
        onChunk: async (chunk) => {
          if (chunk.messages.some(({ offset }) => offset === 12n)) throw new TypeError('a bug of ours');
          seen.chunks.push(chunk);
        },
      });
      await expect(subscription.finished).rejects.toThrow('a bug of ours');
      expect(seen.distinct()).toBe(10);
      const again = await readAll(topic, group, 10);
      expect(again.values()).toEqual(Array.from({ length: 10 }, (_, index) => String(index + 10)));
    });

    it('repeats the same chunk after a back-off while there is an outage, and goes on in order', async () => {
      const topic = await harness.createTopic(1);
      await harness.bus.publish(topic, numbered(9));
      let failures = 0;
      const tried: number[] = [];
      const seen = recorder();
      await subscribe({
        topic,
        maxChunk: 3,
        onChunk: async (chunk) => {
          tried.push(Number(chunk.messages[0]?.offset));
          if (chunk.messages[0]?.offset === 3n && failures < 3) {
            failures++;
            throw new VigilError('BUS_UNAVAILABLE', 'an outage');
          }
          seen.chunks.push(chunk);
        },
      });
      await expect.poll(seen.distinct, { timeout: 15_000 }).toBe(9);
      expect(tried).toEqual([0, 3, 3, 3, 3, 6]);
    });

    it('stops in the middle of an outage without finishing the chunk', async () => {
      const topic = await harness.createTopic(1);
      const group = newGroup();
      await harness.bus.publish(topic, numbered(4));
      let tries = 0;
      const subscription = await subscribe({
        topic,
        group,
        onChunk: async () => {
          tries++;
          throw new VigilError('ALERT_STORE_UNAVAILABLE', 'a long outage');
        },
      });
      await expect.poll(() => tries).toBeGreaterThan(1);
      const start = performance.now();
      await subscription.stop();
      expect(performance.now() - start).toBeLessThan(3000);
      expect((await readAll(topic, group, 4)).values().length).toBe(4);
    });

    it('never hands out two chunks of one partition at once, and partitions side by side', async () => {
      const topic = await harness.createTopic(3);
      await harness.bus.publish(topic, numbered(90, 30));
      const inHand = new Map<number, number>();
      let most = 0;
      const seen = recorder();
      await subscribe({
        topic,
        maxChunk: 5,
        onChunk: async (chunk) => {
          inHand.set(chunk.partition, (inHand.get(chunk.partition) ?? 0) + 1);
          expect(inHand.get(chunk.partition)).toBe(1);
          most = Math.max(most, [...inHand.values()].filter((count) => count > 0).length);
          await new Promise((resolve) => setTimeout(resolve, 20));
          inHand.set(chunk.partition, 0);
          seen.chunks.push(chunk);
        },
      });
      await expect.poll(seen.distinct).toBe(90);
      expect(most).toBe(3);
    });

    it('shares the partitions among the members of a group, and moves them when one leaves', async () => {
      const topic = await harness.createTopic(4);
      const group = newGroup();
      const seen = [recorder(), recorder()];
      const join = (index: number) =>
        subscribe({ topic, group, onChunk: async (chunk) => void seen[index]?.chunks.push(chunk) });
      const all = (): string[] => seen.flatMap((one) => one.values());
      const first = await join(0);
      const second = await join(1);
      // both members hold their share before anything is published, so that the counts below are exact
      await expect.poll(() => [first.lag().size, second.lag().size], { timeout: 20_000 }).toEqual([2, 2]);
      await harness.bus.publish(topic, numbered(200, 50));
      await expect.poll(() => new Set(all()).size, { timeout: 15_000 }).toBe(200);
      expect(all().length).toBe(200);
      expect(seen.map((one) => one.values().length > 0)).toEqual([true, true]);
      await first.stop();
      const before = seen[0]?.values().length;
      await harness.bus.publish(topic, numbered(300, 50).slice(200));
      await expect.poll(() => new Set(all()).size, { timeout: 20_000 }).toBe(300);
      expect(seen[0]?.values().length).toBe(before);
    });

    it('begins where the caller says when the caller keeps the offsets', async () => {
      const topic = await harness.createTopic(2);
      await harness.bus.publish(topic, numbered(40, 20));
      const asked: number[] = [];
      const seen = recorder();
      await subscribe({
        topic,
        onChunk: async (chunk) => void seen.chunks.push(chunk),
        nextOffset: async (partition) => {
          asked.push(partition);
          return partition === 0 ? 5n : undefined;
        },
      });
      const of = (partition: number): bigint[] =>
        seen.chunks
          .filter((chunk) => chunk.partition === partition)
          .flatMap((chunk) => chunk.messages.map((m) => m.offset));
      await expect.poll(() => of(1).length + of(0).length, { timeout: 10_000 }).toBe(35);
      expect(of(0)[0]).toBe(5n);
      expect(of(1)[0]).toBe(0n);
      expect([...asked].sort()).toEqual([0, 1]);
    });

    it('asks again for offsets kept by the caller after an outage of whoever keeps them', async () => {
      const topic = await harness.createTopic(1);
      await harness.bus.publish(topic, numbered(4));
      let tries = 0;
      const seen = recorder();
      await subscribe({
        topic,
        onChunk: async (chunk) => void seen.chunks.push(chunk),
        nextOffset: async () => {
          if (++tries < 3) throw new VigilError('ALERT_STORE_UNAVAILABLE', 'an outage');
          return 2n;
        },
      });
      await expect.poll(seen.values, { timeout: 10_000 }).toEqual(['2', '3']);
      expect(tries).toBe(3);
    });

    it('rejects `finished` when the caller cannot say its offsets for a bug', async () => {
      const topic = await harness.createTopic(1);
      const subscription = await subscribe({
        topic,
        onChunk: async () => undefined,
        nextOffset: async () => {
          throw new RangeError('a bug of ours');
        },
      });
      await expect(subscription.finished).rejects.toThrow('a bug of ours');
    });

    it('says how many messages were never read when retention was faster', async () => {
      const topic = await harness.createTopic(1);
      await harness.bus.publish(topic, numbered(30));
      await harness.dropBefore(topic, 0, 20n);
      const seen = recorder();
      await subscribe({ topic, onChunk: async (chunk) => void seen.chunks.push(chunk), nextOffset: async () => 12n });
      await expect.poll(seen.distinct, { timeout: 10_000 }).toBe(10);
      expect(seen.values()[0]).toBe('20');
      expect(lost).toMatchObject([{ topic, partition: 0, from: 12n, to: 20n }]);
    });

    it('tells a caller that keeps the offsets, before anything is read, that the topic begins anew', async () => {
      const topic = await harness.createTopic(1);
      await harness.bus.publish(topic, numbered(10));
      const heard: string[] = [];
      const seen = recorder();
      let tries = 0;
      await subscribe({
        topic,
        nextOffset: async () => 500n,
        onRestarted: async (partition, to) => {
          if (++tries < 3) throw new VigilError('ALERT_STORE_UNAVAILABLE', 'an outage');
          heard.push(`partition ${partition} from ${to}, ${seen.chunks.length} chunks so far`);
        },
        onChunk: async (chunk) => void seen.chunks.push(chunk),
      });
      await expect.poll(seen.distinct, { timeout: 10_000 }).toBe(10);
      expect(heard).toEqual(['partition 0 from 0, 0 chunks so far']);
      expect(lost).toMatchObject([{ topic, partition: 0, from: 500n, to: 0n }]);
    });

    it('says nothing about loss when nothing was lost', async () => {
      const topic = await harness.createTopic(1);
      const group = newGroup();
      await harness.bus.publish(topic, numbered(10));
      await readAll(topic, group, 10);
      await harness.bus.publish(topic, numbered(15).slice(10));
      await readAll(topic, group, 5);
      expect(lost).toEqual([]);
    });

    it('tells the lag per partition, and that it lives', async () => {
      const topic = await harness.createTopic(1);
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      await harness.bus.publish(topic, numbered(10));
      const subscription = await subscribe({ topic, maxChunk: 4, onChunk: () => gate });
      await expect.poll(() => subscription.lag().get(0)).toBe(10n);
      await expect.poll(() => subscription.lastFetchAgeMs().get(0) ?? 0).toBeGreaterThan(300);
      release();
      await expect.poll(() => subscription.lag().get(0)).toBe(0n);
      await expect.poll(() => subscription.lastFetchAgeMs().get(0)).toBeLessThan(1000);
      await expect.poll(() => subscription.silentForMs()).toBeLessThan(1000);
    });
  });
}
