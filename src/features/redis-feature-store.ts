/**
 * The feature store in Redis 7 (or Valkey), one server or a cluster: the in-process store's algorithm in one script, one
 * packed string per entity and stream, one round trip per chunk. Values come out of the same functions, so that equal
 * history gives equal bits.
 *
 * Keys: `<prefix>:{sNN}:<entities>:<id>:<stream>` for logs, `…:m` for their members, `…:profile`, `<prefix>:{sNN}:tx:<id>`
 * for slots; NN is the virtual shard, a hash tag. All of them expire; what Redis keeps of itself does not: `<prefix>:{state}:state`,
 * `…:marks`, `…:gaps`, and on a cluster `<prefix>:{sNN}:mark`. On a cluster a call never leaves its shard; on one server there are no
 * slots and a chunk's updates go in calls of at most 64 transactions and about 256 updates.
 */
import type { Clock } from '../domain/clock.ts';
import { VigilError } from '../domain/errors.ts';
import type { EarlierDecision, FeatureCatalogue, FeatureReading } from '../domain/feature.ts';
import type { ChunkPosition, FeatureStore, Settlement } from '../domain/ports.ts';
import { type ParsedTransaction, transactionKey } from '../domain/transaction.ts';
import { escapeTransactionKey } from './entities.ts';
import { planFeatures } from './feature-plan.ts';
import { shardOf } from './hash.ts';
import { createPendingReadings } from './pending-readings.ts';
import type { RepliedByPlace, Unsettled } from './redis-batch.ts';
import { type Call, sendTogether } from './redis-calls.ts';
import { isCluster, type RedisClient } from './redis-client.ts';
import { lookUpCorrections, type PlannedCorrections } from './redis-corrections.ts';
import { type Answered, createRedisEngine } from './redis-engine.ts';
import { type Evictions, lookForEvictions } from './redis-evictions.ts';
import { shardTag } from './redis-keys.ts';
import { createQuarantine, type QuarantinedKey } from './redis-quarantine.ts';
import { decodeSlot, encodeSlot, type StoredSlot } from './redis-slots.ts';
import { createRedisStateWatch, type StateFacts } from './redis-state-watch.ts';

export interface RedisStoreOptions {
  /** connected and owned by the caller; close() leaves it open */
  readonly client: RedisClient;
  readonly catalogue: FeatureCatalogue;
  readonly keyPrefix?: string;
  /** minutes east of UTC at a time, in the bank's zone; by default those of Asia/Shanghai */
  readonly zoneOffsetMinutes?: (timeMs: number) => number;
  readonly maxEventsPerLog?: number;
  readonly keepsProfiles?: boolean;
  /** first readings kept in this process until their decision is settled, and for repeats that come before it */
  readonly maxPending?: number;
  readonly clock?: Clock;
  /** a key that could not be read was moved aside: somebody wrote into Vigil's keys, or its memory is broken */
  readonly onQuarantine?: (moved: QuarantinedKey) => void;
}

const DEFAULT_PREFIX = 'vigil';
const DEFAULT_MAX_PENDING = 50_000;
/** in which what was in the way of an update is mended */
const MOST_ROUNDS = 4;

export interface RedisFeatureStore extends FeatureStore {
  declareLoss(): Promise<void>;
  /** Redis lost data (flushed, restored, failed over behind what it had said): counters are low until they are rebuilt */
  readonly countersIncomplete: boolean;
  /**
   * After a rebuild: the counters are whole again, for every process. With a time: only from it on, and features that look
   * further back are warming up.
   */
  markRebuilt(sinceMs?: number): Promise<void>;
  /** what Redis keeps of itself, asked without a change */
  state(): Promise<StateFacts>;
  /** whether Redis threw keys away to make room since anybody looked, and whether it is set to do so */
  evictions(): Promise<Evictions>;
}

