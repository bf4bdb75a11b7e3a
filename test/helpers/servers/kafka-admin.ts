/** A kafkajs admin client for tests. `retry` is explicit because NODE_ENV=test changes kafkajs's defaults. */
import { type Admin, Kafka, logLevel } from 'kafkajs';

export function testAdmin(brokers: string): Admin {
  const kafka = new Kafka({
    clientId: 'vigil-test',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 20 },
  });
  return kafka.admin();
}
