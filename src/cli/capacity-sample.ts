/**
 * What `MEMORY USAGE` says of the keys under a prefix: kind by kind, of the first keys that a SCAN finds (it goes by hash,
 * so the first are any). Reads only, in small steps: safe on a server that works.
 */
import type { RedisClient } from '../composition/redis-client.ts';

export interface MemorySample {
  /** as in the estimate: "<entities>:<log>", profiles, slots, labels, replaced, state; limits and what was moved aside are not */
  readonly name: string;
  readonly keys: number;
  readonly measured: number;
  /** of the measured keys, with their companions */
  readonly bytes: number;
  /** in the measured logs */
  readonly events?: number;
}

type Node = Extract<RedisClient, { stream: unknown }>;
interface Tally {
  keys: number;
  measured: number;
  bytes: number;
  events: number;
}

const SCAN_COUNT = 1_000;
/** the end of a log: f64 × 2, then u32 first, u32 count, u32 windows (see lua/record-and-read.lua) */
const TRAILER_BYTES = 28;
const COUNT_AT = 20;

export async function sampleMemory(
  client: RedisClient,
  keyPrefix: string,
  most: number,
): Promise<readonly MemorySample[]> {
  const tallies = new Map<string, Tally>();
  for (const node of 'nodes' in client ? client.nodes('master') : [client]) {
    let cursor = '0';
    do {
      const [next, keys] = await node.scan(cursor, 'MATCH', `${escapePattern(keyPrefix)}:*`, 'COUNT', SCAN_COUNT);
      cursor = next;
      for (const key of keys) await count(node, key, kindOf(key.slice(keyPrefix.length + 1)), tallies, most);
    } while (cursor !== '0');
  }
  return [...tallies]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { events, ...tally }]) => ({ name, ...tally, ...(events > 0 ? { events } : {}) }));
}

async function count(
  node: Node,
  key: string,
  kind: { readonly name: string; readonly isLog: boolean } | undefined,
  tallies: Map<string, Tally>,
  most: number,
): Promise<void> {
  if (kind === undefined) return; // a companion: measured with its log
  const tally = tallies.get(kind.name) ?? { keys: 0, measured: 0, bytes: 0, events: 0 };
  tallies.set(kind.name, tally);
  tally.keys++;
  if (tally.measured >= most) return;
  const [own, companion, end] = await Promise.all([
    memoryOf(node, key),
    kind.isLog ? memoryOf(node, `${key}:m`) : 0,
    kind.isLog ? node.getrangeBuffer(key, -TRAILER_BYTES, -1) : undefined,
  ]);
  if (own === 0) return; // it has expired meanwhile
  tally.measured++;
  tally.bytes += own + companion;
  tally.events += end?.length === TRAILER_BYTES ? end.readUInt32LE(COUNT_AT) : 0;
}

const memoryOf = async (node: Node, key: string): Promise<number> =>
  (await node.memory('USAGE', key, 'SAMPLES', 0)) ?? 0;

const ONE_WORD: Readonly<Record<string, string>> = { tx: 'slots', labels: 'labels', limit: 'limits' };

const OF_CUSTOMER: Readonly<Record<string, string>> = { profile: 'profiles', refs: 'references' };

/** Of a key without its prefix, "{sNN}:<entities>:<id>:<log>"; undefined for a companion. */
function kindOf(key: string): { readonly name: string; readonly isLog: boolean } | undefined {
  const parts = key.split(':');
  const [, entities = ''] = parts;
  const log = parts.at(-1) ?? '';
  const known = ONE_WORD[entities];
  if (known !== undefined) return { name: known, isLog: false };
  if (parts.length < 4) return { name: 'state', isLog: false };
  if (log === 'm') return undefined;
  if (log === 'w') return { name: 'replaced', isLog: false };
  // what could not be read (redis-quarantine.ts)
  if (parts.at(-2) === 'unreadable') return { name: 'moved aside', isLog: false };
  const ofCustomer = OF_CUSTOMER[log];
  return ofCustomer === undefined ? { name: `${entities}:${log}`, isLog: true } : { name: ofCustomer, isLog: false };
}

const escapePattern = (text: string): string => text.replace(/[\\*?[\]]/g, '\\$&');
