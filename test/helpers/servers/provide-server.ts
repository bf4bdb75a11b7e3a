/**
 * The three servers of a test run, each from the first source that has it: an address in the environment, programs on
 * this machine, Docker, or a download that is pinned by its checksum.
 */
import { Redis } from 'ioredis';
import { containerReady, dockerAnswers, IMAGES, startContainer } from './docker.ts';
import { freePort } from './free-ports.ts';
import { startKafka } from './kafka.ts';
import { kafkaJarsAreCached } from './kafka-jars.ts';
import { probeKafka } from './kafka-probe.ts';
import { answersQuery, startPostgres } from './postgres.ts';
import { findProgram } from './programs.ts';
import { startRedis } from './redis.ts';

export interface ProvidedServer {
  readonly url: string;
  readonly origin: string;
  /** a server that we did not start: what the tests leave there is removed at the end */
  readonly isExternal: boolean;
  stop(): Promise<void>;
}

const external = (url: string, variable: string): ProvidedServer => ({
  url,
  origin: `the address in ${variable}`,
  isExternal: true,
  stop: async () => undefined,
});

const environment = (...names: readonly string[]): { name: string; value: string } | undefined => {
  const name = names.find((candidate) => (process.env[candidate] ?? '') !== '');
  return name === undefined ? undefined : { name, value: process.env[name] ?? '' };
};

export async function provideKafka(): Promise<ProvidedServer> {
  const address = environment('VIGIL_TEST_KAFKA');
  if (address !== undefined) {
    await mustAnswer(`${address.name}=${address.value}`, 'a Kafka broker', () => kafkaAnswers(address.value));
    return external(address.value, address.name);
  }
  const onMachine = findProgram(['kafka-server-start.sh', 'kafka-server-start']) !== undefined || kafkaJarsAreCached();
  if (!onMachine && (await dockerAnswers())) return kafkaContainer();
  const server = await startKafka();
  return { url: server.brokers, origin: server.origin, isExternal: false, stop: () => server.stop() };
}

export async function provideRedis(): Promise<ProvidedServer> {
  const address = environment('VIGIL_TEST_REDIS', 'REDIS_URL');
  if (address !== undefined) {
    await mustAnswer(`${address.name}`, 'a Redis server', () => redisAnswers(address.value));
    return external(address.value, address.name);
  }
  const onMachine = findProgram(['redis-server', 'valkey-server']) !== undefined;
  if (!onMachine && (await dockerAnswers())) return redisContainer();
  const server = await startRedis();
  return { url: server.url, origin: server.origin, isExternal: false, stop: () => server.stop() };
}

export async function providePostgres(): Promise<ProvidedServer> {
  const address = environment('VIGIL_TEST_POSTGRES');
  if (address !== undefined) {
    await mustAnswer(`${address.name}`, 'a Postgres server', () => answersQuery(address.value));
    return external(address.value, address.name);
  }
  // Docker before the npm package only where that package does not exist: the package needs no engine and no image
  const server = await startPostgres().catch(async (error: unknown) => {
    if (await dockerAnswers()) return undefined;
    throw error;
  });
  if (server === undefined) return postgresContainer();
  return { url: server.url, origin: server.origin, isExternal: false, stop: () => server.stop() };
}

/** The variable's value may hold a password: only its name is said, except where there is none to hide. */
async function mustAnswer(address: string, what: string, ask: () => Promise<boolean>): Promise<void> {
  try {
    if (await ask()) return;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${address} does not answer as ${what} (${reason}): start it there, or unset the variable`);
  }
  throw new Error(`${address} does not answer as ${what}: start it there, or unset the variable`);
}

async function kafkaAnswers(brokers: string): Promise<boolean> {
  const [first = ''] = brokers.split(',');
  const colon = first.lastIndexOf(':');
  const metadata = await probeKafka(Number(first.slice(colon + 1)), first.slice(0, colon), 3000);
  return metadata.nodeIds.length > 0;
}

async function redisAnswers(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 3000 });
  redis.on('error', () => undefined); // connect() rejects with it
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } finally {
    redis.disconnect();
  }
}

async function kafkaContainer(): Promise<ProvidedServer> {
  const port = await freePort();
  const image = IMAGES.kafka;
  const container = await startContainer({
    image,
    port,
    containerPort: port,
    env: {
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://127.0.0.1:9093`,
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@127.0.0.1:9093',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '500',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    },
  });
  await containerReady(container, async () => (await probeKafka(port)).controllerId >= 0);
  return inContainer(container.stop, image, `127.0.0.1:${port}`);
}

async function redisContainer(): Promise<ProvidedServer> {
  const port = await freePort();
  const image = IMAGES.redis;
  const container = await startContainer({ image, port, containerPort: 6379, command: ['redis-server', '--save', ''] });
  const url = `redis://127.0.0.1:${port}`;
  await containerReady(container, () => redisAnswers(url));
  return inContainer(container.stop, image, url);
}

async function postgresContainer(): Promise<ProvidedServer> {
  const port = await freePort();
  const image = IMAGES.postgres;
  const env = { POSTGRES_HOST_AUTH_METHOD: 'trust' };
  const container = await startContainer({ image, port, containerPort: 5432, env });
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await containerReady(container, () => answersQuery(url));
  return inContainer(container.stop, image, url);
}

const inContainer = (stop: () => Promise<void>, image: string, url: string): ProvidedServer => ({
  url,
  origin: `${image} in Docker`,
  isExternal: false,
  stop,
});
