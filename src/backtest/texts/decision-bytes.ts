/**
 * A decision as UTF-8 in a buffer: the bytes of its JSON, made from what the decision was made of. Most of it is evidence,
 * whose names are the same in each. That no byte differs is held by tests over every kind of decision.
 */
import type { Decision, DecisionEvidence } from '../../domain/decision.ts';
import type { LimitUsage } from '../../domain/facts.ts';
import type { Transaction } from '../../domain/transaction.ts';
import type { EvidenceParts } from '../../pipeline/evidence.ts';
import { isSure, unsureFeatures } from '../../pipeline/unsure-features.ts';
import { writeLimitUsage, writeProfile, writeTransaction } from './evidence-bytes.ts';
import { bytesOf, writeBytes, writeNumber, writeObject } from './json-bytes.ts';
import { recordWriter, type WriteValue } from './record-writer.ts';

/** Writes from `at` on and answers where it ended; behind the buffer's end when it does not fit. */
export type WriteDecision = (target: Buffer, at: number, decision: Decision, parts: EvidenceParts | null) => number;

/** Evidence by what it is made of. */
type Made = Omit<DecisionEvidence, 'transaction' | 'features' | 'limitUsage'> & {
  readonly transaction: Transaction;
  readonly features: EvidenceParts;
  readonly limitUsage: LimitUsage | null;
};

/** For one run: what is the same in its decisions is made into bytes once. */
export function createDecisionWriter(): WriteDecision {
  const writeEvidence = recordWriter<EvidenceParts, Made>(
    {
      transaction: (of) => of.parsed.transaction,
      features: (of) => of,
      profile: (of) => of.reading?.profile ?? null,
      limitUsage: (of) => of.usage,
      estimated: (of) => (isSure(of.reading) ? undefined : unsureFeatures(of.reading).estimated),
      warmingUp: (of) => (isSure(of.reading) ? undefined : unsureFeatures(of.reading).warmingUp),
    },
    {
      transaction: writeTransaction,
      features: createFeatureWriter(),
      profile: writeProfile,
      limitUsage: writeLimitUsage,
    },
  );
  let parts: EvidenceParts | null = null;
  const writeDecided = recordWriter<Decision, Omit<Decision, 'evidence'> & { readonly evidence: EvidenceParts | null }>(
    { ...DECIDED, evidence: () => parts },
    { versions: createVersionsWriter(), evidence: writeEvidence },
  );
  return (target, at, decision, from) => {
    // a fallback has no evidence, and its fields in an order of its own
    if (from === null) return writeObject(target, at, decision);
    parts = from;
    return writeDecided(target, at, decision);
  };
}

/** In the order in which the pipeline puts a decision together. */
const DECIDED: Parameters<typeof recordWriter<Decision>>[0] = {
  schemaVersion: (of) => of.schemaVersion,
  decisionId: (of) => of.decisionId,
  transactionId: (of) => of.transactionId,
  channel: (of) => of.channel,
  customerId: (of) => of.customerId,
  versions: (of) => of.versions,
  level: (of) => of.level,
  degraded: (of) => of.degraded,
  flags: (of) => of.flags,
  late: (of) => of.late,
  occurredAt: (of) => of.occurredAt,
  receivedAt: (of) => of.receivedAt,
  decidedAt: (of) => of.decidedAt,
  evidence: () => undefined,
  outcome: (of) => of.outcome,
  riskScore: (of) => of.riskScore,
  alert: (of) => of.alert,
  reasons: (of) => of.reasons,
  reminders: (of) => of.reminders,
  challenge: (of) => of.challenge,
  hold: (of) => of.hold,
  hits: (of) => of.hits,
  limits: (of) => of.limits,
  model: (of) => of.model,
  provisional: (of) => of.provisional,
};

const [OPEN, CLOSE] = [0x7b, 0x7d];

/** Those that are there, in catalogue order. */
function createFeatureWriter(): WriteValue<EvidenceParts> {
  const namesOf = onceFor((names: readonly string[]) => names.map((name) => bytesOf(`,${JSON.stringify(name)}:`)));
  return (target, at, { generation, reading }) => {
    const names = namesOf(generation.featureNames);
    const values = reading?.values ?? [];
    let end = at;
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (value === null || value === undefined) continue;
      end = writeNumber(target, writeBytes(target, end, names[index] as Uint8Array), value);
    }
    target[at] = OPEN;
    if (end === at) end++;
    target[end] = CLOSE;
    return end + 1;
  };
}

function createVersionsWriter(): WriteValue<Decision['versions']> {
  const textOf = onceFor((versions: Decision['versions']) => bytesOf(JSON.stringify(versions)));
  return (target, at, versions) => writeBytes(target, at, textOf(versions));
}

/** Remembers what was made of the last one. */
function onceFor<T, R>(make: (value: T) => R): (value: T) => R {
  let last: { readonly of: T; readonly made: R } | undefined;
  return (value) => {
    if (last?.of !== value) last = { of: value, made: make(value) };
    return last.made;
  };
}
