/** The real stack: Kafka, Redis and PostgreSQL from the configuration. Every server is asked for before anything starts. */
import { createPostgresAlertStore } from '../alerts/postgres-alert-store.ts';
import { migrate } from '../alerts/postgres-migrate.ts';
import { createPostgresStoreWitness } from '../alerts/postgres-store-witness.ts';
import type { Settings } from '../config/settings-schema.ts';
import { createKafkaBus, type KafkaBus } from '../consumers/kafka-bus.ts';
import type { KafkaConnection } from '../consumers/kafka-client.ts';
import { migrateTopics, verifyKafka } from '../consumers/kafka-topics.ts';
import { topicDefinitions } from '../consumers/topics.ts';
import type { Clock } from '../domain/clock.ts';
import type { FraudModel } from '../domain/ports.ts';
import { createRedisFeatureStore } from '../features/redis-feature-store.ts';
import { createRedisLimitUsageStore } from '../rules/limits/adapters/redis-limit-usage-store.ts';
import type { Telemetry } from '../telemetry/events.ts';
import type { LoadedConfiguration } from './load-generation.ts';
import { connectRedis, type RedisClient } from './redis-client.ts';
import { type ReloadOptions, startReload } from './reload.ts';
import { type ScoringService, type ScoringServiceOptions, startScoringService } from './scoring-service.ts';
import { loadConfiguredModel, zoneMinutes } from './scoring-stack.ts';
import { watchStore } from './store-watch.ts';

export interface RealStack {
  readonly service: ScoringService;
  readonly alerts: ScoringServiceOptions['alerts'];
  readonly bus: KafkaBus;
  close(): Promise<void>;
}

export interface RealOptions extends Pick<ScoringServiceOptions, 'failpoint' | 'onScored'> {
  readonly configuration: LoadedConfiguration;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** with it the configuration is looked after while the stack runs (settings: reload) */
  readonly reload?: ReloadOptions;
  /** for tests that count or disturb what goes through a part */
  readonly wrapModel?: (model: FraudModel) => FraudModel;
  readonly wrapRedis?: (client: RedisClient) => RedisClient;
}

export async function startRealStack(options: RealOptions): Promise<RealStack> {
  const { configuration, clock, telemetry } = options;
  const { settings } = configuration;
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    await verifyKafka(kafkaConnection(settings), Object.values(settings.kafka.topics));
    const connected = await connectRedis(settings.redis, telemetry.service);
    closers.push(async () => connected.disconnect());
    const redis = options.wrapRedis?.(connected) ?? connected;
    const { poolSize, statementTimeoutMs, queryTimeoutMs } = settings.postgres;
    await migrate(settings.postgres.url);
    const alerts = createPostgresAlertStore({
      connection: settings.postgres.url,
      poolSize,
      statementTimeoutMs,
      queryTimeoutMs,
      clock,
    });
    closers.push(() => alerts.close());
    const model = await loadConfiguredModel(configuration);
    if (model !== null) {
      const { version, backend, backendFallback, tensors } = model;
      const fallback = backendFallback === undefined ? {} : { backendFallback };
      telemetry.service.modelLoaded({ version, backend, tensors, ...fallback });
    }
    const { sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs } = settings.kafka;
    const bus = createKafkaBus({
      connection: kafkaConnection(settings),
      clock,
      consumer: { sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs },
      events: telemetry.bus,
    });
    closers.push(() => bus.close());
    const { wrapModel } = options;
    const served = model === null ? null : (wrapModel?.(model) ?? model);
    const reload = await startReload({ ...options, model: served });
    closers.push(() => reload.stop());
    const store = createRedisFeatureStore({
      client: redis,
      catalogue: configuration.features,
      clock,
      keyPrefix: settings.redis.keyPrefix,
      zoneOffsetMinutes: zoneMinutes(configuration),
      onQuarantine: telemetry.service.featureKeyMovedAside,
    });
    const witness = createPostgresStoreWitness({
      connection: settings.postgres.url,
      statementTimeoutMs,
      queryTimeoutMs,
      keyPrefix: settings.redis.keyPrefix,
    });
    closers.push(() => witness.close());
    const storeWatch = await watchStore({ store, witness, events: telemetry.service });
    closers.push(() => storeWatch.stop());
    const service = await startScoringService({
      ...options,
      live: reload.live,
      bus,
      topics: settings.kafka.topics,
      store,
      limitUsage: createRedisLimitUsageStore({
        client: redis,
        keyPrefix: `${settings.redis.keyPrefix}:`,
        onUnreadable: telemetry.scoring.limitStoreFailed,
      }),
      alerts,
      model: served,
      storeBudgetMs: settings.redis.budgetMs,
    });
    closers.push(async () => {
      await service.stop();
      await service.stack.close();
    });
    return { service, alerts, bus, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export function kafkaConnection({ kafka }: Settings): KafkaConnection {
  const { brokers, clientId, ssl, saslMechanism, saslUsername: username, saslPassword: password } = kafka;
  return {
    brokers,
    clientId,
    ...(ssl ? { ssl: true } : {}),
    ...(saslMechanism === ''
      ? {}
      : { sasl: { mechanism: saslMechanism, username, password } as NonNullable<KafkaConnection['sasl']> }),
  };
}

/** `vigil migrate`: topics and database schema. Answers one line for each thing that was done or found. */
export async function migrateEverything(settings: Settings): Promise<readonly string[]> {
  const plan = await migrateTopics(kafkaConnection(settings), topicDefinitions(settings.kafka));
  const { applied, version } = await migrate(settings.postgres.url);
  return [
    ...plan.create.map(({ topic, partitions }) => `topic ${topic}: created with ${partitions} partitions`),
    ...plan.grow.map(({ topic, from, to }) => `topic ${topic}: grown from ${from} to ${to} partitions`),
    ...plan.unchanged.map((topic) => `topic ${topic}: was there`),
    ...plan.different.map(
      ({ topic, name, have, want }) => `topic ${topic}: ${name} is ${have}, Vigil would set ${want}`,
    ),
    ...applied.map((name) => `database: ${name} applied`),
    `database: schema version ${version}`,
  ];
}
