/**
 * Labels from `vigil.feedback` into the feature store. Repeats change nothing there, so at-least-once is exact. A label
 * that is refused goes to the dead letters with its code; one whose transaction has left the log is counted.
 */
import type { Clock } from '../domain/clock.ts';
import type { Label } from '../domain/label.ts';
import type { BusMessage, Chunk, FeatureStore, Subscription } from '../domain/ports.ts';
import type { ConsumerEvents } from './consumer-events.ts';
import { deadLetter, type MaskText } from './dead-letters.ts';
import type { BusOf } from './live-subscription.ts';
import { readLabel } from './read-label.ts';
import type { TopicNames } from './topics.ts';

export interface FeedbackConsumerOptions<S extends Subscription = Subscription> {
  readonly bus: BusOf<S>;
  readonly topics: Pick<TopicNames, 'feedback' | 'deadLetters'>;
  readonly group: string;
  readonly maxChunk: number;
  readonly store: Pick<FeatureStore, 'applyLabels'>;
  readonly isChannel: (code: string) => boolean;
  readonly clock: Clock;
  readonly events: ConsumerEvents;
  readonly mask?: MaskText;
}

export function startFeedbackConsumer<S extends Subscription>(options: FeedbackConsumerOptions<S>): Promise<S> {
  const { bus, topics, group, maxChunk } = options;
  return bus.subscribe({ topic: topics.feedback, group, maxChunk, onChunk: (chunk) => handleChunk(chunk, options) });
}

async function handleChunk(chunk: Chunk, options: FeedbackConsumerOptions): Promise<void> {
  const { bus, topics, store, clock, events, isChannel, mask } = options;
  const labels: Label[] = [];
  const deadLetters: BusMessage[] = [];
  const codes: string[] = [];
  const receivedAtMs = clock.now();
  for (const message of chunk.messages) {
    const read = readLabel(message.value, { isChannel, receivedAtMs });
    if (read.ok) labels.push(read.value);
    else {
      const { code, path } = read.error;
      deadLetters.push(deadLetter({ chunk, message, code, path }, mask));
      codes.push(code);
    }
  }
  if (labels.length > 0) events.labelsApplied(await store.applyLabels(labels));
  if (deadLetters.length > 0) await bus.publish(topics.deadLetters, deadLetters);
  for (const code of codes) events.deadLettered({ topic: chunk.topic, code });
}
