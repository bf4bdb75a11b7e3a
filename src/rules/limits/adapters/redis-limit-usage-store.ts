/**
 * Usage counters in Redis 7 or Redis Cluster, beside the velocity state. Same promises as the in-process store (which says how
 * reserving, releasing and repeats work); see lua/*.lua for keys and formats.
 *
 * One script call per shard and chunk (at most 64 records a call). All keys of an owner carry one hash tag {sNN}, so no call
 * crosses a slot; owners are hashed, so no id can reach into another's keys and no id is readable in Redis.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { VigilError } from '../../../domain/errors.ts';
import type { LimitCounter, LimitOwner, LimitRecord } from '../../../domain/limit.ts';
import type { LimitReading, LimitUsageStore } from '../../../domain/ports.ts';
import { COUNTER_LIFETIME_MS, RECORD_LIFETIME_MS, toSafeNumber } from './usage-retention.ts';

export interface RedisLimitUsageOptions {
  /** its timeouts and retries are set by whoever made it, and it is closed by them */
  readonly client: Redis | Cluster;
  /** "vigil:" */
  readonly keyPrefix: string;
}

/** The part of a record that concerns one owner. */
interface OwnerItem {
  readonly index: number;
  readonly entry: LimitRecord;
  readonly base: string;
  readonly shardKey: string;
  readonly groups: readonly CounterGroup[];
}

interface CounterGroup {
  readonly suffix: string;
  readonly lifetimeMs: number;
  readonly counters: readonly LimitCounter[];
}

interface Script {
  readonly text: string;
  readonly sha: string;
}

const SHARDS = 64;
const MAX_ITEMS_PER_CALL = 64;

export function createRedisLimitUsageStore(options: RedisLimitUsageOptions): LimitUsageStore {
  const { client, keyPrefix } = options;
  const reserve = loadScript('reserve-limits');
  const release = loadScript('release-limits');

  /** Calls of one shard go one after the other, so that an owner's transactions keep their order; shards go side by side. */
  async function callShards<T>(
    items: readonly OwnerItem[],
    call: (part: readonly OwnerItem[]) => Promise<T>,
  ): Promise<readonly T[]> {
    const results = await Promise.all(
      [...groupBy(items, (item) => item.shardKey).values()].map(async (shard) => {
        const parts: T[] = [];
        for (let from = 0; from < shard.length; from += MAX_ITEMS_PER_CALL) {
          parts.push(await call(shard.slice(from, from + MAX_ITEMS_PER_CALL)));
        }
        return parts;
      }),
    );
    return results.flat();
  }

  return {
    async recordAndRead(chunk) {
      const readings = chunk.map(emptyReading);
      const items = toItems(chunk, keyPrefix);
      await callShards(items, async (part) => {
        const reply = await run(client, reserve, part, [
          RECORD_LIFETIME_MS,
          part.length,
          ...part.flatMap(reserveArguments),
        ]);
        readReply(reply, part, readings);
      });
      return readings;
    },
    async release(chunk) {
      await callShards(toItems(chunk, keyPrefix), (part) =>
        run(client, release, part, [
          part.length,
          ...part.flatMap(({ base, entry }) => [base, recordSuffix(entry.channel, entry.transactionId)]),
        ]),
      );
    },
    close: async () => undefined,
  };
}

