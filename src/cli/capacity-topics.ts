/**
 * The disk that the brokers need for the topics that a rebuild reads, at an average rate: bytes × rate × retention × copies.
 * Nothing is compressed there (consumers/topics.ts says why). Pure.
 */
import type { Settings } from '../config/settings-schema.ts';
import { topicDefinitions } from '../consumers/topics.ts';

export interface TopicCapacityRow {
  readonly topic: string;
  readonly retentionHours: number;
  readonly bytesPerMessage: number;
  readonly replicationFactor: number;
  readonly bytes: number;
}

/** key, lengths, time and its share of the batch's head, per message */
const PER_MESSAGE = 30;
const HOUR_SECONDS = 3_600;
const HOUR_MS = 3_600_000;

export function topicCapacity(
  kafka: Settings['kafka'],
  load: { readonly rate: number; readonly transactionBytes: number; readonly decisionBytes: number },
): readonly TopicCapacityRow[] {
  const { topics } = kafka;
  const sizes = new Map([
    [topics.transactions, load.transactionBytes],
    [topics.decisions, load.decisionBytes],
  ]);
  return topicDefinitions(kafka).flatMap(({ topic, replicationFactor, config }) => {
    const bytesPerMessage = sizes.get(topic);
    if (bytesPerMessage === undefined) return [];
    const retentionHours = Number(config['retention.ms']) / HOUR_MS;
    const messages = load.rate * retentionHours * HOUR_SECONDS;
    const bytes = messages * (bytesPerMessage + PER_MESSAGE) * replicationFactor;
    return [{ topic, retentionHours, bytesPerMessage, replicationFactor, bytes }];
  });
}
