/** One partition in memory: a log with offsets, bounded in messages and in bytes; the oldest messages go. */
import type { BusMessage, ReceivedMessage } from '../domain/ports.ts';

export interface LogLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

export interface MemoryLog {
  /** of the oldest message that is kept */
  earliest(): bigint;
  /** of the next message to be written */
  end(): bigint;
  append(message: BusMessage, timestampMs: number): void;
  read(from: bigint, max: number): readonly ReceivedMessage[];
  /** Drops the oldest, never at or beyond `keepFrom`, until one more fits; answers whether it does. */
  makeRoom(limits: LogLimits, keepFrom: bigint): boolean;
  /** drops everything before `offset`, read or not */
  dropBefore(offset: bigint): void;
}

export function createMemoryLog(): MemoryLog {
  let messages: ReceivedMessage[] = [];
  let first = 0n;
  let bytes = 0;
  // taken off in blocks: shifting a large array for each message costs its length each time
  let dropped = 0;

  const kept = (): number => messages.length - dropped;
  const isFull = ({ maxMessages, maxBytes }: LogLimits): boolean =>
    kept() >= maxMessages || (bytes >= maxBytes && kept() > 0);
  const dropOldest = (): void => {
    const oldest = messages[dropped];
    if (oldest !== undefined) bytes -= sizeOf(oldest);
    dropped++;
    first++;
    if (dropped < 1024 && dropped < messages.length) return;
    messages = messages.slice(dropped);
    dropped = 0;
  };
  return {
    earliest: () => first,
    end: () => first + BigInt(kept()),
    append(message, timestampMs) {
      bytes += sizeOf(message);
      messages.push({ ...message, offset: first + BigInt(kept()), timestampMs });
    },
    read(from, max) {
      const start = dropped + Number((from < first ? first : from) - first);
      return messages.slice(start, start + max);
    },
    makeRoom(limits, keepFrom) {
      while (isFull(limits) && first < keepFrom) dropOldest();
      return !isFull(limits);
    },
    dropBefore(offset) {
      while (kept() > 0 && first < offset) dropOldest();
    },
  };
}

/** with what a message costs beside its bytes */
const sizeOf = ({ key, value }: BusMessage): number => (value?.length ?? 0) + (key?.length ?? 0) + 200;
