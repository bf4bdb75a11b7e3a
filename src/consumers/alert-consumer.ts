/**
 * The second consumer group, on the decisions topic: decisions, alerts and this consumer's own offsets go into the alert
 * store in one transaction, so that no alert is lost and none doubled, whatever dies in between. The store being away
 * for an hour delays alerts and nothing else. Fallback decisions of refused messages count as any other.
 */
import type { Decision } from '../domain/decision.ts';
import { VigilError } from '../domain/errors.ts';
import type { AlertStore, Chunk, ReceivedMessage, Subscription } from '../domain/ports.ts';
import type { ConsumerEvents } from './consumer-events.ts';
import { type DeadLetterCode, deadLetter, type MaskText } from './dead-letters.ts';
import type { BusOf } from './live-subscription.ts';
import { readDecision } from './read-decision.ts';
import type { TopicNames } from './topics.ts';

export interface AlertConsumerOptions<S extends Subscription = Subscription> {
  readonly bus: BusOf<S>;
  readonly topics: Pick<TopicNames, 'decisions' | 'deadLetters'>;
  readonly group: string;
  readonly maxChunk: number;
  readonly store: Pick<AlertStore, 'record' | 'nextOffset' | 'setOffsetBack'>;
  readonly events: ConsumerEvents;
  readonly mask?: MaskText;
  /** for tests that kill the process between two steps */
  readonly failpoint?: (name: 'received' | 'recorded') => void | Promise<void>;
}

interface Delivered {
  readonly message: ReceivedMessage;
  readonly decision: Decision;
  readonly bytes: string;
}

export function startAlertConsumer<S extends Subscription>(options: AlertConsumerOptions<S>): Promise<S> {
  const { bus, topics, group, maxChunk, store } = options;
  return bus.subscribe({
    topic: topics.decisions,
    group,
    maxChunk,
    onChunk: (chunk) => handleChunk(chunk, options),
    nextOffset: (partition) => store.nextOffset(topics.decisions, partition),
    // without it the new topic's decisions would look as if another consumer had written them: fenced, and taken as done
    onRestarted: (partition, to) => store.setOffsetBack(topics.decisions, partition, to),
  });
}

async function handleChunk(chunk: Chunk, options: AlertConsumerOptions): Promise<void> {
  await options.failpoint?.('received');
  const delivered: Delivered[] = [];
  const unreadable: ReceivedMessage[] = [];
  for (const message of chunk.messages) {
    const read = readDecision(message.value);
    if (read.ok) delivered.push({ message, ...read.value });
    else unreadable.push(message);
  }
  // before the offsets move: a dead letter may come twice, and never not at all
  await bury(chunk, unreadable, 'UNREADABLE_DECISION', options);
  const first = chunk.messages[0]?.offset;
  const last = chunk.messages.at(-1)?.offset;
  if (first === undefined || last === undefined) return;
  await record(chunk, { delivered, firstOffset: first, nextOffset: last + 1n }, options);
  await options.failpoint?.('recorded');
}

interface Range {
  readonly delivered: readonly Delivered[];
  readonly firstOffset: bigint;
  readonly nextOffset: bigint;
}

/** A single decision that the store refuses as data is found by halving, and buried: the others must not wait for it. */
async function record(chunk: Chunk, range: Range, options: AlertConsumerOptions): Promise<void> {
  const { delivered, firstOffset, nextOffset } = range;
  try {
    await recordRange(chunk, range, options);
  } catch (error) {
    if (!isRefusedData(error) || delivered.length === 0) throw error;
    if (delivered.length === 1) {
      await bury(
        chunk,
        delivered.map(({ message }) => message),
        'REFUSED_BY_STORE',
        options,
      );
      return recordRange(chunk, { ...range, delivered: [] }, options);
    }
    const middle = delivered[Math.ceil(delivered.length / 2)]?.message.offset ?? nextOffset;
    const before = delivered.filter(({ message }) => message.offset < middle);
    const after = delivered.filter(({ message }) => message.offset >= middle);
    await record(chunk, { delivered: before, firstOffset, nextOffset: middle }, options);
    await record(chunk, { delivered: after, firstOffset: middle, nextOffset }, options);
  }
}

async function recordRange(chunk: Chunk, range: Range, { store, events }: AlertConsumerOptions): Promise<void> {
  const { topic, partition } = chunk;
  const { delivered, firstOffset, nextOffset } = range;
  const decisions = delivered.map(({ message, decision, bytes }) => ({ offset: message.offset, decision, bytes }));
  try {
    const { newAlerts } = await store.record({ topic, partition, firstOffset, nextOffset, decisions });
    events.alertsRecorded({ decisions: decisions.length, newAlerts });
  } catch (error) {
    if (!(error instanceof VigilError && error.code === 'ALERT_STORE_FENCED')) throw error;
    // Another consumer of this partition has written further, this range included: it is done. Either we are the zombie
    // and the group will say so, or the other is; the store takes each decision once in both cases.
    const stored = await store.nextOffset(topic, partition);
    if (stored === undefined || stored < nextOffset) throw error;
  }
}

/** SQLSTATE 22 (data exception) and 23 (constraint): this very decision, and not the server. */
const isRefusedData = (error: unknown): boolean =>
  error instanceof VigilError && error.code === 'BUG' && /^2[23]/.test(String(error.context.sqlState ?? ''));

async function bury(
  chunk: Chunk,
  messages: readonly ReceivedMessage[],
  code: DeadLetterCode,
  { bus, topics, events, mask }: AlertConsumerOptions,
): Promise<void> {
  if (messages.length === 0) return;
  await bus.publish(
    topics.deadLetters,
    messages.map((message) => deadLetter({ chunk, message, code }, mask)),
  );
  for (const _ of messages) events.deadLettered({ topic: chunk.topic, code });
}