function loadScript(name: string): Script {
  const read = (file: string): string => readFileSync(new URL(`./lua/${file}.lua`, import.meta.url), 'utf8');
  const text = `${read('usage')}\n${read(name)}`;
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

async function run(
  client: Redis | Cluster,
  script: Script,
  part: readonly OwnerItem[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const key = part[0]?.shardKey ?? '';
  try {
    return await client.evalsha(script.sha, 1, key, ...args).catch((error: unknown) => {
      // a new server, or SCRIPT FLUSH: nothing was run
      if (error instanceof Error && error.message.startsWith('NOSCRIPT'))
        return client.eval(script.text, 1, key, ...args);
      throw error;
    });
  } catch (cause) {
    throw new VigilError('FEATURE_STORE_UNAVAILABLE', 'the limit usage could not be read from Redis', { cause });
  }
}

function toItems(chunk: readonly LimitRecord[], keyPrefix: string): readonly OwnerItem[] {
  return chunk.flatMap((entry, index) =>
    entry.owners.map((owner): OwnerItem => {
      const own = entry.counters.filter((counter) => counter.owner.kind === owner.kind);
      return { index, entry, groups: groupCounters(own), ...keysOf(owner, keyPrefix) };
    }),
  );
}

function keysOf(owner: LimitOwner, keyPrefix: string): { readonly base: string; readonly shardKey: string } {
  const digest = createHash('sha256').update(`${owner.kind}\0${owner.id}`).digest();
  const shard = String((digest[0] ?? 0) % SHARDS).padStart(2, '0');
  const shardKey = `${keyPrefix}{s${shard}}:limit`;
  return { shardKey, base: `${shardKey}:${digest.toString('base64url', 0, 18)}` };
}

function groupCounters(counters: readonly LimitCounter[]): readonly CounterGroup[] {
  const groups = groupBy(counters, (counter) => `:${counter.period}${counter.periodStartMs}`);
  return [...groups].map(([suffix, members]) => ({
    suffix,
    lifetimeMs: COUNTER_LIFETIME_MS[members[0]?.period ?? 'year'],
    counters: members,
  }));
}

const recordSuffix = (channel: string, transactionId: string): string => `:t/${channel}/${transactionId}`;
const referenceSuffix = (channel: string, stan: string, rrn: string): string =>
  `:r/${channel}/${stan.length}:${stan}/${rrn}`;

function reserveArguments({ base, entry, groups }: OwnerItem): readonly (string | number)[] {
  const { givesBack: back, references } = entry;
  const first = groups[0]?.counters[0];
  const original = back?.transactionId === undefined ? '' : recordSuffix(back.channel, back.transactionId);
  const hasReferences = back?.stan !== undefined && back.rrn !== undefined;
  return [
    base,
    recordSuffix(entry.channel, entry.transactionId),
    references === undefined ? '' : referenceSuffix(entry.channel, references.stan, references.rrn),
    back?.kind ?? '',
    original,
    hasReferences ? referenceSuffix(back.channel, back.stan, back.rrn) : '',
    back?.amountMinor ?? 0,
    first?.amountMinor ?? 0,
    first?.count ?? 0,
    groups.length,
    ...groups.flatMap(({ suffix, lifetimeMs, counters }) => [
      suffix,
      lifetimeMs,
      counters.length,
      ...counters.map((counter) => counter.counterId),
    ]),
  ];
}

interface MutableReading {
  usage: Map<string, { readonly amountMinor: number; readonly count: number }>;
  repeated: boolean;
  originalFound: boolean | null;
}

const emptyReading = (entry: LimitRecord): MutableReading & LimitReading => ({
  usage: new Map(),
  repeated: false,
  originalFound: entry.givesBack === undefined ? null : false,
});

function readReply(reply: unknown, part: readonly OwnerItem[], readings: readonly MutableReading[]): void {
  const expected = part.reduce(
    (sum, { groups }) => sum + 2 + 2 * groups.reduce((n, group) => n + group.counters.length, 0),
    0,
  );
  if (!Array.isArray(reply) || reply.length !== expected) {
    throw new VigilError('FEATURE_STORE_CORRUPT', 'the limit script answered something else than its format');
  }
  let at = 0;
  const next = (): string => String(reply[at++]);
  for (const { index, groups } of part) {
    const reading = readings[index];
    if (reading === undefined) continue;
    reading.repeated = next() === '1' || reading.repeated;
    reading.originalFound = next() === '1' || reading.originalFound;
    for (const counter of groups.flatMap((group) => group.counters)) {
      const [amount, count] = [next(), next()];
      if (amount !== '')
        reading.usage.set(counter.key, { amountMinor: toSafeNumber(BigInt(amount)), count: Number(count) });
    }
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
