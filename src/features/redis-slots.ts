/**
 * The slot of a transaction in Redis: the first decision for it, its fingerprint, and the reading that it was made from.
 * One line of JSON, then the decision exactly as it was published. Pure.
 */
import type { EarlierDecision, FeatureReading } from '../domain/feature.ts';

export interface StoredSlot {
  readonly decided: EarlierDecision;
  /** null when the process that settled had not read the transaction itself */
  readonly reading: FeatureReading | null;
}

export function encodeSlot(decided: EarlierDecision, reading: FeatureReading | null): string {
  return `${JSON.stringify({ fingerprint: decided.fingerprint, reading })}\n${decided.decision}`;
}

/** Undefined when it is not a slot. */
export function decodeSlot(bytes: Buffer): StoredSlot | undefined {
  const text = bytes.toString('utf8');
  const end = text.indexOf('\n');
  if (end < 0) return undefined;
  try {
    const { fingerprint, reading } = JSON.parse(text.slice(0, end));
    return { decided: { fingerprint, decision: text.slice(end + 1) }, reading };
  } catch {
    return undefined;
  }
}