export function createRedisFeatureStore(options: RedisStoreOptions): RedisFeatureStore {
  const { client } = options;
  const prefix = options.keyPrefix ?? DEFAULT_PREFIX;
  const plan = planFeatures(options.catalogue);
  const clock: Clock = options.clock ?? { now: Date.now };
  const watch = createRedisStateWatch(prefix, plan, clock.now);
  const engine = createRedisEngine(plan, watch, { ...options, clock, keyPrefix: prefix });
  const pending = createPendingReadings(options.maxPending ?? DEFAULT_MAX_PENDING);
  const quarantine = createQuarantine(
    (calls) => sendTogether(client, calls),
    clock,
    (moved) => options.onQuarantine?.(moved),
  );
  const send = (calls: readonly Call[]): Promise<readonly unknown[]> =>
    sendTogether(client, calls, quarantine.mendCommands);
  const slotKey = (transaction: string): string =>
    `${prefix}:${shardTag(shardOf(transaction))}:tx:${escapeTransactionKey(transaction)}`;

  async function recordAndRead(
    chunk: readonly ParsedTransaction[],
    position?: ChunkPosition,
  ): Promise<readonly FeatureReading[]> {
    if (chunk.length === 0) return [];
    const places = new Map<string, number>();
    const unique = chunk.filter(({ transaction }) => {
      const key = transactionKey(transaction.channel, transaction.transactionId);
      if (places.has(key)) return false;
      places.set(key, places.size);
      return true;
    });
    const lookup = lookUpCorrections(plan, prefix, unique, slotKey);
    const corrections = lookup.read(lookup.calls.length === 0 ? [] : await send(lookup.calls));
    const { calls, shards, collect, withoutLogs, read, withdraw } = engine.prepare(
      unique,
      isCluster(client),
      corrections,
    );
    const slotCalls = slotReads([...places.keys()].map(slotKey), isCluster(client));
    const newestMs = unique.reduce((newest, { transaction }) => Math.max(newest, transaction.occurredAtMs), 0);
    const state = watch.begin(newestMs, position, shards);
    const replies = await send([...calls, ...slotCalls, ...state.calls]);
    const writes = state.read(replies);
    if (writes.length > 0) watch.written(await send(writes));
    const answered = collect(replies.slice(0, calls.length));
    const incomplete = withoutLogs(replies);
    if (incomplete.length > 0) await engine.labels.complete(send, incomplete);
    const replied = answered.unsettled.length === 0 ? answered.replied : await settled(unique, corrections, answered);
    const computed = withLosses(read(replied), answered.unsettled);
    const slots = replies.slice(calls.length, -state.calls.length).flat();
    // the same id with other values: the first decision stands, and what was just added comes out again. Only a conflict
    // pays this second round trip
    const conflicts = new Set(
      unique.flatMap((parsed, place) => (isConflict(parsed, slotAt(slots, place)) ? [place] : [])),
    );
    if (conflicts.size > 0) await sendTogether(client, withdraw(replied, conflicts));
    const readings = [...places.keys()].map((key, place) => {
      const reading = computed[place] as FeatureReading;
      return firstReading(key, reading, slotAt(slots, place));
    });
    return chunk.map(({ transaction }) => {
      const place = places.get(transactionKey(transaction.channel, transaction.transactionId)) as number;
      return readings[place] as FeatureReading;
    });
  }

  /**
   * What could not be read is moved aside, what was not declared is declared, and these transactions are sent once more: of
   * the logs that took them the first time the first answer holds. Something in a log may have been replaced meanwhile, so
   * that there is more to declare.
   */
  async function settled(
    chunk: readonly ParsedTransaction[],
    corrections: PlannedCorrections,
    first: Answered,
  ): Promise<RepliedByPlace> {
    let { replied, unsettled } = first;
    for (let round = 0; round < MOST_ROUNDS && unsettled.length > 0; round++) {
      const newestMs = Math.max(...unsettled.map(({ place }) => chunk[place]?.transaction.occurredAtMs ?? 0));
      const unreadable = unsettled.filter(isUnreadable);
      if (unreadable.length > 0) await quarantine.mendUpdates(unreadable, newestMs);
      for (const update of unsettled) if (!isUnreadable(update)) engine.declareReplaced(update.key);
      const places = new Set(unsettled.map(({ place }) => place));
      const ofPlaces = <T>(list: readonly T[]): T[] => list.filter((_, place) => places.has(place));
      const again = engine.prepare(ofPlaces(chunk), isCluster(client), ofPlaces(corrections));
      const second = again.collect(await send(again.calls));
      const inOrder = [...places].toSorted((a, b) => a - b);
      ({ replied, unsettled } = engine.complete(replied, second.replied, inOrder));
    }
    const [still] = unsettled;
    if (still !== undefined) throw corruptKey(still);
    return replied;
  }

  /** A repeat gets what the first delivery got: from its slot, or from this process while it is not settled. */
  function firstReading(key: string, computed: FeatureReading, slot: StoredSlot | undefined): FeatureReading {
    const reading = slot?.reading ?? pending.get(key) ?? computed;
    if (slot === undefined) pending.keep(key, reading);
    return slot === undefined ? reading : { ...reading, earlier: slot.decided };
  }

  async function settle(chunk: readonly Settlement[], position?: ChunkPosition): Promise<readonly EarlierDecision[]> {
    const calls = chunk.map((settlement): Call => {
      const key = transactionKey(settlement.channel, settlement.transactionId);
      const decided = { fingerprint: settlement.fingerprint, decision: settlement.decision };
      const slot = encodeSlot(decided, pending.get(key) ?? null);
      return ['set', slotKey(key), slot, 'NX', 'GET', 'PX', Math.max(1, plan.repeatHorizonMs)];
    });
    if (position !== undefined) calls.push(watch.counted(position));
    const replies = calls.length === 0 ? [] : await send(calls);
    if (position !== undefined) watch.wasCounted(position, replies[chunk.length]);
    return chunk.map(({ fingerprint, decision }, index) => {
      const standing = replies[index];
      const slot = Buffer.isBuffer(standing) ? decodeSlot(standing) : undefined;
      return slot?.decided ?? { fingerprint, decision };
    });
  }

  return {
    recordAndRead,
    settle,
    applyLabels: (labels) => engine.labels.apply(send, labels),
    get countersIncomplete() {
      return watch.countersIncomplete;
    },
    async markRebuilt(sinceMs = Number.NEGATIVE_INFINITY) {
      const [known] = await sendTogether(client, [watch.askStreams()]);
      await sendTogether(client, watch.rebuilt(sinceMs, known));
    },
    async declareLoss() {
      await sendTogether(client, [watch.declareLoss()]);
    },
    state: async () => watch.answer(await sendTogether(client, watch.ask())),
    evictions: () => lookForEvictions(client, `${prefix}:{state}:state`, (calls) => sendTogether(client, calls)),
    close: async () => {},
  };
}

