import { inject } from 'vitest';
import { createKafkaBus } from '../../../src/consumers/kafka-bus.ts';
import { messageBusSuite } from '../../conformance/message-bus-suite.ts';
import { testAdmin } from '../../helpers/servers/kafka-admin.ts';
import { ownTopics } from '../../helpers/servers/own.ts';

const clock = { now: () => Date.now() };

messageBusSuite('Apache Kafka', async (events) => {
  const brokers = inject('kafkaBrokers').split(',');
  const topics = ownTopics('bus');
  const bus = createKafkaBus({
    connection: { brokers, clientId: 'vigil-test' },
    clock,
    events,
    consumer: { heartbeatIntervalMs: 300, sessionTimeoutMs: 6_000, retry: { initialMs: 20, maxMs: 200 } },
  });
  let count = 0;
  return {
    bus,
    async createTopic(partitions) {
      const [topic = ''] = await topics.create({ [`t${count++}`]: { partitions } });
      return topic;
    },
    async dropBefore(topic, partition, offset) {
      const admin = testAdmin(topics.brokers);
      await admin.connect();
      await admin.fetchTopicOffsets(topic); // deleteTopicRecords needs the metadata and does not load them
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
      await admin.disconnect();
    },
    close: () => bus.close(),
  };
});
