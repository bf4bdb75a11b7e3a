/**
 * Everything that happens between the bus and the pipeline and that somebody may want to count or to read in a log: one
 * function each. The telemetry part implements it; nothing in this folder logs or counts by itself. Topics and groups are
 * from the configuration, codes from closed lists: safe as labels. Partitions and offsets are for log lines only.
 */
export interface PartitionPlace {
  readonly topic: string;
  readonly group: string;
  readonly partition: number;
}

export interface ConsumerEvents {
  /** a chunk was handled for good */
  chunkFinished(event: PartitionPlace & { messages: number; durationMs: number; lag: bigint }): void;
  /** an outage: the chunk is handled again after `delayMs` */
  chunkRetried(event: PartitionPlace & { attempt: number; delayMs: number; error: unknown }): void;
  /** an outage of whoever keeps the offsets: asked again after `delayMs`, nothing is read meanwhile */
  positionsRetried(event: { topic: string; group: string; attempt: number; delayMs: number; error: unknown }): void;
  partitionsAssigned(event: { topic: string; group: string; partitions: readonly number[] }): void;
  /** messages that were never read are gone: retention was faster, or the topic was made anew (`to` < `from`) */
  offsetsLost(event: PartitionPlace & { from: bigint; to: bigint }): void;
  offsetsCommitted(event: { topic: string; group: string; partitions: number; durationMs: number }): void;
  /** retried at the next tick, or void because the group is changing: never a loss, at most a repeat */
  commitFailed(event: { topic: string; group: string; error: unknown }): void;
  /** nobody consumes here any more: the process must end */
  subscriptionDied(event: { topic: string; group: string; error: unknown }): void;
  /** the drain took longer than its budget: what was not committed comes again elsewhere */
  stopTimedOut(event: { topic: string; group: string; budgetMs: number }): void;
  published(event: { topic: string; messages: number; bytes: number; requests: number; durationMs: number }): void;
  /** the client library said something at its level `error` or `warn`; most of it is a retry on its way */
  clientWarned(event: { level: 'error' | 'warn'; message: string; context: Readonly<Record<string, unknown>> }): void;
  deadLettered(event: { topic: string; code: string }): void;
  labelsApplied(event: { applied: number; unmatched: number }): void;
  alertsRecorded(event: { decisions: number; newAlerts: number }): void;
}

const ignore = (): void => undefined;

/** For tests and tools that have nobody to tell. */
export const silentEvents: ConsumerEvents = {
  chunkFinished: ignore,
  chunkRetried: ignore,
  positionsRetried: ignore,
  partitionsAssigned: ignore,
  offsetsLost: ignore,
  offsetsCommitted: ignore,
  commitFailed: ignore,
  subscriptionDied: ignore,
  stopTimedOut: ignore,
  published: ignore,
  clientWarned: ignore,
  deadLettered: ignore,
  labelsApplied: ignore,
  alertsRecorded: ignore,
};
