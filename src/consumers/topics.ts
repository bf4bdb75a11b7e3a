/** The topics of Vigil: their partitions, how long they keep, how large a batch may be. Pure; made by kafka-topics.ts. */
import { VigilError } from '../domain/errors.ts';

export interface TopicNames {
  readonly transactions: string;
  readonly decisions: string;
  readonly deadLetters: string;
  readonly feedback: string;
  readonly channelResults: string;
}

export interface TopicDefinition {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicSettings {
  readonly topics: TopicNames;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly retentionHours: number;
}

const HOUR_MS = 3_600_000;
const MIB = 2 ** 20;
/** labels come weeks later, and rebuilding label features needs them all */
const FEEDBACK_RETENTION_HOURS = 24 * 400;

export function topicDefinitions(settings: TopicSettings): readonly TopicDefinition[] {
  const { topics, partitions, retentionHours } = settings;
  const define = (topic: string, count: number, hours: number, maxBatchBytes: number): TopicDefinition => ({
    topic,
    partitions: count,
    replicationFactor: settings.replicationFactor,
    config: {
      'cleanup.policy': 'delete',
      'retention.ms': String(hours * HOUR_MS),
      'max.message.bytes': String(maxBatchBytes),
      'min.insync.replicas': settings.replicationFactor >= 3 ? '2' : '1',
      // The broker inflates what producers compressed and checks its size then: a compression bomb is refused at the
      // door, and no codec arrives that this client does not have (snappy, lz4, zstd end a kafkajs consumer).
      'compression.type': 'uncompressed',
    },
  });
  return [
    define(topics.transactions, partitions, retentionHours, MIB),
    // 500 decisions of 4 kB with their evidence in one produce request, all for one partition
    define(topics.decisions, partitions, retentionHours, 8 * MIB),
    define(topics.deadLetters, partitions, retentionHours, 8 * MIB),
    define(topics.feedback, partitions, Math.max(retentionHours, FEEDBACK_RETENTION_HOURS), MIB),
    define(topics.channelResults, partitions, retentionHours, MIB),
  ];
}

export interface ExistingTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicPlan {
  readonly create: readonly TopicDefinition[];
  readonly grow: readonly { readonly topic: string; readonly from: number; readonly to: number }[];
  readonly unchanged: readonly string[];
  /** settings that differ from ours on topics that exist: an operator's choice is reported, not overwritten */
  readonly different: readonly {
    readonly topic: string;
    readonly name: string;
    readonly have: string;
    readonly want: string;
  }[];
}

/** Throws CONFIG_INVALID with every topic that has more partitions than asked for: Kafka cannot take partitions away. */
export function planTopics(wanted: readonly TopicDefinition[], existing: readonly ExistingTopic[]): TopicPlan {
  const found = new Map(existing.map((topic) => [topic.topic, topic]));
  const present = wanted.flatMap((want) => {
    const have = found.get(want.topic);
    return have === undefined ? [] : [{ want, have }];
  });
  const shrinking = present.filter(({ want, have }) => have.partitions > want.partitions);
  if (shrinking.length > 0) throw cannotShrink(shrinking);
  const growing = present.filter(({ want, have }) => have.partitions < want.partitions);
  return {
    create: wanted.filter(({ topic }) => !found.has(topic)),
    grow: growing.map(({ want, have }) => ({ topic: want.topic, from: have.partitions, to: want.partitions })),
    unchanged: present.filter(({ want, have }) => have.partitions === want.partitions).map(({ want }) => want.topic),
    different: present.flatMap(({ want, have }) => differences(want, have)),
  };
}

function cannotShrink(topics: readonly { want: TopicDefinition; have: ExistingTopic }[]): VigilError {
  const each = topics.map(
    ({ want, have }) => `${want.topic} has ${have.partitions} partitions and ${want.partitions} are asked for`,
  );
  const text = `${each.join('; ')}: Kafka cannot take partitions away, raise kafka.partitions`;
  return new VigilError('CONFIG_INVALID', text, { context: { topics: topics.map(({ want }) => want.topic) } });
}

function differences(want: TopicDefinition, have: ExistingTopic): TopicPlan['different'] {
  return Object.entries(want.config).flatMap(([name, value]) => {
    const current = have.config[name];
    return current === undefined || current === value ? [] : [{ topic: want.topic, name, have: current, want: value }];
  });
}
