/**
 * Whether the feature store stands behind what is remembered of it elsewhere (StoreWitness): the whole of Redis was lost or set
 * back while every worker was down, so that no process remembers, and there were no partitions whose offsets could tell. Pure.
 */
import type { StoreProgress } from '../domain/ports.ts';
import type { StateFacts } from './redis-state-watch.ts';

/** `remembered`: 'something' was counted, nobody knows how far; undefined: nothing ever was. */
export function standsBehind(facts: StateFacts, remembered: StoreProgress | 'something' | undefined): boolean {
  if (remembered === undefined) return false;
  const { epochMs, mark, isRebuilt } = facts;
  if (epochMs === undefined) return true;
  if (remembered === 'something') return false; // it began before anybody remembered
  if (epochMs === remembered.epochMs) return mark < remembered.mark;
  return epochMs < remembered.epochMs || !isRebuilt;
}
