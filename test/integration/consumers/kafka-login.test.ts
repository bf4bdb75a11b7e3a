/** A broker that asks for a name and a password (SASL/PLAIN). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKafkaBus } from '../../../src/consumers/kafka-bus.ts';
import { migrateTopics, verifyKafka } from '../../../src/consumers/kafka-topics.ts';
import type { TopicDefinition } from '../../../src/consumers/topics.ts';
import { type KafkaServer, startKafka } from '../../helpers/servers/kafka.ts';

const LOGIN_MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const clock = { now: () => Date.now() };
let kafka: KafkaServer;

beforeAll(async () => {
  const users = 'username="broker" password="broker-password" user_broker="broker-password" user_vigil="right"';
  kafka = await startKafka({
    waitUntilReady: false,
    properties: {
      'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
      'sasl.enabled.mechanisms': 'PLAIN',
      'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      'listener.name.plaintext.plain.sasl.jaas.config': `${LOGIN_MODULE} required ${users};`,
    },
  });
});
afterAll(() => kafka.stop());

const connection = (password?: string) => ({
  brokers: [kafka.brokers],
  clientId: 'login',
  ...(password === undefined ? {} : { sasl: { mechanism: 'plain', username: 'vigil', password } as const }),
});
const topic: TopicDefinition = { topic: 'private', partitions: 1, replicationFactor: 1, config: {} };

describe('a broker with passwords', () => {
  it('serves who has the right one', async () => {
    await expect
      .poll(() => migrateTopics(connection('right'), [topic]).then(({ unchanged }) => unchanged, String), {
        timeout: 30_000,
      })
      .toEqual(['private']);
    const bus = createKafkaBus({ connection: connection('right'), clock });
    await bus.publish('private', [{ key: 'k', value: Buffer.from('v') }]);
    await bus.close();
  });

  it('refuses a wrong one within seconds, in a sentence that says which keys to correct and not the password', async () => {
    const start = performance.now();
    const refused = verifyKafka(connection('wrong-one'), ['private']);
    await expect(refused).rejects.toMatchObject({
      code: 'SERVER_MISSING',
      message: `Kafka at ${kafka.brokers} refuses the credentials: check kafka.saslMechanism, kafka.saslUsername and kafka.saslPassword`,
    });
    await expect(refused).rejects.not.toThrow('wrong-one');
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('is not reached without one', async () => {
    await expect(verifyKafka(connection(), ['private'])).rejects.toMatchObject({ code: 'SERVER_MISSING' });
  });
});
