/**
 * Publishes with acks from all in-sync replicas. Deliberately not the idempotent producer: with several sends under way
 * kafkajs's loses an acknowledged message when one acknowledgement is lost (10 of 10 runs, also with
 * maxInFlightRequests 1). A lost acknowledgement therefore repeats messages; readers know a decision by its id.
 */
import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { VigilError } from '../domain/errors.ts';
import type { BusMessage } from '../domain/ports.ts';
import type { ConsumerEvents } from './consumer-events.ts';
import { asVigilError, kafkaErrorType, REPLICATION_TIMEOUT_MS, RETRY } from './kafka-client.ts';
import { messageBytes, toKafka } from './kafka-messages.ts';

export interface KafkaPublisher {
  publish(topic: string, messages: readonly BusMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** Twice a chunk of 500 decisions of 4 kB. Our topics take 8 MiB a batch (topics.ts); others are met by halving. */
const MAX_REQUEST_BYTES = 4 * 2 ** 20;
const ALL_IN_SYNC = -1;
const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

export function createKafkaPublisher(kafka: Kafka, events: ConsumerEvents): KafkaPublisher {
  let connecting: Promise<Producer> | undefined;
  const connected = (): Promise<Producer> => {
    connecting ??= connect(kafka).catch((error: unknown) => {
      connecting = undefined;
      throw asVigilError(error, 'Kafka cannot be reached');
    });
    return connecting;
  };
  /** Number of requests that it took. */
  const send = async (producer: Producer, topic: string, messages: readonly BusMessage[]): Promise<number> => {
    const kafkaMessages = messages.map(toKafka);
    try {
      await producer.send({ topic, acks: ALL_IN_SYNC, timeout: REPLICATION_TIMEOUT_MS, messages: kafkaMessages });
      return 1;
    } catch (error) {
      if (!TOO_LARGE.has(kafkaErrorType(error) ?? '')) throw asVigilError(error, `publishing to ${topic} failed`);
      if (messages.length < 2) throw tooLarge(topic, messages, error);
      const middle = Math.ceil(messages.length / 2);
      const first = await send(producer, topic, messages.slice(0, middle));
      return first + (await send(producer, topic, messages.slice(middle)));
    }
  };
  return {
    async publish(topic, messages) {
      const producer = await connected();
      const start = performance.now();
      let requests = 0;
      let bytes = 0;
      for (const part of partsOf(messages)) {
        requests += await send(producer, topic, part.messages);
        bytes += part.bytes;
      }
      const durationMs = performance.now() - start;
      if (messages.length > 0) events.published({ topic, messages: messages.length, bytes, requests, durationMs });
    },
    async close() {
      const producer = await connecting?.catch(() => undefined);
      await producer?.disconnect();
    },
  };
}

async function connect(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner, // murmur2, as every Kafka client: see partition-for-key.ts
    retry: RETRY,
  });
  await producer.connect();
  return producer;
}

/** Almost always one part: one produce request for one call. */
function* partsOf(messages: readonly BusMessage[]): Generator<{ messages: readonly BusMessage[]; bytes: number }> {
  let start = 0;
  let bytes = 0;
  for (const [index, message] of messages.entries()) {
    const size = messageBytes(message);
    if (index > start && bytes + size > MAX_REQUEST_BYTES) {
      yield { messages: messages.slice(start, index), bytes };
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (messages.length > start) yield { messages: messages.slice(start), bytes };
}

function tooLarge(topic: string, [message]: readonly BusMessage[], cause: unknown): VigilError {
  const bytes = message === undefined ? 0 : messageBytes(message);
  const text = `a message of ${bytes} bytes is larger than ${topic} takes: raise its max.message.bytes (vigil migrate)`;
  return new VigilError('BUG', text, { cause, context: { topic, bytes } });
}
