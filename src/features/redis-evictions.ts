/**
 * Redis may be set to throw keys away when its memory is full. Every key of the feature store expires, so that any of them can
 * go, and a log that went is low without a trace in it. So each server is asked how many it has thrown away; Redis remembers what
 * was known of that, for a look after a restart of all workers too.
 *
 * A server that others use as well may have thrown away their keys alone: then the counters are said to be low and are not.
 */
import type { Call } from './redis-calls.ts';
import { primariesOf, type RedisClient } from './redis-client.ts';

export interface Evictions {
  /** keys were thrown away since anybody looked last */
  readonly hasEvicted: boolean;
  /** what a server is set to do when its memory is full; undefined: none throws anything away */
  readonly evictingPolicy: string | undefined;
}

interface ServerFacts {
  /** another one after each start of the server, and its count begins anew */
  readonly runId: string;
  readonly evicted: number;
  readonly evictingPolicy: string | undefined;
}

const FIELD = 'evicted';
/** starts of servers that are remembered */
const MOST_RUNS = 64;

export async function lookForEvictions(
  client: RedisClient,
  key: string,
  send: (calls: readonly Call[]) => Promise<readonly unknown[]>,
): Promise<Evictions> {
  const servers = (await Promise.all(primariesOf(client).map((node) => node.info()))).map(readFacts);
  const [reply] = await send([['hget', key, FIELD]]);
  const known = Buffer.isBuffer(reply) ? readRuns(reply.toString()) : undefined;
  // nobody has looked before: then nobody can say what these keys were
  const hasEvicted = known !== undefined && servers.some(({ runId, evicted }) => evicted > (known.get(runId) ?? 0));
  const isNews = known === undefined || servers.some(({ runId, evicted }) => known.get(runId) !== evicted);
  if (isNews) {
    const runs = new Map([...(known ?? []), ...servers.map(({ runId, evicted }) => [runId, evicted] as const)]);
    await send([['hset', key, FIELD, writeRuns(runs)]]);
  }
  return { hasEvicted, evictingPolicy: servers.find((server) => server.evictingPolicy !== undefined)?.evictingPolicy };
}

function readFacts(info: string): ServerFacts {
  const value = (name: string): string => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
  const policy = value('maxmemory_policy');
  const evicts = Number(value('maxmemory')) > 0 && policy !== 'noeviction' && policy !== '';
  return {
    runId: value('run_id'),
    evicted: Number(value('evicted_keys')),
    evictingPolicy: evicts ? policy : undefined,
  };
}

const readRuns = (text: string): ReadonlyMap<string, number> =>
  new Map(text.split(' ').map((run) => [run.slice(0, run.indexOf('=')), Number(run.slice(run.indexOf('=') + 1))]));

const writeRuns = (runs: ReadonlyMap<string, number>): string =>
  [...runs]
    .slice(-MOST_RUNS)
    .map(([runId, evicted]) => `${runId}=${evicted}`)
    .join(' ');
