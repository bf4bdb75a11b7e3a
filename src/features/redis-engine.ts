/** Turns a chunk into the script's calls, and the script's replies into readings. Sends nothing itself. */
import type { Clock } from '../domain/clock.ts';
import type { FeatureReading, FeatureValue, Profile } from '../domain/feature.ts';
import { type ParsedTransaction, type Transaction, transactionKey } from '../domain/transaction.ts';
import { computeValues } from './compute-features.ts';
import { computeProfile, EMPTY_PROFILE } from './compute-profile.ts';
import {
  ANSWER,
  isOriginalMissing,
  ownReferences,
  type PlannedCorrection,
  referencesTtlMs,
  withUnsearched,
} from './corrections.ts';
import { entityKey } from './entities.ts';
import { type Combination, type FeaturePlan, RAW } from './feature-plan.ts';
import { hash53, shardOf } from './hash.ts';
import { VISIT } from './packed-log.ts';
import { createProfile, createProfileEvent, readProfileEvent } from './profile-state.ts';
import { profileWithout } from './profile-without.ts';
import type { LogEvent } from './raw-numbers.ts';
import { flagsOf, NO_NAMES } from './reading-flags.ts';
import {
  addNumbers,
  type Batch,
  collect,
  createBatch,
  isAnyUnsettled,
  isFull,
  isUnsettled,
  keysOf,
  makeRoom,
  NOTHING_UNSETTLED,
  type Replied,
  type RepliedByPlace,
  type Unsettled,
  unsettledOf,
} from './redis-batch.ts';
import type { Call } from './redis-calls.ts';
import { CORRECT, correctionNumbers, type PlannedCorrections, REMEMBER, referencesKey } from './redis-corrections.ts';
import { shardTag } from './redis-keys.ts';
import { createRedisLabels, type LabelledLog, type LabelledTransaction, type RedisLabels } from './redis-labels.ts';
import { logTtlMs, type RedisLayout, readReply, redisLayoutOf, updateLength, writeUpdate } from './redis-layout.ts';
import { PROFILE_NUMBERS, takeProfileEvent, writeProfileEvent } from './redis-profile.ts';
import { canRun, groupRuns, noteVisit, placeOf, readRun } from './redis-runs.ts';
import { loadFunction, loadScript } from './redis-script.ts';
import type { RedisStateWatch } from './redis-state-watch.ts';
import { encodeStreams } from './redis-streams.ts';
import { createTransactionReader } from './transaction-reader.ts';

export interface RedisEngineOptions {
  readonly keyPrefix: string;
  readonly zoneOffsetMinutes?: (timeMs: number) => number;
  readonly maxEventsPerLog?: number;
  readonly keepsProfiles?: boolean;
  readonly clock?: Clock;
}

/** The calls of one chunk, and how their replies are read. */
export interface PreparedChunk {
  readonly calls: readonly Call[];
  /** on a cluster: those that its logs are in */
  readonly shards: readonly number[];
  readonly collect: (replies: readonly unknown[]) => Answered;
  /** Repeats of transactions whose places do not name all their logs: another version of features.yaml recorded them. */
  readonly withoutLogs: (replies: readonly unknown[]) => readonly LabelledTransaction[];
  readonly read: (replied: RepliedByPlace) => readonly FeatureReading[];
  /** the calls that take the transactions at these places out of their logs again */
  readonly withdraw: (replied: RepliedByPlace, places: ReadonlySet<number>) => readonly Call[];
}

interface Remembered {
  readonly own: LabelledTransaction;
  readonly call: Call;
}

export interface Answered {
  readonly replied: RepliedByPlace;
  /** what is to be sent again, when what was in its way is mended; mostly nothing */
  readonly unsettled: readonly Unsettled[];
}

export interface RedisEngine {
  /** `corrections`: by place in the chunk, empty when there is none */
  prepare(chunk: readonly ParsedTransaction[], byShard: boolean, corrections: PlannedCorrections): PreparedChunk;
  /** The log's `:w` is there: from now on its updates declare it. */
  declareReplaced(key: string): void;
  /** The answers of the first time, and those of the second in the place of what was not settled. */
  complete(first: RepliedByPlace, second: RepliedByPlace, places: readonly number[]): Answered;
  readonly labels: RedisLabels;
}

