/** A Redis Cluster of three primaries (and one replica of the first, when asked) on 127.0.0.1, for tests. */
import { Cluster, Redis } from 'ioredis';
import { connectRedis } from '../../src/composition/redis-client.ts';
import { VigilError } from '../../src/domain/errors.ts';
import { freePorts } from './servers/free-ports.ts';
import { type RedisServer, startRedis } from './servers/redis.ts';

export interface RedisCluster {
  readonly servers: readonly RedisServer[];
  readonly nodes: readonly Redis[];
  connect(): Promise<Cluster>;
  /** moves a slot, key by key, while clients go on; `halfway`: once these keys alone have moved */
  migrateSlot(
    slot: number,
    halfway?: { readonly first: readonly string[]; readonly meanwhile: () => Promise<void> },
  ): Promise<{ readonly from: number; readonly to: number; readonly keys: number }>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const PRIMARIES = 3;

export async function startRedisCluster(withReplica: boolean): Promise<RedisCluster> {
  const count = PRIMARIES + (withReplica ? 1 : 0);
  const ports = await freePorts(count * 2);
  const servers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      startRedis({
        port: ports[index] ?? 0,
        args: [
          ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '1500', '--cluster-announce-ip', '127.0.0.1'],
          ...['--cluster-port', String(ports[count + index]), '--repl-diskless-sync-delay', '0'],
        ],
      }),
    ),
  );
  const nodes = servers.map((server) => new Redis(server.url).on('error', () => {}));
  const [first] = nodes;
  if (first === undefined) throw new Error('no node');
  for (const [index] of nodes.entries())
    if (index > 0) await first.call('CLUSTER', 'MEET', '127.0.0.1', ports[index] ?? 0, ports[count + index] ?? 0);
  const width = Math.ceil(SLOTS / PRIMARIES);
  for (let index = 0; index < PRIMARIES; index++)
    await nodes[index]?.call('CLUSTER', 'ADDSLOTSRANGE', index * width, Math.min(SLOTS, (index + 1) * width) - 1);
  const isReady = async (): Promise<boolean> => {
    const infos = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'INFO') as Promise<string>));
    return infos.every((info) => info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`));
  };
  await until(isReady, 'the cluster forms');
  const ids = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'MYID') as Promise<string>));
  if (withReplica) {
    await nodes[PRIMARIES]?.call('CLUSTER', 'REPLICATE', ids[0] ?? '');
    await until(async () => (await first.info('replication')).includes('state=online'), 'the replica follows');
  }

  /** of slots that have moved */
  const owners = new Map<number, number>();
  return {
    servers,
    nodes,
    connect: () => connectAsWorker(ports[0] ?? 0),
    async migrateSlot(slot, halfway) {
      const from = owners.get(slot) ?? Math.min(PRIMARIES - 1, Math.floor(slot / width));
      const to = (from + 1) % PRIMARIES;
      const source = nodes[from];
      const target = nodes[to];
      if (source === undefined || target === undefined) throw new Error('no such node');
      await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] ?? '');
      await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] ?? '');
      let moved = 0;
      if (halfway !== undefined) {
        const { first: keys } = halfway;
        await source.call('MIGRATE', '127.0.0.1', ports[to] ?? 0, '', 0, 5_000, 'KEYS', ...keys);
        moved += keys.length;
        await halfway.meanwhile();
      }
      for (;;) {
        const keys = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 3)) as string[];
        if (keys.length === 0) break;
        await source.call('MIGRATE', '127.0.0.1', ports[to] ?? 0, '', 0, 5_000, 'KEYS', ...keys);
        moved += keys.length;
      }
      for (const node of [target, source, ...nodes])
        await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] ?? '').catch(() => undefined);
      owners.set(slot, to);
      return { from, to, keys: moved };
    },
    async stop() {
      for (const node of nodes) node.disconnect();
      await Promise.all(servers.map((server) => server.kill().catch(() => undefined)));
    },
  };
}

/** Starts to move every other slot that holds keys with this prefix, so that each primary keeps some. */
export async function moveSlots(
  cluster: RedisCluster,
  prefix: string,
): Promise<{ isMoving(): boolean; readonly keysMoved: Promise<number> }> {
  const slots = new Set<number>();
  for (const node of cluster.nodes.slice(0, PRIMARIES))
    for (const key of await node.keys(`${prefix}*`)) slots.add(Number(await node.call('CLUSTER', 'KEYSLOT', key)));
  let isMoving = true;
  const move = async (): Promise<number> => {
    let keys = 0;
    for (const slot of [...slots].filter((_slot, index) => index % 2 === 0))
      keys += (await cluster.migrateSlot(slot)).keys;
    isMoving = false;
    return keys;
  };
  return { isMoving: () => isMoving, keysMoved: move() };
}

/** with the settings of a worker: they are what must hold while slots move and primaries die */
async function connectAsWorker(port: number): Promise<Cluster> {
  const settings = {
    url: `redis://127.0.0.1:${port}`,
    cluster: true,
    keyPrefix: 'vigil',
    budgetMs: 1_000,
    connectTimeoutMs: 500,
  };
  const client = await connectRedis(settings, { redisFailed: () => undefined, redisConnected: () => undefined });
  if (!(client instanceof Cluster)) throw new Error('not a cluster client');
  return client;
}

export interface Answered<T> {
  readonly answer: T;
  /** everything that was said by the failures before it, causes included */
  readonly failures: readonly string[];
}

/** Makes a call again until it is answered, as the consumer does. */
export async function untilAnswered<T>(call: () => Promise<T>): Promise<Answered<T>> {
  const started = performance.now();
  const failures: string[] = [];
  for (;;) {
    try {
      return { answer: await call(), failures };
    } catch (error) {
      const isOutage = error instanceof VigilError && error.code === 'FEATURE_STORE_UNAVAILABLE';
      if (!isOutage || performance.now() - started > 30_000) throw error;
      failures.push(`${error.message} ${String(error.cause)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** what a cluster says to a client that knows it badly: never for the pipeline's ears */
export const REDIRECTIONS = /MOVED|\bASK\b|CROSSSLOT|TRYAGAIN/;

export async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await condition().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited 20 s in vain: ${what}`);
}
