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
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  const hash = (b & 0x1fffff) * 0x1_0000_0000 + (a >>> 0);
  return hash === 0 ? 1 : hash;
}

export const SHARDS = 64;

/** The virtual shard of an entity's key: fixed for ever, since it is a part of the key. */
export const shardOf = (key: string): number => hash53(key) % SHARDS;
