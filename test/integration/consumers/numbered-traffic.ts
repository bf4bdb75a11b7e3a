/** Numbered messages published one after another, and a consumer that counts what it saw of them. */
import { expect } from 'vitest';
import type { KafkaBus } from '../../../src/consumers/kafka-bus.ts';
import type { LiveSubscription } from '../../../src/consumers/live-subscription.ts';

export interface Watched {
  /** value → how often it came */
  readonly seen: ReadonlyMap<string, number>;
  readonly subscription: LiveSubscription;
  /** what `finished` was rejected with */
  death(): unknown;
}

export async function watch(bus: KafkaBus, topic: string, group: string): Promise<Watched> {
  const seen = new Map<string, number>();
  const subscription = await bus.subscribe({
    topic,
    group,
    maxChunk: 50,
    onChunk: async (chunk) => {
      for (const { value } of chunk.messages) seen.set(String(value), (seen.get(String(value)) ?? 0) + 1);
    },
  });
  let death: unknown;
  subscription.finished.catch((error: unknown) => {
    death = error;
  });
  return { seen, subscription, death: () => death };
}

export interface Traffic {
  count(): number;
  longestGapMs(): number;
  /** answers how many were published; rejects when one publish was rejected */
  stop(): Promise<number>;
}

export function publishing(bus: KafkaBus, topic: string): Traffic {
  let isOn = true;
  let count = 0;
  let longest = 0;
  const done = (async () => {
    let last = performance.now();
    while (isOn) {
      await bus.publish(topic, [{ key: `c${count % 40}`, value: Buffer.from(String(count)) }]);
      count++;
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      await wait(10);
    }
  })();
  done.catch(() => undefined); // `stop` hands it on
  return {
    count: () => count,
    longestGapMs: () => longest,
    async stop() {
      isOn = false;
      await done;
      return count;
    },
  };
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function expectAllSeen(watched: Watched, total: number): Promise<void> {
  await expect.poll(() => watched.seen.size, { timeout: 30_000 }).toBe(total);
  expect(watched.death()).toBeUndefined();
}
