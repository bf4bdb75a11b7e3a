/**
 * Where to begin reading the partitions of a new assignment. We always decide this ourselves and seek: what kafkajs does
 * by default when the wanted offset is gone is a silent jump to the newest message (500 stored messages skipped and one
 * log line), or a jump to the earliest without a word about what was lost.
 */
import type { Admin } from 'kafkajs';
import { asVigilError } from './kafka-client.ts';

export interface Watermarks {
  readonly low: bigint;
  /** next offset to be written */
  readonly high: bigint;
}

export interface Position extends Watermarks {
  readonly partition: number;
  readonly start: bigint;
  /** the wanted offset, when it is not there any more: what lies between it and `start` was never read */
  readonly lostFrom: bigint | undefined;
  /** the wanted offset, unless it is of an earlier topic of this name */
  readonly finished: bigint | undefined;
}

export async function readWatermarks(admin: Admin, topic: string): Promise<ReadonlyMap<number, Watermarks>> {
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(offsets.map(({ partition, low, high }) => [partition, { low: BigInt(low), high: BigInt(high) }]));
  } catch (error) {
    throw asVigilError(error, `the offsets of ${topic} cannot be read`);
  }
}

/** partition → committed next offset; partitions without one are absent */
export async function readCommitted(admin: Admin, group: string, topic: string): Promise<ReadonlyMap<number, bigint>> {
  try {
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const entries = (committed?.partitions ?? []).map(({ partition, offset }) => [partition, BigInt(offset)] as const);
    return new Map(entries.filter(([, offset]) => offset >= 0n)); // −1: none; −2: "earliest", which an admin tool stored
  } catch (error) {
    throw asVigilError(error, `the committed offsets of ${group} cannot be read`);
  }
}

/** Pure: beyond either end means that the wanted messages are gone (retention) or the topic was made anew. */
export function placeAt(partition: number, wanted: bigint | undefined, { low, high }: Watermarks): Position {
  const isThere = wanted !== undefined && wanted >= low && wanted <= high;
  const start = isThere ? wanted : low;
  const finished = wanted !== undefined && wanted <= high ? wanted : undefined;
  return { partition, low, high, start, lostFrom: isThere ? undefined : wanted, finished };
}
