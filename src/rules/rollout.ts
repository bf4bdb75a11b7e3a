/**
 * Sticky percentage roll-out. Rule id and entity are hashed to one of 10,000 buckets: an entity keeps its bucket, so a
 * growing share keeps those who were in; the rule's id in the hash makes the shares of two rules independent.
 */
import type { Transaction } from '../domain/transaction.ts';

export const ROLLOUT_ENTITIES = ['customer', 'branch', 'device'] as const;
export type RolloutEntity = (typeof ROLLOUT_ENTITIES)[number];

export interface Rollout {
  /** 0 = nobody, 100 = everybody; steps of 0.01 */
  readonly percent: number;
  readonly by: RolloutEntity;
}

const BUCKETS = 10_000;

/** MurmurHash3 (32 bit, public domain algorithm by A. Appleby) over UTF-16 units: its low bits pass avalanche tests, FNV's do not. */
function hash32(text: string): number {
  let state = 0;
  for (let index = 0; index < text.length; index++) {
    let unit = Math.imul(text.charCodeAt(index), 0xcc9e2d51);
    unit = (unit << 15) | (unit >>> 17);
    state ^= Math.imul(unit, 0x1b873593);
    state = (state << 13) | (state >>> 19);
    state = (Math.imul(state, 5) + 0xe6546b64) | 0;
  }
  state ^= text.length;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}

export const rolloutBucket = (ruleId: string, entity: string): number => hash32(`${ruleId}\u0000${entity}`) % BUCKETS;

function entityOf(transaction: Transaction, by: RolloutEntity): string | undefined {
  if (by === 'customer') return transaction.customerId;
  return by === 'branch' ? transaction.branchId : transaction.device?.id;
}

/** A transaction without the entity is in only when everybody is. */
export function isRolledOut(ruleId: string, rollout: Rollout, transaction: Transaction): boolean {
  if (rollout.percent >= 100) return true;
  const entity = entityOf(transaction, rollout.by);
  return entity !== undefined && rolloutBucket(ruleId, entity) < rollout.percent * (BUCKETS / 100);
}
