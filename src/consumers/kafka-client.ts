/**
 * The connection to Kafka: one kafkajs client with the settings that its defaults get wrong, and the kinds of its errors.
 * `retry` is always explicit: the defaults bring a consumer back a whole session timeout after the broker is ready, and
 * NODE_ENV=test silently changes them. With these a broker that was killed and is back is served again in 0.5–1.1 s.
 */
import { Kafka, type KafkaConfig, type LogEntry, logLevel, type SASLOptions } from 'kafkajs';
import { VigilError } from '../domain/errors.ts';
import type { ConsumerEvents } from './consumer-events.ts';
import { mendKafkajs } from './kafkajs-repairs.ts';

export interface KafkaConnection {
  /** host:port */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: SASLOptions;
}

export const RETRY = { initialRetryTime: 100, maxRetryTime: 1000, retries: 1000 } as const;
/** how long a connection that a black hole has swallowed goes unnoticed; kafkajs's own 30 s is half of what P2 allows */
const REQUEST_TIMEOUT_MS = 15_000;
/** how long a broker waits for its replicas: it must answer before we take it for gone */
export const REPLICATION_TIMEOUT_MS = 10_000;
/** for questions that somebody waits for: a start, an assignment; our own back-off goes on from there */
export const QUICK_RETRY = { initialRetryTime: 100, maxRetryTime: 500, retries: 3 } as const;

export function createKafkaClient(
  connection: KafkaConnection,
  retry: NonNullable<KafkaConfig['retry']>,
  events: Pick<ConsumerEvents, 'clientWarned'>,
): Kafka {
  mendKafkajs();
  return new Kafka({
    clientId: connection.clientId,
    brokers: [...connection.brokers],
    connectionTimeout: 3_000,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => forwardLog(entry, events),
    ...(connection.ssl === undefined ? {} : { ssl: connection.ssl }),
    ...(connection.sasl === undefined ? {} : { sasl: connection.sasl }),
  });
}

function forwardLog({ level, namespace, log }: LogEntry, events: Pick<ConsumerEvents, 'clientWarned'>): void {
  if (level > logLevel.WARN) return;
  const { message, timestamp: _, stack: __, ...context } = log;
  const severity = level === logLevel.ERROR ? 'error' : 'warn';
  events.clientWarned({ level: severity, message: `${namespace}: ${message}`, context });
}

type TypedError = Error & { readonly type: string };

/** The error with Kafka's own code inside what kafkajs has wrapped around it, or undefined. */
export function kafkaError(error: unknown): TypedError | undefined {
  for (let depth = 0, at: unknown = error; depth < 10 && at instanceof Error; depth++, at = at.cause) {
    if (isTyped(at)) return at;
  }
  return undefined;
}

const isTyped = (error: Error): error is TypedError => 'type' in error && typeof error.type === 'string';

/** "UNKNOWN_MEMBER_ID" and its like. */
export const kafkaErrorType = (error: unknown): string | undefined => kafkaError(error)?.type;

/** After these the member has to join anew; the broker has taken nothing. */
const REJOIN_TYPES: ReadonlySet<string> = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'FENCED_INSTANCE_ID',
]);
export const mustRejoin = (error: unknown): boolean => REJOIN_TYPES.has(kafkaErrorType(error) ?? '');

/**
 * What kafkajs threw, in our words: always an outage. Also a TypeError of its own, with which it ends while its metadata
 * do not know a topic that was made a moment ago: that is no bug of ours, and the next try finds it.
 */
export function asVigilError(error: unknown, what: string): VigilError {
  if (error instanceof VigilError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new VigilError('BUS_UNAVAILABLE', `${what}: ${message}`, { cause: error });
}
