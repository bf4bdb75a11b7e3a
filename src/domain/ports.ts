/**
 * The ports: what the pipeline needs of the outside world, in domain words. Each has one conformance suite that runs on
 * the embedded and on the real adapter.
 */
import type { Alert, AlertAction, AlertHistoryEntry, AlertStatus } from './alert.ts';
import type { Decision } from './decision.ts';
import type { LimitUsage } from './facts.ts';
import type { FeatureReading, FeatureVector, Profile } from './feature.ts';
import type { Label } from './label.ts';
import type { LimitRecord } from './limit.ts';
import type { Channel, ParsedTransaction, Transaction } from './transaction.ts';

// ── message bus ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface BusMessage {
  readonly key: string | null;
  /** null = tombstone */
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ReceivedMessage extends BusMessage {
  readonly offset: bigint;
  /** the broker's or producer's timestamp, ms */
  readonly timestampMs: number;
}

export interface Chunk {
  readonly topic: string;
  readonly partition: number;
  /** in offset order, at most `maxChunk`; offsets may have gaps (compaction, transactions) */
  readonly messages: readonly ReceivedMessage[];
  /** next offset to be written in the partition, for the lag */
  readonly highWatermark: bigint;
  /** of a bus whose offsets outlive the process */
  readonly progress?: ChunkProgress;
}

export interface ChunkProgress {
  /** the group has finished what is before this offset; undefined: nothing that it knows of */
  readonly finished: bigint | undefined;
  /** the offset after this chunk, where the next one may begin */
  readonly next: bigint;
}

export interface SubscribeOptions {
  readonly topic: string;
  readonly group: string;
  readonly maxChunk: number;
  /**
   * Handles one chunk; the chunks of a partition come one after the other, partitions side by side. Resolved = finished:
   * the offset after it may be committed. A rejection with a retriable VigilError repeats the chunk after a back-off; any
   * other rejection stops the subscription and rejects `finished`.
   */
  readonly onChunk: (chunk: Chunk) => Promise<void>;
  /**
   * For consumers that keep their own offsets (the alert consumer): asked at every assignment for the next offset of each
   * partition, undefined = from the beginning. Without it the group's committed offsets hold, from the earliest.
   */
  readonly nextOffset?: (partition: number) => Promise<bigint | undefined>;
  /**
   * Beside `nextOffset`: what it answered lies beyond the partition's end, so the topic was made anew (or lost its end), and
   * offsets that were finished come again with other messages. Called before the first of them is read, from `to` on.
   */
  readonly onRestarted?: (partition: number, to: bigint) => Promise<void>;
}

export interface Subscription {
  /** resolves after `stop()`, rejects when the subscription died */
  readonly finished: Promise<void>;
  /** finishes the chunks in hand, commits them, leaves the group */
  stop(): Promise<void>;
  /** partition → messages not yet finished, for gauges */
  lag(): ReadonlyMap<number, bigint>;
}

export interface MessageBus {
  /** Resolves when all in-sync replicas have the messages. One produce request for one call where the bus allows it. */
  publish(topic: string, messages: readonly BusMessage[]): Promise<void>;
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  close(): Promise<void>;
}

// ── feature store ────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Settlement {
  readonly channel: Channel;
  readonly transactionId: string;
  readonly fingerprint: string;
  readonly decision: string;
}

/** Where a chunk stands in the transactions topic: what a store compares with what it has counted. */
export interface ChunkPosition extends ChunkProgress {
  /** topic and number */
  readonly partition: string;
  /** next offset to be written: a mark beyond it is of an earlier topic of this name */
  readonly end: bigint;
}

export interface FeatureStore {
  /**
   * Adds each transaction once to the state of each of its entities and answers, in input order, its features and profile
   * as of its arrival, and its earlier decision if it has one. One round trip per call. A repeat changes nothing.
   * With a position a store that outlives the process looks whether it has counted what the group has finished.
   * Throws VigilError FEATURE_STORE_UNAVAILABLE (the effect may or may not have happened; repeating is harmless).
   */
  recordAndRead(chunk: readonly ParsedTransaction[], position?: ChunkPosition): Promise<readonly FeatureReading[]>;
  /**
   * Keeps the first decision of each transaction and answers the one that stands, in input order. One round trip. With a
   * position everything before `next` is counted from now on, as far as this process knows.
   */
  settle(
    chunk: readonly Settlement[],
    position?: ChunkPosition,
  ): Promise<readonly { readonly fingerprint: string; readonly decision: string }[]>;
  /** true while the store knows that data were lost and not yet rebuilt: every decision then says `degraded: counters` */
  readonly countersIncomplete?: boolean;
  /** Something was never counted: `countersIncomplete` for every process until it is rebuilt. */
  declareLoss?(): Promise<void>;
  /** Returns how many labels met their transaction in a log, and how many came too late for it. */
  applyLabels(labels: readonly Label[]): Promise<{ readonly applied: number; readonly unmatched: number }>;
  close(): Promise<void>;
}