/** logs whose `:w` this process knows of: beyond them it learns anew */
const MOST_DECLARED = 10_000;
const DEFAULT_MAX_EVENTS = 262_144;
const SHANGHAI_MINUTES = 480;
/** in the place of a stream: takes an event out of a log */
const WITHDRAW = -2;
/** in the place of `belongs` */
const BELONGS_AND_DECLARES = 2;
const ON_CLUSTER = Buffer.from('1');
const NEW_PROFILE = createProfile();

export function createRedisEngine(plan: FeaturePlan, watch: RedisStateWatch, options: RedisEngineOptions): RedisEngine {
  const script = loadFunction('record-and-read');
  const restore = loadScript('restore-profile');
  const layouts = plan.streams.map(redisLayoutOf);
  const streams = encodeStreams(plan, layouts, options.maxEventsPerLog ?? DEFAULT_MAX_EVENTS);
  const reader = createTransactionReader(plan);
  const { event } = reader;
  const profileEvent = createProfileEvent();
  const zoneOffsetMinutes = options.zoneOffsetMinutes ?? (() => SHANGHAI_MINUTES);
  const keepsProfiles = options.keepsProfiles ?? true;
  const clock: Clock = options.clock ?? { now: Date.now };
  const raw = new Float64Array(plan.rawLength);
  const replacedLogs = new Set<string>();

  function addCombination(
    batch: Batch,
    place: number,
    transaction: Transaction,
    base: string,
    combination: Combination,
  ): void {
    for (const index of combination.streams) {
      const layout = layouts[index] as RedisLayout;
      reader.readStream(layout.stream);
      const key = `${base}:${layout.id}`;
      const start = canRun(layout) ? placeOf(batch) : undefined;
      if (correction !== undefined) addCorrection(batch, place, layout, key, correction);
      const at = batch.used;
      makeRoom(batch, updateLength(layout));
      batch.used = writeUpdate(batch.numbers, at, layout, reader.belongs(layout.stream), event);
      batch.keys.push(key);
      if (layout.hasCompanion) batch.keys.push(`${key}:m`);
      const declares = replacedLogs.has(key) && reader.belongs(layout.stream);
      if (declares) {
        batch.numbers[at + 1] = BELONGS_AND_DECLARES;
        batch.keys.push(`${key}:w`);
      }
      if (layout.stream.needsLabels && reader.belongs(layout.stream))
        labelled.push({ key, recordSize: layout.recordSize });
      batch.updates.push({ place, stream: index, at, keys: keysOf(layout) + (declares ? 1 : 0) });
      if (index === plan.identityStream) addCompanions(batch, place, transaction, base);
      if (start !== undefined) noteVisit(batch, key, layout, start);
    }
  }

  /** What comes right behind the log that tells a repeat. */
  function addCompanions(batch: Batch, place: number, transaction: Transaction, base: string): void {
    const references = ownReferences(transaction);
    if (references !== undefined) {
      const numbers = [REMEMBER, references, referencesTtl, event.id, 0];
      addNumbers(batch, { place, stream: REMEMBER }, numbers, [referencesKey(base)]);
    }
    if (keepsProfiles) addProfile(batch, place, transaction, `${base}:profile`);
  }

  /** of the transaction in hand */
  const unsearched = new Set<number>();
  let correction: PlannedCorrection | undefined;
  const referencesTtl = referencesTtlMs(plan);

  function addCorrection(
    batch: Batch,
    place: number,
    layout: RedisLayout,
    key: string,
    planned: PlannedCorrection,
  ): void {
    const numbers = correctionNumbers(plan, layout.stream, planned, event);
    if (numbers === undefined) return;
    const keys = [key, ...(layout.hasCompanion ? [`${key}:m`] : []), `${key}:w`];
    addNumbers(batch, { place, stream: CORRECT }, numbers, keys);
  }

  function addProfile(batch: Batch, place: number, transaction: Transaction, key: string): void {
    readProfileEvent(profileEvent, transaction, zoneOffsetMinutes(transaction.occurredAtMs));
    const at = batch.used;
    makeRoom(batch, PROFILE_NUMBERS);
    batch.used = writeProfileEvent(batch.numbers, at, profileEvent);
    batch.keys.push(key);
    batch.updates.push({ place, stream: -1, at, keys: 1 });
  }

  /** Of the transaction in hand: its logs with label features. */
  const labelled: LabelledLog[] = [];
  const labels = createRedisLabels(options.keyPrefix, labelRetentionMs(plan));

  function batchUpdates(
    chunk: readonly ParsedTransaction[],
    byShard: boolean,
    remembered: Remembered[],
    corrections: PlannedCorrections,
  ): ReadonlyMap<number, Batch> {
    const batches = new Map<number, Batch>();
    // on one server the calls come one after the other; on a cluster one that finds its slot moved would let the next overtake it
    let call = 0;
    let callStart = 0;
    chunk.forEach(({ transaction }, place) => {
      const last = byShard ? undefined : batches.get(call);
      if (last !== undefined && isFull(last, place - callStart)) {
        call++;
        callStart = place;
      }
      const { channel, transactionId, occurredAtMs } = transaction;
      const identity = transactionKey(channel, transactionId);
      reader.start(transaction, hash53(identity));
      correction = corrections[place];
      labelled.length = 0;
      for (const combination of plan.combinations) {
        const id = entityKey(transaction, combination.kinds);
        if (id === undefined) continue;
        const shard = shardOf(id);
        const group = byShard ? shard : call;
        const batch = batches.get(group) ?? createBatch(chunk.length);
        batches.set(group, batch);
        const base = `${options.keyPrefix}:${shardTag(shard)}:${combination.name}:${id}`;
        addCombination(batch, place, transaction, base, combination);
      }
      if (labelled.length === 0) return;
      const own = { identity, logs: [...labelled] };
      remembered.push({ own, call: labels.remember(own, occurredAtMs) });
    });
    return batches;
  }

  /** All that the replies say of one transaction. */
  function readTransaction(transaction: Transaction, replies: readonly Replied[]): FeatureReading {
    raw.fill(0);
    for (const stream of plan.streams) for (const window of stream.windows) raw[window.rawAt + RAW.count] = -1;
    let seen = 0;
    let isAgain = false;
    let answers = 0;
    unsearched.clear();
    let profile: Profile = EMPTY_PROFILE;
    event.timeMs = transaction.occurredAtMs;
    for (const { stream, numbers, at, status, parts, part, run, inRun } of replies) {
      if (stream === CORRECT) answers |= 1 << status;
      if (stream === CORRECT && status === ANSWER.beyond) unsearched.add(numbers[at + 1] as number);
      if (stream < -1) continue;
      if (stream === -1) {
        takeProfileEvent(profileEvent, numbers, at);
        const bytes = parts[part] as Buffer;
        const state = bytes.length === 0 ? NEW_PROFILE : doublesOf(bytes);
        // the profile comes right after the log that tells a repeat
        profile = computeProfile(isAgain ? profileWithout(state, profileEvent) : state, profileEvent);
        continue;
      }
      const layout = layouts[stream] as RedisLayout;
      takeEvent(event, layout, numbers, at);
      if (run === undefined) readReply(layout, status, parts, part, event, raw);
      else readRun(layout, run, inRun, event.timeMs, raw);
      if (stream === plan.identityStream) isAgain = status === VISIT.repeat;
      seen |= 1 << status;
    }
    const values = new Array<FeatureValue>(plan.sources.length);
    const estimated = withUnsearched(plan, unsearched, computeValues(plan, raw, transaction.occurredAtMs, values));
    const warmingUp = watch.warmingUp(transaction.occurredAtMs);
    const hasLost = estimated !== undefined && losesRecords(plan, raw);
    const flags = flagsOf(seen, estimated !== undefined, warmingUp.length > 0, isOriginalMissing(answers), hasLost);
    return { values, profile, flags, estimated: estimated ?? NO_NAMES, warmingUp };
  }

  function withdrawal({ stream, numbers, at, status, parts, part, keys: all, key }: Replied): Call | undefined {
    if (stream < -1) return undefined;
    const keys = all.slice(key, key + keysOf(layouts[stream]));
    if (stream === -1) return { script: restore, keys, args: [parts[part] as Buffer] };
    if (status !== VISIT.inOrder && status !== VISIT.late) return undefined;
    const work = [WITHDRAW, stream, numbers[at + 2] as number, numbers[at + 3] as number, 0];
    return { script, keys, args: [doubles(clock.now()), streams, doubles(...work)] };
  }

  return {
    prepare(chunk, byShard, corrections) {
      const remembered: Remembered[] = [];
      const byGroup = batchUpdates(chunk, byShard, remembered, corrections);
      const batches = [...byGroup.values()].map(groupRuns);
      const now = doubles(clock.now());
      const onCluster = byShard ? [ON_CLUSTER] : [];
      return {
        calls: [
          ...batches.map(({ keys, numbers, used }) => ({
            script,
            keys,
            args: [now, streams, Buffer.from(numbers.buffer, numbers.byteOffset, used * 8), ...onCluster],
          })),
          ...remembered.map(({ call }) => call),
        ],
        shards: byShard ? [...byGroup.keys()] : [],
        collect(replies) {
          const replied: Replied[][] = chunk.map(() => []);
          batches.forEach((batch, index) => {
            collect(batch, layouts, replies[index], replied);
          });
          return { replied, unsettled: isAnyUnsettled(replies) ? unsettledOf(replied, layouts) : NOTHING_UNSETTLED };
        },
        withoutLogs: (replies) =>
          remembered.flatMap(({ own }, index) =>
            labels.isIncomplete(own, replies[batches.length + index]) ? [own] : [],
          ),
        read: (replied) => chunk.map(({ transaction }, place) => readTransaction(transaction, replied[place] ?? [])),
        withdraw: (replied, places) =>
          replied
            .filter((_own, place) => places.has(place))
            .flatMap((own) => own.map(withdrawal).filter((call) => call !== undefined))
            // newest first: a profile goes back one event at a time
            .reverse(),
      };
    },
    declareReplaced(key) {
      if (replacedLogs.size >= MOST_DECLARED) replacedLogs.clear();
      replacedLogs.add(key);
    },
    complete(first, second, places) {
      const all = [...first];
      places.forEach((place, index) => {
        const again = second[index] ?? [];
        const own = first[place] ?? [];
        // the profile goes with the log that tells a repeat
        const isRead = own.some(({ stream, status }) => stream === plan.identityStream && !isUnsettled(status));
        all[place] = own.map((replied) =>
          isUnsettled(replied.status) || (replied.stream === -1 && !isRead) ? sameUpdate(again, replied) : replied,
        );
      });
      return { replied: all, unsettled: unsettledOf(all, layouts) };
    },
    labels,
  };
}

