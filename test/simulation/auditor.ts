/**
 * An independent model of what Vigil promises: it sees what is delivered and what is answered, knows nothing of how it is
 * done, and names every promise that is broken.
 */
import type { ScoredInput } from '../../src/pipeline/score-transactions.ts';

export interface Delivery {
  /** the parsed message, or null for bytes that are no message */
  readonly message: Readonly<Record<string, unknown>> | null;
  readonly isRefused: boolean;
}

interface Seen {
  readonly bytes: string;
  readonly content: string;
}

interface DecisionView {
  readonly transactionId: string;
  readonly channel: string;
  readonly customerId: string;
  readonly level: string;
  readonly degraded: readonly string[];
  readonly flags: readonly string[];
  readonly occurredAt: string;
  readonly evidence: { readonly features: Readonly<Record<string, number | null>> } | null;
}

const DAY_MS = 86_400_000;

export function createAuditor() {
  const decided = new Map<string, Seen>();
  /** customer → times of the transactions that were counted, in order of arrival */
  const counted = new Map<string, number[]>();
  const faults: string[] = [];

  const auditFirst = (key: string, decision: DecisionView): void => {
    const times = counted.get(decision.customerId) ?? [];
    const atMs = Date.parse(decision.occurredAt);
    const newestMs = Math.max(Number.NEGATIVE_INFINITY, ...times);
    if (newestMs - atMs > DAY_MS) return; // beyond the allowed lateness: changes no window
    times.push(atMs);
    counted.set(decision.customerId, times);
    const expected = times.filter((time) => time > atMs - DAY_MS && time <= atMs).length;
    const actual = decision.evidence?.features.customer_count_24h;
    const isExact = decision.level !== 'L2' && !decision.degraded.includes('counters');
    if (isExact && actual !== expected) faults.push(`${key}: counted ${actual}, the oracle ${expected}`);
  };

  return {
    faults,
    decisions: decided,
    /** the answers to one chunk that was published */
    published(deliveries: readonly Delivery[], results: readonly ScoredInput[]): void {
      if (results.length !== deliveries.length) faults.push(`${deliveries.length} inputs, ${results.length} results`);
      for (const [index, { message, isRefused }] of deliveries.entries()) {
        const result = results[index];
        if (result === undefined) continue;
        if (isRefused !== (result.kind === 'rejected'))
          faults.push(`input ${index}: ${result.kind} against what it is`);
        if (result.kind !== 'decided' || message === null) continue;
        const key = `${message.channel}/${message.transactionId}`;
        const content = JSON.stringify(message);
        const before = decided.get(key);
        const decision = JSON.parse(result.bytes) as DecisionView;
        if (`${decision.channel}/${decision.transactionId}` !== key)
          faults.push(`${key}: answered with another's decision`);
        if (before === undefined) {
          decided.set(key, { bytes: result.bytes, content });
          auditFirst(key, decision);
          continue;
        }
        if (before.bytes !== result.bytes) faults.push(`${key}: a repeat has other bytes`);
        if (!result.isRepeat) faults.push(`${key}: a repeat is not marked`);
        if ((before.content !== content) !== result.isConflict) faults.push(`${key}: conflict not told rightly`);
      }
    },
  };
}
