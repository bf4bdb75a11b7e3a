/**
 * The way from the transactions topic to the decisions topic. For each chunk: score → publish the decisions in one
 * request, and what was refused to the dead letters → finished, and only then may the bus commit. A crash between any two
 * steps repeats the chunk: the state counts a transaction once, and its first decision comes out again byte for byte.
 */
import type { Clock } from '../domain/clock.ts';
import { VigilError } from '../domain/errors.ts';
import type { BusMessage, Chunk, ChunkPosition, ReceivedMessage, Subscription } from '../domain/ports.ts';
import { err } from '../domain/result.ts';
import type { RawInput, ScoredInput, ScoreTransactions } from '../pipeline/score-transactions.ts';
import type { ConsumerEvents } from './consumer-events.ts';
import { deadLetter, type MaskText } from './dead-letters.ts';
import { TRUNCATED_HEADER } from './inflate-records.ts';
import type { BusOf } from './live-subscription.ts';
import type { TopicNames } from './topics.ts';

/** Named places between two steps, for tests that kill the process there. Those inside `scoring` are the scorer's. */
export type ConsumerFailpoint = (name: 'received' | 'scored' | 'published') => void | Promise<void>;

export interface TransactionConsumerOptions<S extends Subscription = Subscription> {
  readonly bus: BusOf<S>;
  readonly topics: Pick<TopicNames, 'transactions' | 'decisions' | 'deadLetters'>;
  readonly group: string;
  readonly maxChunk: number;
  readonly scoreTransactions: ScoreTransactions;
  readonly clock: Clock;
  readonly events: ConsumerEvents;
  readonly mask?: MaskText;
  readonly failpoint?: ConsumerFailpoint;
}

export function startTransactionConsumer<S extends Subscription>(options: TransactionConsumerOptions<S>): Promise<S> {
  const { bus, topics, group, maxChunk } = options;
  return bus.subscribe({
    topic: topics.transactions,
    group,
    maxChunk,
    onChunk: (chunk) => handleChunk(chunk, options),
  });
}

async function handleChunk(chunk: Chunk, options: TransactionConsumerOptions): Promise<void> {
  const { bus, topics, clock, events, scoreTransactions, failpoint } = options;
  await failpoint?.('received');
  const receivedAtMs = clock.now();
  const inputs = chunk.messages.map((message) => toInput(message, receivedAtMs));
  const results = await scoreTransactions(inputs, positionOf(chunk));
  await failpoint?.('scored');
  const decisions: BusMessage[] = [];
  const deadLetters: BusMessage[] = [];
  const codes: string[] = [];
  for (const [index, message] of chunk.messages.entries()) {
    const result = results[index];
    if (result === undefined) throw new VigilError('BUG', `message ${message.offset} of a chunk has no result`);
    const decision = decisionMessage(result, message);
    if (decision !== undefined) decisions.push(decision);
    if (result.kind === 'rejected') {
      const { code, path } = result.rejection;
      deadLetters.push(deadLetter({ chunk, message, code, path }, options.mask));
      codes.push(code);
    }
  }
  await Promise.all([
    decisions.length > 0 ? bus.publish(topics.decisions, decisions) : undefined,
    deadLetters.length > 0 ? bus.publish(topics.deadLetters, deadLetters) : undefined,
  ]);
  for (const code of codes) events.deadLettered({ topic: chunk.topic, code });
  await failpoint?.('published');
}

function positionOf({ topic, partition, progress, highWatermark }: Chunk): ChunkPosition | undefined {
  return progress && { partition: `${topic}/${partition}`, ...progress, end: highWatermark };
}

function toInput(message: ReceivedMessage, receivedAtMs: number): RawInput {
  const truncated = message.headers?.[TRUNCATED_HEADER];
  if (truncated === undefined) return { bytes: message.value, receivedAtMs };
  const text = `the message is larger than a batch may become (${truncated} bytes)`;
  return { bytes: message.value, receivedAtMs, parsed: err({ code: 'TOO_LARGE', path: '', message: text }) };
}

/** Keyed by customer; without a readable one, as the message itself was. */
function decisionMessage(result: ScoredInput, { key }: ReceivedMessage): BusMessage | undefined {
  const answer = result.kind === 'decided' ? result : result.fallback;
  if (answer === undefined) return undefined;
  return { key: answer.customerId === '' ? key : answer.customerId, value: Buffer.from(answer.bytes, 'utf8') };
}
