/** Between our messages and those of kafkajs. */
import type { Batch, IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { BusMessage, ReceivedMessage } from '../domain/ports.ts';

export const toKafka = ({ key, value, headers }: BusMessage): Message => ({
  key,
  value,
  ...(headers === undefined ? {} : { headers: { ...headers } }),
});

export function fromKafka(message: KafkaMessage): ReceivedMessage {
  const headers = textHeaders(message.headers);
  return {
    key: message.key === null ? null : message.key.toString('utf8'),
    value: message.value,
    offset: BigInt(message.offset),
    timestampMs: Number(message.timestamp),
    ...(headers === undefined ? {} : { headers }),
  };
}

/** Headers are bytes and may repeat: text, and the last of a name, is what we and our senders mean by them. */
function textHeaders(headers: IHeaders | undefined): Record<string, string> | undefined {
  const entries = Object.entries(headers ?? {});
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const last = Array.isArray(value) ? value.at(-1) : value;
      return [name, last === undefined ? '' : last.toString('utf8')];
    }),
  );
}

export interface ChunkSlice {
  readonly messages: readonly KafkaMessage[];
  /** next offset to read after it; after the last slice also beyond transaction markers, which are not handed out */
  readonly next: bigint;
}

export function* slices(batch: Batch, maxChunk: number): Generator<ChunkSlice> {
  const { messages } = batch;
  for (let start = 0; start < messages.length; start += maxChunk) {
    const slice = messages.slice(start, start + maxChunk);
    const isLast = start + maxChunk >= messages.length;
    const lastOffset = isLast ? batch.lastOffset() : slice.at(-1)?.offset;
    yield { messages: slice, next: BigInt(lastOffset ?? 0) + 1n };
  }
}

export const messageBytes = ({ key, value, headers }: BusMessage): number =>
  (key?.length ?? 0) + (value?.length ?? 0) + (headers === undefined ? 0 : headerBytes(headers)) + 32;

const headerBytes = (headers: Readonly<Record<string, string>>): number =>
  Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