/** The order is that of the calls, and may be another one the second time. */
const sameUpdate = (all: readonly Replied[], { stream, keys, key }: Replied): Replied =>
  all.find((other) => other.stream === stream && other.keys[other.key] === keys[key]) as Replied;

const losesRecords = (plan: FeaturePlan, raw: Float64Array): boolean =>
  plan.sources.some(({ rawAt }) => (raw[rawAt + RAW.clipped] as number) > 1);

const labelRetentionMs = (plan: FeaturePlan): number =>
  Math.max(1, ...plan.streams.filter((stream) => stream.needsLabels).map(logTtlMs));

function takeEvent(event: LogEvent, layout: RedisLayout, numbers: Float64Array, at: number): void {
  event.value = numbers[at + 4] as number;
  event.squareLow = layout.squaresAt < 0 ? 0 : (numbers[at + 5] as number);
  event.squareHigh = layout.squaresAt < 0 ? 0 : (numbers[at + 6] as number);
}

const doubles = (...numbers: number[]): Buffer => {
  const bytes = Buffer.allocUnsafe(8 * numbers.length);
  numbers.forEach((number, index) => {
    bytes.writeDoubleLE(number, 8 * index);
  });
  return bytes;
};

/** A copy that starts on a multiple of eight. */
function doublesOf(bytes: Buffer): Float64Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Float64Array(copy.buffer);
}
