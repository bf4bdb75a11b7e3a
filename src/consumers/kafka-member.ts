/** What the parts of one group member on Kafka share: its settings, its life, and who is told. */
import type { ConsumerEvents, PartitionPlace } from './consumer-events.ts';
import type { Pause, RetryPolicy } from './retry-policy.ts';

export interface KafkaConsumerSettings {
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  /** a small one hardly helps (the broker answers at the first byte) and costs idle CPU: 11.6 % at 5 ms, 3.9 % at 100 */
  readonly maxWaitMs: number;
  /** also how long a busy partition can hold up the others: kafkajs fetches again when the whole answer is handled */
  readonly maxBytesPerPartition: number;
  readonly maxBytes: number;
  readonly commitIntervalMs: number;
  /** a chunk that takes longer is left to its session timeout */
  readonly chunkLimitMs: number;
  /** how long `stop` waits for the drain */
  readonly stopBudgetMs: number;
  readonly watermarkIntervalMs: number;
  readonly retry: RetryPolicy;
}

export interface KafkaMember {
  readonly topic: string;
  readonly group: string;
  readonly settings: KafkaConsumerSettings;
  readonly events: ConsumerEvents;
  /** woken by a stop or a death */
  readonly pause: Pause;
  isLive(): boolean;
  /** ends the subscription: `finished` rejects */
  die(error: unknown): void;
  place(partition: number): PartitionPlace;
  warn(message: string, error: unknown): void;
}
