import { describe, expect, it } from 'vitest';
import { planTopics, topicDefinitions } from '../../../src/consumers/topics.ts';
import { topics } from './consumer-helpers.ts';

const definitions = topicDefinitions({ topics, partitions: 12, replicationFactor: 3, retentionHours: 168 });
const byName = new Map(definitions.map((definition) => [definition.topic, definition]));
const existing = (topic: string, partitions: number, config: Record<string, string> = {}) => ({
  topic,
  partitions,
  config,
});

describe('the topics', () => {
  it('have partitions, retention, and two in-sync replicas of three', () => {
    expect([...byName.keys()]).toEqual(['transactions', 'decisions', 'dead-letters', 'feedback', 'channel-results']);
    expect(byName.get('transactions')).toEqual({
      topic: 'transactions',
      partitions: 12,
      replicationFactor: 3,
      config: {
        'cleanup.policy': 'delete',
        'retention.ms': '604800000',
        'max.message.bytes': '1048576',
        'min.insync.replicas': '2',
        'compression.type': 'uncompressed',
      },
    });
  });

  it('keep labels longer: they come weeks later', () => {
    expect(byName.get('feedback')?.config['retention.ms']).toBe('34560000000'); // 400 days
  });
});

describe('the plan of a migration', () => {
  it('creates what is missing, adds partitions, and leaves the rest', () => {
    const plan = planTopics(definitions, [
      existing('transactions', 12),
      existing('decisions', 6),
      existing('somebody-elses', 1),
    ]);
    expect(plan.create.map(({ topic }) => topic)).toEqual(['dead-letters', 'feedback', 'channel-results']);
    expect(plan.grow).toEqual([{ topic: 'decisions', from: 6, to: 12 }]);
    expect(plan.unchanged).toEqual(['transactions']);
    expect(plan.different).toEqual([]);
  });

  it('refuses every topic that would lose partitions, all in one sentence', () => {
    const plan = () => planTopics(definitions, [existing('transactions', 24), existing('decisions', 13)]);
    expect(plan).toThrow(
      'transactions has 24 partitions and 12 are asked for; decisions has 13 partitions and 12 are asked for: Kafka cannot take partitions away, raise kafka.partitions',
    );
    expect(plan).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('reports settings that somebody has changed', () => {
    const plan = planTopics(definitions, [
      existing('transactions', 12, { 'retention.ms': '1000', 'cleanup.policy': 'delete' }),
    ]);
    expect(plan.different).toEqual([{ topic: 'transactions', name: 'retention.ms', have: '1000', want: '604800000' }]);
  });
});
