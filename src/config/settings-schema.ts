/**
 * The schema of vigil.yaml: types, bounds, and the environment variable of a key where it has one. The shipped
 * config/vigil.yaml holds every key with its default and one comment line; a test holds the two equal.
 */
import Type, { type Static, type TSchema } from 'typebox';

const text = (env?: string) => Type.String(env === undefined ? {} : { env });
const nonEmpty = (env?: string) => Type.String({ minLength: 1, ...(env === undefined ? {} : { env }) });
const integer = (minimum: number, maximum: number, env?: string) =>
  Type.Integer({ minimum, maximum, ...(env === undefined ? {} : { env }) });
const flag = (env?: string) => Type.Boolean(env === undefined ? {} : { env });
const oneOf = <T extends string>(values: readonly T[], env?: string) =>
  Type.Enum<T[]>([...values], env === undefined ? {} : { env });
const section = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

export const SettingsSchema = section({
  bank: section({ name: nonEmpty(), zone: nonEmpty() }),
  kafka: section({
    brokers: Type.Array(Type.String({ pattern: '^[^:\\s]+:\\d{1,5}$' }), {
      minItems: 1,
      env: 'VIGIL_KAFKA_BROKERS',
    }),
    clientId: nonEmpty(),
    ssl: flag('VIGIL_KAFKA_SSL'),
    saslMechanism: oneOf(['', 'plain', 'scram-sha-256', 'scram-sha-512'], 'VIGIL_KAFKA_SASL_MECHANISM'),
    saslUsername: text('VIGIL_KAFKA_SASL_USERNAME'),
    saslPassword: text('VIGIL_KAFKA_SASL_PASSWORD'),
    replicationFactor: integer(1, 9, 'VIGIL_KAFKA_REPLICATION_FACTOR'),
    partitions: integer(1, 4096, 'VIGIL_KAFKA_PARTITIONS'),
    retentionHours: integer(1, 24 * 366),
    group: nonEmpty(),
    alertGroup: nonEmpty(),
    feedbackGroup: nonEmpty(),
    maxChunk: integer(1, 1000),
    sessionTimeoutMs: integer(6_000, 300_000),
    heartbeatIntervalMs: integer(100, 60_000),
    rebalanceTimeoutMs: integer(1_000, 600_000),
    topics: section({
      transactions: nonEmpty('VIGIL_TOPIC_TRANSACTIONS'),
      decisions: nonEmpty('VIGIL_TOPIC_DECISIONS'),
      deadLetters: nonEmpty('VIGIL_TOPIC_DEAD_LETTERS'),
      feedback: nonEmpty('VIGIL_TOPIC_FEEDBACK'),
      channelResults: nonEmpty('VIGIL_TOPIC_CHANNEL_RESULTS'),
    }),
  }),
  redis: section({
    url: Type.String({ pattern: '^(rediss?://|unix:/).+', env: 'VIGIL_REDIS_URL' }),
    cluster: flag('VIGIL_REDIS_CLUSTER'),
    keyPrefix: Type.String({ pattern: '^[A-Za-z0-9_.-]{1,64}$', env: 'VIGIL_REDIS_KEY_PREFIX' }),
    budgetMs: integer(1, 60_000),
    connectTimeoutMs: integer(10, 60_000),
  }),
  postgres: section({
    url: Type.String({ pattern: '^postgres(ql)?://.+', env: 'VIGIL_POSTGRES_URL' }),
    poolSize: integer(2, 100),
    statementTimeoutMs: integer(100, 600_000),
    queryTimeoutMs: integer(100, 600_000),
  }),
  features: section({ allowedLatenessHours: integer(0, 24 * 90), repeatHorizonHours: integer(1, 24 * 90) }),
  model: section({
    enabled: flag(),
    version: text(),
    backend: oneOf(['auto', 'wasm', 'cpu', 'node']),
    budgetMs: integer(1, 10_000),
  }),
  http: section({
    host: nonEmpty('VIGIL_HTTP_HOST'),
    port: integer(0, 65_535, 'VIGIL_HTTP_PORT'),
    token: text('VIGIL_HTTP_TOKEN'),
    oidcIssuer: text('VIGIL_OIDC_ISSUER'),
    oidcAudience: nonEmpty('VIGIL_OIDC_AUDIENCE'),
    oidcJwksUrl: text('VIGIL_OIDC_JWKS_URL'),
    oidcRoleClaim: nonEmpty(),
  }),
  reload: section({
    from: oneOf(['folder', 'store', 'off'], 'VIGIL_RELOAD_FROM'),
    stateDir: text('VIGIL_STATE_DIR'),
    pollMs: integer(20, 60_000),
    candidateDir: text('VIGIL_CANDIDATE_DIR'),
  }),
  logging: section({ level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'VIGIL_LOG_LEVEL') }),
});

export type Settings = Static<typeof SettingsSchema>;

/** Keys whose values are never printed. */
export const SECRET_KEYS: ReadonlySet<string> = new Set([
  'kafka.saslPassword',
  'postgres.url',
  'redis.url',
  'http.token',
]);

export interface SettingsLeaf {
  readonly path: string;
  readonly schema: TSchema & { readonly env?: string; readonly type?: string };
}

/** Every key with its schema, in the order of the schema. */
export function settingsLeaves(schema: TSchema = SettingsSchema, prefix = ''): readonly SettingsLeaf[] {
  const properties = (schema as { properties?: Record<string, TSchema> }).properties;
  if (properties === undefined) return [{ path: prefix, schema }];
  return Object.entries(properties).flatMap(([key, child]) =>
    settingsLeaves(child, prefix === '' ? key : `${prefix}.${key}`),
  );
}

/** Checks that a schema cannot state; path → sentence. */
export function crossFieldFaults(settings: Settings): readonly { readonly path: string; readonly message: string }[] {
  const faults: { path: string; message: string }[] = [];
  const { kafka, postgres, bank, http } = settings;
  if (kafka.heartbeatIntervalMs * 3 > kafka.sessionTimeoutMs) {
    faults.push({ path: 'kafka.heartbeatIntervalMs', message: 'must be at most a third of kafka.sessionTimeoutMs' });
  }
  if (kafka.sessionTimeoutMs > kafka.rebalanceTimeoutMs) {
    faults.push({ path: 'kafka.rebalanceTimeoutMs', message: 'must be at least kafka.sessionTimeoutMs' });
  }
  if (kafka.saslMechanism !== '' && (kafka.saslUsername === '' || kafka.saslPassword === '')) {
    faults.push({ path: 'kafka.saslMechanism', message: 'needs kafka.saslUsername and kafka.saslPassword' });
  }
  if (postgres.queryTimeoutMs <= postgres.statementTimeoutMs) {
    faults.push({ path: 'postgres.queryTimeoutMs', message: 'must be larger than postgres.statementTimeoutMs' });
  }
  if ((http.oidcIssuer === '') !== (http.oidcJwksUrl === '')) {
    faults.push({ path: 'http.oidcIssuer', message: 'http.oidcIssuer and http.oidcJwksUrl stand together' });
  }
  if (new Set(Object.values(kafka.topics)).size !== Object.keys(kafka.topics).length) {
    faults.push({ path: 'kafka.topics', message: 'two topics have the same name' });
  }
  if (!isTimeZone(bank.zone)) faults.push({ path: 'bank.zone', message: 'is not a time zone of the IANA list' });
  return faults;
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
