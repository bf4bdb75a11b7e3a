/**
 * The connection to Redis with the settings that ioredis's defaults get wrong: no call is pending for ever, nothing queues while the connection is down, a
 * command is not sent again behind our back more than once (the scripts are safe to repeat), and a replica that was a
 * primary a moment ago (READONLY) makes it connect anew.
 */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Settings } from '../config/settings-schema.ts';
import { VigilError } from '../domain/errors.ts';

export type RedisClient = Redis | Cluster;

/**
 * A chunk's time budget (redis.budgetMs) is the pipeline's. This is only for the client: without it a frozen server would
 * keep calls pending for ever.
 */
const HARD_TIMEOUT_MS = 2_000;
const MAX_RECONNECT_MS = 500;
const CONNECT_PATIENCE_MS = 5_000;
const CREDENTIALS = /NOAUTH|WRONGPASS|invalid password/i;

export async function connectRedis(
  settings: Settings['redis'],
  events: { redisFailed(error: unknown): void; redisConnected(): void },
): Promise<RedisClient> {
  const client = settings.cluster ? clusterClient(settings) : new Redis(singleOptions(settings));
  // a refused password comes as an event; the call itself only says that the connection is closed
  let refused: unknown;
  client.on('error', (error) => {
    if (CREDENTIALS.test(String(error))) refused = error;
    events.redisFailed(error);
  });
  client.on('ready', events.redisConnected);
  try {
    await withPatience(client.connect());
    await client.ping();
    return client;
  } catch (error) {
    client.disconnect();
    throw cannotConnect(settings.url, refused ?? error);
  }
}

function commonOptions(settings: Settings['redis']) {
  return {
    commandTimeout: HARD_TIMEOUT_MS,
    connectTimeout: settings.connectTimeoutMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    lazyConnect: true,
    retryStrategy: (tries: number) => Math.min(MAX_RECONNECT_MS, 50 * tries),
    reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? 1 : false),
  } satisfies RedisOptions;
}

function singleOptions(settings: Settings['redis']) {
  const common = commonOptions(settings);
  if (settings.url.startsWith('unix:')) return { ...common, path: settings.url.slice('unix:'.length) };
  const url = new URL(settings.url);
  return {
    ...common,
    host: url.hostname,
    port: Number(url.port || 6379),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.pathname.length > 1 ? { db: Number(url.pathname.slice(1)) } : {}),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

function clusterClient(settings: Settings['redis']): Cluster {
  const { host, port, ...redisOptions } = { host: '127.0.0.1', port: 6379, ...singleOptions(settings) };
  const { enableOfflineQueue: _, retryStrategy: __, ...nodeOptions } = redisOptions;
  return new Cluster([{ host, port }], {
    lazyConnect: true,
    enableOfflineQueue: false,
    slotsRefreshTimeout: 2_000,
    // While a primary is down the others go on naming it: with the defaults (16 times at once) MOVED came out after 2 ms. A
    // slot that has moved costs these 5 ms once; a failover is over, or the command's time is
    retryDelayOnMoved: 5,
    retryDelayOnTryAgain: 5,
    retryDelayOnFailover: 20,
    retryDelayOnClusterDown: 50,
    maxRedirections: 1_000,
    clusterRetryStrategy: (tries) => Math.min(MAX_RECONNECT_MS, 50 * tries),
    redisOptions: nodeOptions,
  });
}

/** ioredis goes on trying for ever; a start must end in a sentence. */
function withPatience(connecting: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no connection within 5 seconds')), CONNECT_PATIENCE_MS);
  });
  return Promise.race([connecting, late]).finally(() => clearTimeout(timer));
}

function cannotConnect(url: string, error: unknown): VigilError {
  const message = (error as Error).message;
  const place = withoutPassword(url);
  const what = CREDENTIALS.test(message)
    ? `Redis at ${place} refused the credentials: set redis.url (VIGIL_REDIS_URL) with the right user and password.`
    : `Redis at ${place} cannot be reached (${message}): start it, or set redis.url (VIGIL_REDIS_URL).`;
  return new VigilError('SERVER_MISSING', what, { cause: error });
}

const withoutPassword = (url: string): string => url.replace(/\/\/[^@/]*@/, '//');
