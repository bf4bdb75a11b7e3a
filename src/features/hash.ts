/**
 * Hashes for places inside the state: 53-bit ids of transactions and members, and the shard of an entity. Not a defence
 * against people: keys of entities carry the id itself or its SHA-256.
 */

/** 53 bits of a string, never 0 (0 stands for "absent"). Two 32-bit lanes, multiply-xorshift, mixed at the end. */
export function hash53(text: string): number {
  let a = 0x9e3779b9 ^ text.length;
  let b = 0x85ebca6b ^ text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
  }
  return mixed(a, b);
}

/** What names a transaction: see transactionKey. */
export interface TransactionName {
  readonly channel: string;
  readonly transactionId: string;
}

/** hash53 of the transaction's key, whose string is not made: joining it costs more than reading it. */
export function hashTransaction({ channel, transactionId }: TransactionName): number {
  const length = channel.length + 1 + transactionId.length;
  let a = 0x9e3779b9 ^ length;
  let b = 0x85ebca6b ^ length;
  for (let i = 0; i < channel.length; i++) {
    const code = channel.charCodeAt(i);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
  }
  a = Math.imul(a ^ SLASH, 0x9e3779b1);
  b = Math.imul(b ^ SLASH, 0x5f356495);
  for (let i = 0; i < transactionId.length; i++) {
    const code = transactionId.charCodeAt(i);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
  }
  return mixed(a, b);
}

export const SLASH = '/'.charCodeAt(0);

function mixed(laneA: number, laneB: number): number {
  const a = Math.imul(laneA ^ (laneA >>> 16), 0x85ebca6b) ^ Math.imul(laneB ^ (laneB >>> 13), 0xc2b2ae35);
  const b = Math.imul(laneB ^ (laneB >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  const hash = (b & 0x1fffff) * 0x1_0000_0000 + (a >>> 0);
  return hash === 0 ? 1 : hash;
}

export const SHARDS = 64;

/** The virtual shard of an entity's key: fixed for ever, since it is a part of the key. */
export const shardOf = (key: string): number => hash53(key) % SHARDS;
