/** Records a chunk in the feature store and in the limits' counters, side by side, and finds the repeats. */
import { VigilError } from '../domain/errors.ts';
import type { ChunkPosition } from '../domain/ports.ts';
import { type ParsedTransaction, transactionKey } from '../domain/transaction.ts';
import { type Candidate, degrade } from './candidate.ts';
import type { GuardedFeatureStore } from './guarded-feature-store.ts';
import type { GuardedLimitUsage } from './guarded-limit-usage.ts';
import type { ScoredInput } from './score-transactions.ts';

export interface ChunkStores {
  readonly store: GuardedFeatureStore;
  readonly limits: GuardedLimitUsage;
  /** where the chunk stands in the transactions topic */
  readonly position: ChunkPosition | undefined;
}

export interface RecordedChunk {
  /** the ones that are to be decided */
  readonly fresh: readonly Candidate[];
  /** false: its features are counted, its limits wait in this process */
  readonly isCounted: boolean;
}

/** Fills the readings; repeats get their result at once. */
export async function recordChunk(
  candidates: readonly Candidate[],
  results: (ScoredInput | undefined)[],
  { store, limits, position }: ChunkStores,
): Promise<RecordedChunk> {
  if (candidates.length === 0) return { fresh: [], isCounted: true };
  const parsed = candidates.map((candidate) => candidate.parsed);
  const [{ readings, source }, usages] = await Promise.all([
    store.recordAndRead(parsed, position),
    limits.recordAndRead(candidates.map((candidate) => candidate.limitRecord)),
  ]);
  const fresh: Candidate[] = [];
  const isIncomplete = store.countersIncomplete || usages === null;
  for (let position = 0; position < candidates.length; position++) {
    const candidate = candidates[position] as Candidate;
    candidate.reading = readings[position] ?? null;
    const usage = usages?.[position];
    candidate.limitReading = usage === undefined || usage.isUnreadable === true ? null : usage;
    if (source === 'local') {
      candidate.level = 'L2';
      degrade(candidate, 'feature-store');
    }
    const hasLost = candidate.limitReading === null || candidate.reading?.flags.includes('COUNTERS_LOST') === true;
    if (isIncomplete || hasLost) degrade(candidate, 'counters');
    const earlier = candidate.reading?.earlier;
    if (earlier === undefined) fresh.push(candidate);
    else results[candidate.index] = repeatOf(candidate.parsed, earlier);
  }
  return { fresh, isCounted: source === 'local' || usages !== null };
}

/** Another delivery of a transaction that stands earlier in the same chunk: neither recorded nor decided. */
export interface Follower {
  readonly candidate: Candidate;
  /** index of the first delivery */
  readonly firstIndex: number;
}

/** The first delivery of each transaction in a chunk, and those that follow it. */
export function splitFollowers(candidates: readonly Candidate[]): {
  readonly first: readonly Candidate[];
  readonly followers: readonly Follower[];
} {
  const firstIndex = new Map<string, number>();
  const first: Candidate[] = [];
  const followers: Follower[] = [];
  for (const candidate of candidates) {
    const { channel, transactionId } = candidate.parsed.transaction;
    const key = transactionKey(channel, transactionId);
    const known = firstIndex.get(key);
    if (known === undefined) {
      firstIndex.set(key, candidate.index);
      first.push(candidate);
    } else followers.push({ candidate, firstIndex: known });
  }
  return { first, followers };
}

export function answerFollowers(followers: readonly Follower[], results: (ScoredInput | undefined)[]): void {
  for (const { candidate, firstIndex } of followers) {
    const standing = results[firstIndex];
    if (standing?.kind !== 'decided') throw new VigilError('BUG', 'the first delivery of a chunk has no decision');
    results[candidate.index] = repeatOf(candidate.parsed, {
      fingerprint: standing.fingerprint,
      decision: standing.bytes,
    });
  }
}

function repeatOf(parsed: ParsedTransaction, earlier: { fingerprint: string; decision: string }): ScoredInput {
  return {
    kind: 'decided',
    bytes: earlier.decision,
    fingerprint: earlier.fingerprint,
    customerId: parsed.transaction.customerId,
    isRepeat: true,
    isConflict: earlier.fingerprint !== parsed.fingerprint,
  };
}