/** How far a feature store has come: what belongs together since when, and chunks counted since. */
export interface StoreProgress {
  readonly epochMs: number;
  readonly mark: number;
}

/** A second place that remembers it, for a loss that no process lives through. */
export interface StoreWitness {
  /** 'something': there are decisions that the store has counted, nobody knows how many; undefined: there are none */
  recall(): Promise<StoreProgress | 'something' | undefined>;
  /** Several workers may keep theirs in any order: the furthest stays. */
  keep(progress: StoreProgress): Promise<void>;
}

// ── limit usage ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface LimitReading {
  /** per counter key, what was used before this transaction; beyond 2^53 − 1 it says 2^53 − 1 */
  readonly usage: LimitUsage;
  /** recorded by an earlier delivery: these are the first values */
  readonly repeated: boolean;
  /** for a reversal, refund or correction: was its original found? null for any other transaction */
  readonly originalFound: boolean | null;
  /** what is kept of one of its owners cannot be read: nobody knows what was used, and not all was reserved */
  readonly isUnreadable?: true;
}

export interface LimitUsageStore {
  /**
   * Reserves what each transaction asks for, once per (owner, channel, transactionId), and answers, in input order, what was
   * used before it. A repeat changes nothing and gets the first values, also after a release. One round trip.
   * Throws VigilError FEATURE_STORE_UNAVAILABLE (the effect may or may not have happened; repeating is harmless).
   */
  recordAndRead(chunk: readonly LimitRecord[]): Promise<readonly LimitReading[]>;
  /** Gives back what transactions that ended in BLOCK have reserved. Repeats, and releases of nothing, change nothing. */
  release(chunk: readonly LimitRecord[]): Promise<void>;
  close(): Promise<void>;
}

// ── model ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ModelInput {
  readonly transaction: Transaction;
  /** feature name → value, shared by the whole chunk */
  readonly names: readonly string[];
  readonly values: FeatureVector;
  readonly profile: Profile;
}

export interface ModelScore {
  /** calibrated probability, 0…1, finite */
  readonly score: number;
  readonly contributions: readonly { readonly feature: string; readonly value: number }[];
}

export interface FraudModel {
  readonly version: string;
  /** One batched inference for all inputs, in order. Throws VigilError MODEL_UNAVAILABLE. */
  score(inputs: readonly ModelInput[]): Promise<readonly ModelScore[]>;
  close(): Promise<void>;
}

// ── alert store ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface DecisionBatch {
  readonly topic: string;
  readonly partition: number;
  /** the store refuses (ALERT_STORE_FENCED) when its own next offset is beyond `firstOffset` + what it can skip */
  readonly firstOffset: bigint;
  readonly nextOffset: bigint;
  readonly decisions: readonly { readonly offset: bigint; readonly decision: Decision; readonly bytes: string }[];
}

export interface AlertQuery {
  readonly status?: AlertStatus;
  readonly customerId?: string;
  readonly channel?: Channel;
  readonly limit: number;
  /** opaque, from the page before; newest first */
  readonly cursor?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** A decision as it is kept for explanation and for the customer's history. */
export interface DecisionRecord {
  readonly decision: Decision;
  /** exactly as published */
  readonly bytes: string;
}

export interface AlertStore {
  /** Writes decisions, alerts and the partition's next offset in one transaction. Repeats change nothing. */
  record(batch: DecisionBatch): Promise<{ readonly newAlerts: number; readonly newDecisions: number }>;
  nextOffset(topic: string, partition: number): Promise<bigint | undefined>;
  /** The topic was made anew: goes back to `nextOffset`, never forward. What is written already stays, and is not doubled. */
  setOffsetBack(topic: string, partition: number, nextOffset: bigint): Promise<void>;
  alerts(query: AlertQuery): Promise<Page<Alert>>;
  alert(alertId: string): Promise<Alert | undefined>;
  /** what was done with an alert, oldest first; empty when nothing was, or when there is no such alert */
  history(alertId: string): Promise<readonly AlertHistoryEntry[]>;
  /** Applies an action to the version that the person saw; ALERT_CONFLICT when it has changed meanwhile. */
  act(alertId: string, seenVersion: number, action: AlertAction, actor: string): Promise<Alert>;
  decision(channel: Channel, transactionId: string): Promise<DecisionRecord | undefined>;
  /** The decisions that stand under one id on these channels, in their order: two channels may use the same id. */
  decisionsById(transactionId: string, channels: readonly Channel[]): Promise<readonly DecisionRecord[]>;
  /** newest first, over all channels */
  customerDecisions(customerId: string, limit: number): Promise<readonly DecisionRecord[]>;
  counts(): Promise<{ readonly open: number; readonly claimed: number; readonly closed: number }>;
  close(): Promise<void>;
}
