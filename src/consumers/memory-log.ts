/** One partition in memory: a log with offsets, from which the oldest messages go. Bounded by `maxMessages`. */
import type { BusMessage, ReceivedMessage } from '../domain/ports.ts';

export interface MemoryLog {
  /** of the oldest message that is kept */
  earliest(): bigint;
  /** of the next message to be written */
  end(): bigint;
  append(message: BusMessage, timestampMs: number): void;
  read(from: bigint, max: number): readonly ReceivedMessage[];
  /** drops from the oldest down to `maxMessages`, never at or beyond `keepFrom` */
  trim(maxMessages: number, keepFrom: bigint): void;
  /** drops everything before `offset`, read or not */
  dropBefore(offset: bigint): void;
}

export function createMemoryLog(): MemoryLog {
  let messages: ReceivedMessage[] = [];
  let first = 0n;
  // dropped in blocks: shifting a large array for each message costs its length each time
  let dropped = 0;
  const drop = (count: number): void => {
    dropped += count;
    first += BigInt(count);
    if (dropped < 1024 && dropped < messages.length) return;
    messages = messages.slice(dropped);
    dropped = 0;
  };
  return {
    earliest: () => first,
    end: () => first + BigInt(messages.length - dropped),
    append(message, timestampMs) {
      messages.push({ ...message, offset: first + BigInt(messages.length - dropped), timestampMs });
    },
    read(from, max) {
      const start = dropped + Number((from < first ? first : from) - first);
      return messages.slice(start, start + max);
    },
    trim(maxMessages, keepFrom) {
      const kept = messages.length - dropped;
      const allowed = Number(keepFrom - first);
      drop(Math.min(Math.max(0, kept - maxMessages), Math.max(0, allowed)));
    },
    dropBefore(offset) {
      const kept = messages.length - dropped;
      drop(Math.min(kept, Math.max(0, Number(offset - first))));
    },
  };
}
