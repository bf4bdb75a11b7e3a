/** Makes the topics on Kafka (`vigil migrate`) and looks whether they are there (`vigil run`). */
import kafkajs, { type Admin } from 'kafkajs';
import { VigilError } from '../domain/errors.ts';
import { silentEvents } from './consumer-events.ts';
import { asVigilError, createKafkaClient, type KafkaConnection, kafkaErrorType, QUICK_RETRY } from './kafka-client.ts';
import { type ExistingTopic, planTopics, type TopicDefinition, type TopicPlan } from './topics.ts';

/**
 * Creates what is missing in one call, adds partitions where more are asked for, and answers what it did. Adding
 * partitions moves keys: for the messages still unread a customer's order holds only inside each partition.
 * Throws CONFIG_INVALID (fewer partitions than there are) or SERVER_MISSING, before it changes anything.
 */
export function migrateTopics(
  connection: KafkaConnection,
  definitions: readonly TopicDefinition[],
): Promise<TopicPlan> {
  return withAdmin(connection, async (admin) => {
    const plan = planTopics(definitions, await existingTopics(admin, definitions));
    if (plan.create.length > 0) {
      await admin.createTopics({
        waitForLeaders: true,
        topics: plan.create.map(({ topic, partitions, replicationFactor, config }) => ({
          topic,
          numPartitions: partitions,
          replicationFactor,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        })),
      });
    }
    if (plan.grow.length > 0) {
      await admin.createPartitions({ topicPartitions: plan.grow.map(({ topic, to }) => ({ topic, count: to })) });
    }
    return plan;
  });
}

/** Throws SERVER_MISSING with a sentence that says what to do: for a command that cannot begin without Kafka. */
export function verifyKafka(connection: KafkaConnection, topics: readonly string[]): Promise<void> {
  return withAdmin(connection, async (admin) => {
    const present = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !present.has(topic));
    if (missing.length === 0) return;
    const text = `Kafka has no topic ${missing.join(', ')}: run \`vigil migrate\``;
    throw new VigilError('SERVER_MISSING', text, { context: { missing } });
  });
}

async function withAdmin<T>(connection: KafkaConnection, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = createKafkaClient(connection, QUICK_RETRY, silentEvents).admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    throw asMissing(error, connection);
  } finally {
    await admin.disconnect();
  }
}

const REFUSED_LOGIN = /SASL|authenticat/i;

function asMissing(error: unknown, connection: KafkaConnection): VigilError {
  const wrapped = asVigilError(error, 'Kafka');
  if (wrapped.code !== 'BUS_UNAVAILABLE') return wrapped;
  const where = connection.brokers.join(', ');
  const type = kafkaErrorType(error);
  const text = REFUSED_LOGIN.test(`${wrapped.message} ${type}`)
    ? `Kafka at ${where} refuses the credentials: check kafka.saslMechanism, kafka.saslUsername and kafka.saslPassword`
    : type === undefined
      ? `Kafka at ${where} cannot be reached: start it, or correct kafka.brokers (VIGIL_KAFKA_BROKERS)`
      : `Kafka at ${where} refuses (${type}): ${wrapped.message}`;
  return new VigilError('SERVER_MISSING', text, { cause: error });
}

async function existingTopics(admin: Admin, wanted: readonly TopicDefinition[]): Promise<readonly ExistingTopic[]> {
  const present = new Set(await admin.listTopics());
  const topics = wanted.map(({ topic }) => topic).filter((topic) => present.has(topic));
  if (topics.length === 0) return []; // an empty list would mean all
  const metadata = await admin.fetchTopicMetadata({ topics });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  const configs = new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
  return metadata.topics.map(({ name, partitions }) => ({
    topic: name,
    partitions: partitions.length,
    config: configs.get(name) ?? {},
  }));
}