const isUnreadable = ({ reason }: Unsettled): boolean => reason !== undefined;

const corruptKey = ({ key, reason = 'its companion is not declared' }: Unsettled): VigilError =>
  new VigilError('FEATURE_STORE_CORRUPT', `what ${key} holds cannot be read: ${reason}`, { context: { key } });

/** What was lost just now may have left no trace in a log: a profile has none. */
function withLosses(readings: readonly FeatureReading[], unsettled: readonly Unsettled[]): readonly FeatureReading[] {
  if (unsettled.length === 0) return readings;
  const losers = new Set(unsettled.filter(isUnreadable).map(({ place }) => place));
  return readings.map((reading, place) =>
    losers.has(place) && !reading.flags.includes('COUNTERS_LOST')
      ? { ...reading, flags: [...reading.flags, 'COUNTERS_LOST'] }
      : reading,
  );
}

const isConflict = (parsed: ParsedTransaction, slot: StoredSlot | undefined): boolean =>
  slot !== undefined && slot.decided.fingerprint !== parsed.fingerprint;

function slotReads(keys: readonly string[], onCluster: boolean): Call[] {
  return onCluster ? keys.map((key): Call => ['get', key]) : [['mget', ...keys]];
}

function slotAt(slots: readonly unknown[], place: number): StoredSlot | undefined {
  const bytes = slots[place];
  return Buffer.isBuffer(bytes) ? decodeSlot(bytes) : undefined;
}
