/**
 * How much memory the Redis store will need for a catalogue, a customer base and a rate. Record and trailer sizes come from
 * the layout itself; what Redis adds was measured (`MEMORY USAGE` on Redis 7.0.15 with jemalloc 5.3.0). Pure.
 */
import type { FeatureCatalogue } from '../domain/feature.ts';
import { referencesTtlMs } from './corrections.ts';
import { type FeaturePlan, planFeatures, type StreamPlan } from './feature-plan.ts';
import { redisLayoutOf } from './redis-layout.ts';

/** Bytes; test/integration/features/capacity.test.ts holds them against MEMORY USAGE. */
export const CAPACITY = {
  /** key, value header and table entry of a string of its own */
  perKey: 140,
  /** strings grow by doubling up to 1 MB: on average a quarter stands empty */
  growth: 1.3,
  /** a member of a companion hash beyond 128: entry, field of 9 bytes, number */
  perMember: 72,
  perCompanion: 90,
  /** 784 bytes of state, some twenty known things of 24 bytes, and the growth of a string */
  perProfile: 1_800,
  /** beside the decision itself: reading, fingerprint, key */
  perSlot: 2_400,
  perLabelPlace: 260,
  /** the rails' references of a transaction, and how many of them a customer keeps at most */
  perReferences: 16,
  mostReferences: 1_024,
  /** what replaced what in a log: a pair of ids in a string of its own, and how many pairs a log keeps at most */
  perReplacement: 16,
  mostReplacements: 256,
  /** what Redis keeps of itself: its hash, an entry in it for each log, one for each partition's mark, the marks of 64 shards */
  perState: 400,
  perStateEntry: 48,
  perShardMark: 72,
  shards: 64,
} as const;

export interface CapacityInput {
  readonly catalogue: FeatureCatalogue;
  readonly customers: number;
  readonly transactionsPerDay: number;
  /** bytes of one decision as published */
  readonly decisionBytes: number;
  /** distinct members per event in a log with distinct features: 1 = every payment to another payee; 0.3 when not said */
  readonly membersPerEvent?: number;
  /** how many entities of a combination ("device", "customer+counterparty") are seen per customer; 1 when not said */
  readonly entitiesPerCustomer?: Readonly<Record<string, number>>;
  /** share of transactions that are corrected versions of earlier ones; 0.002 when not said */
  readonly correctedShare?: number;
  /** of the transactions topic; 12 when not said */
  readonly partitions?: number;
}

export interface CapacityRow {
  readonly name: string;
  readonly entities: number;
  readonly bytesPerEntity: number;
  readonly events: number;
  readonly bytesPerEvent: number;
  readonly bytes: number;
}

const DAY_MS = 86_400_000;

/**
 * One row per log, then profiles, slots, the rails' references, what was replaced in the logs, what Redis keeps of itself, and
 * places of labels; every transaction is taken to belong to every log and, as on a card rail, to carry its STAN and RRN.
 */
export function estimateCapacity(input: CapacityInput): readonly CapacityRow[] {
  const plan = planFeatures(input.catalogue);
  const rows = plan.streams.map((stream) => {
    const name = plan.combinations[stream.combination]?.name ?? 'unknown';
    return logRow(stream, name, input);
  });
  const slots = (input.transactionsPerDay * plan.repeatHorizonMs) / DAY_MS;
  rows.push(row('profiles', input.customers, CAPACITY.perProfile, 0, 0));
  rows.push(row('slots', slots, CAPACITY.perSlot + input.decisionBytes, 0, 0));
  const references = Math.min(
    (input.transactionsPerDay * referencesTtlMs(plan)) / DAY_MS,
    input.customers * CAPACITY.mostReferences,
  );
  const perReferences = CAPACITY.perReferences * CAPACITY.growth;
  rows.push(row('references', input.customers, CAPACITY.perKey, references, perReferences));
  rows.push(replacementsRow(plan, input));
  const entries = plan.streams.length + (input.partitions ?? 12);
  const perSelf = CAPACITY.perState + entries * CAPACITY.perStateEntry + CAPACITY.shards * CAPACITY.perShardMark;
  rows.push(row('state', 1, perSelf, 0, 0));
  const labelled = plan.streams.filter((stream) => stream.needsLabels).map((stream) => stream.retentionMs);
  if (labelled.length > 0)
    rows.push(row('labels', (input.transactionsPerDay * Math.max(...labelled)) / DAY_MS, CAPACITY.perLabelPlace, 0, 0));
  return rows;
}

/** Each corrected version leaves a pair in each log of its original; no two of one entity are taken for the most keys. */
function replacementsRow({ streams, combinations }: FeaturePlan, input: CapacityInput): CapacityRow {
  const corrected = input.transactionsPerDay * (input.correctedShare ?? 0.002);
  let keys = 0;
  let pairs = 0;
  for (const { combination, retentionMs } of streams) {
    const own = (corrected * (retentionMs + DAY_MS)) / DAY_MS;
    const entities = input.customers * (input.entitiesPerCustomer?.[combinations[combination]?.name ?? ''] ?? 1);
    const ownKeys = Math.min(own, entities);
    keys += ownKeys;
    pairs += Math.min(own, ownKeys * CAPACITY.mostReplacements);
  }
  return row('replaced', keys, CAPACITY.perKey, pairs, CAPACITY.perReplacement * CAPACITY.growth);
}

function logRow(stream: StreamPlan, name: string, input: CapacityInput): CapacityRow {
  const layout = redisLayoutOf(stream);
  const entities = input.customers * (input.entitiesPerCustomer?.[name] ?? 1);
  const events = (input.transactionsPerDay * stream.retentionMs) / DAY_MS;
  const perEntity =
    CAPACITY.perKey + layout.recordSize + layout.trailerSize + (layout.hasCompanion ? CAPACITY.perCompanion : 0);
  const perEvent =
    layout.recordSize * CAPACITY.growth + layout.members * CAPACITY.perMember * (input.membersPerEvent ?? 0.3);
  return row(`${name}:${layout.id}`, entities, perEntity, events, perEvent);
}

const row = (
  name: string,
  entities: number,
  bytesPerEntity: number,
  events: number,
  bytesPerEvent: number,
): CapacityRow => ({
  name,
  entities,
  bytesPerEntity,
  events,
  bytesPerEvent,
  bytes: Math.ceil(entities * bytesPerEntity + events * bytesPerEvent),
});
