/**
 * The partition of a key as Kafka's own clients choose it: murmur2 (Appleby, 32 bit, seed 0x9747b28c) of the UTF-8 bytes,
 * sign bit off, modulo the number of partitions. Every producer of a topic must agree, or a customer's transactions
 * spread over partitions and lose their order. A test holds it equal to kafkajs's DefaultPartitioner.
 */
const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  const byte = (index: number): number => bytes[index] ?? 0;
  let hash = SEED ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let k = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    k = Math.imul(k, M);
    k ^= k >>> R;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  const rest = length - at;
  if (rest > 0) {
    if (rest === 3) hash ^= byte(at + 2) << 16;
    if (rest >= 2) hash ^= byte(at + 1) << 8;
    hash = Math.imul(hash ^ byte(at), M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

export const partitionForKey = (key: string, partitions: number): number =>
  (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
