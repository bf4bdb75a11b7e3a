/**
 * The in-process state: one table of entities per combination, one packed log per stream of an entity, one profile per
 * customer. One transaction in, its reading out. Reuses its scratch arrays: one call at a time.
 */
import {
  ENTITY_KINDS,
  type EntityKind,
  type FeatureCatalogue,
  type FeatureReading,
  type FeatureValue,
} from '../domain/feature.ts';
import { type ParsedTransaction, type Transaction, transactionKey } from '../domain/transaction.ts';
import { computeValues } from './compute-features.ts';
import { EMPTY_PROFILE } from './compute-profile.ts';
import {
  ANSWER,
  actingCorrection,
  isOriginalMissing,
  namedReferences,
  OPERATION,
  operationOn,
  ownReferences,
  type PlannedCorrection,
  planCorrection,
  referencesTtlMs,
  withUnsearched,
} from './corrections.ts';
import {
  createEntityLogs,
  createStream,
  type EntityLogs,
  type FraudOwner,
  NO_FRAUDS,
  NO_LOG,
  type Stream,
} from './entity-logs.ts';
import { NO_ENTITY } from './entity-table.ts';
import { type Combination, type FeaturePlan, RAW } from './feature-plan.ts';
import { recordTime } from './log-correcting.ts';
import { findRecord, upperBound } from './log-reading.ts';
import { correctLog, createMemoryReferences, isReplaced } from './memory-corrections.ts';
import { countFrauds, createMemoryLabels, type FraudList, forgetReplaced, type MemoryLabels } from './memory-labels.ts';
import { createMemoryProfiles } from './memory-profiles.ts';
import { createPackedIds } from './packed-ids.ts';
import { readReplaced, VISIT, type Visit, visitLog } from './packed-log.ts';
import { flagsOf, NO_NAMES } from './reading-flags.ts';
import { createTransactionReader } from './transaction-reader.ts';

export interface MemoryStoreOptions {
  readonly catalogue: FeatureCatalogue;
  /** minutes east of UTC at a time, in the bank's zone; by default those of Asia/Shanghai */
  readonly zoneOffsetMinutes?: (timeMs: number) => number;
  /** entities kept of each combination, and customers' profiles */
  readonly maxEntities?: number;
  readonly maxEventsPerLog?: number;
  /** transactions whose first reading and decision are kept for repeats */
  readonly maxSlots?: number;
  /** false: profiles are neither kept nor answered (a catalogue's windows alone) */
  readonly keepsProfiles?: boolean;
}

export interface MemoryEngine {
  readonly labels: Pick<MemoryLabels<unknown>, 'apply'>;
  /** the transactions of the next visits: at most MOST_ITEMS */
  begin(transactions: readonly ParsedTransaction[]): void;
  /** `item`: its number among those; `hash`: hashTransaction of it */
  visit(item: number, transaction: Transaction, hash: number): FeatureReading;
  /** the newest time of all transactions */
  watermarkMs(): number;
}

const DEFAULTS = { maxEntities: 2_000_000, maxEventsPerLog: 262_144 } as const;
const SHANGHAI_MINUTES = 480;
const DAY_MS = 86_400_000;
/** transactions whose memory is asked for together: more of them would push each other out of the processor's cache */
export const MOST_ITEMS = 16;

export function createMemoryEngine(plan: FeaturePlan, options: MemoryStoreOptions): MemoryEngine {
  const maxEntities = options.maxEntities ?? DEFAULTS.maxEntities;
  const zoneOffsetMinutes = options.zoneOffsetMinutes ?? (() => SHANGHAI_MINUTES);
  const keepsProfiles = options.keepsProfiles ?? true;
  const ids = createPackedIds(kindsOf(plan), MOST_ITEMS);
  const streams = plan.streams.map((stream) =>
    createStream(stream, plan.latenessMs, options.maxEventsPerLog ?? DEFAULTS.maxEventsPerLog),
  );
  const retentionOf = (combination: Combination): number =>
    Math.max(...combination.streams.map((index) => plan.streams[index]?.retentionMs ?? 0));
  // Redis keeps an idle log for as long as that: it tells what comes too late
  const idleMs = Math.max(plan.latenessMs, DAY_MS);
  const entities = plan.combinations.map((combination) =>
    createEntityLogs({ combination, streams, ids, maxEntities, idleMs: retentionOf(combination) + idleMs }),
  );
  const profiles = keepsProfiles ? createMemoryProfiles({ ids, maxEntities, zoneOffsetMinutes }) : undefined;
  const labels = createMemoryLabels(
    Math.max(0, ...plan.streams.filter((stream) => stream.needsLabels).map((stream) => stream.retentionMs)),
    ({ owner, place, stream: index }: FraudList<FraudOwner>, timeMs, id) => {
      const address = owner.entity === NO_ENTITY ? NO_LOG : owner.logs.logOf(owner.entity, place);
      if (address === NO_LOG) return undefined;
      const log = (streams[index] as Stream).arena.open(address);
      const { layout } = log;
      const known = findRecord(layout, log, { timeMs, id }, upperBound(layout, log, timeMs, 0, log.count));
      return known < 0 ? undefined : recordTime(layout, log, 0);
    },
  );
  const raw = new Float64Array(plan.rawLength);
  // copied for every reading: an array that begins with null keeps its kind whatever number comes into it
  const noValues = plan.sources.map((): FeatureValue => null);
  const reader = createTransactionReader(plan);
  const { event } = reader;
  /** of the transaction in hand: the fraud lists of the logs that took it, and whether the customer's log did */
  const fraudLists: FraudList<FraudOwner>[] = [];
  let isNew = false;
  let isAgain = false;
  /** false: another version of it has taught the profile before */
  let teaches = false;
  let correction: PlannedCorrection | undefined;
  /** one bit per answer of a log */
  let answers = 0;
  const unsearched = new Set<number>();
  let isReplacing = false;
  const references = createMemoryReferences(ids, maxEntities, referencesTtlMs(plan));
  let watermarkMs = Number.NEGATIVE_INFINITY;
  /** what was asked for early is written somewhere, or the compiler would not ask */
  const touched = new Float64Array(1);

  /** Four rounds, since each access needs what the one before it brought; in a round nothing waits for anything else. */
  function touchAll(items: number): void {
    let sum = profiles?.touchTable(items) ?? 0;
    for (let index = 0; index < entities.length; index++) sum += (entities[index] as EntityLogs).touchTable(items);
    sum += profiles?.touchRows(items) ?? 0;
    for (let index = 0; index < entities.length; index++) sum += (entities[index] as EntityLogs).touchRows(items);
    sum += profiles?.touchStates(items) ?? 0;
    for (let index = 0; index < entities.length; index++) sum += (entities[index] as EntityLogs).touchLogs(items);
    for (let index = 0; index < entities.length; index++) sum += (entities[index] as EntityLogs).touchRecords();
    touched[0] = sum;
  }

  /** What the correction in hand does to a log, before its own visit. */
  function correctStream(own: EntityLogs, place: number, entity: number): void {
    if (correction === undefined) return;
    const stream = own.streams[place] as Stream;
    const operation = operationOn(plan, stream.plan, correction.kind);
    if (operation === undefined) return;
    const address = entity === NO_ENTITY ? NO_LOG : own.logOf(entity, place);
    if (address === NO_LOG) {
      answers |= 1 << ANSWER.unknown;
      return;
    }
    const { arena } = stream;
    const log = arena.open(address);
    const replaced = own.makeReplaced(entity, place, event.timeMs);
    const onReplaced = (id: number): void => {
      if (stream.plan.needsLabels) forgetReplaced(own.makeFrauds(entity, place), id);
    };
    const answer = correctLog({ log, replaced, onReplaced }, event, operation, correction);
    arena.save();
    answers |= 1 << answer;
    if (answer === ANSWER.beyond) unsearched.add(stream.plan.index);
    isReplacing = operation === OPERATION.replace && answer === ANSWER.known;
  }

  /** One log of one entity; the entity is made when the first event belongs to it. */
  function visitStream(own: EntityLogs, place: number, entity: number, belongs: boolean): Visit {
    const stream = own.streams[place] as Stream;
    reader.readStream(stream.plan);
    isReplacing = false;
    if (correction !== undefined) correctStream(own, place, entity);
    const { arena } = stream;
    const address = entity === NO_ENTITY ? NO_LOG : own.logOf(entity, place);
    let visit: Visit;
    if (belongs && address !== NO_LOG && isReplaced(own.replacedOf(entity, place), event.id)) {
      visit = readReplaced(arena.open(address), event, raw);
    } else if (!belongs || entity === NO_ENTITY) {
      const log = arena.open(address === NO_LOG ? stream.empty : address);
      if (address === NO_LOG) log.droppedMs = own.table.forgottenMs;
      visit = visitLog(log, event, false, raw);
    } else {
      const log = address === NO_LOG ? arena.create(own.table.forgottenMs) : arena.open(address);
      visit = visitLog(log, event, true, raw);
      if (visit === VISIT.inOrder || visit === VISIT.late) {
        arena.save();
        if (log.address !== address) own.keepLog(entity, place, log.address);
        // a log that starts anew has nothing of what it held before
        if (log.count === 1 && stream.plan.needsLabels) own.makeFrauds(entity, place).frauds = NO_FRAUDS;
      }
    }
    if (stream.plan.needsLabels) writeFrauds(stream, own.fraudsOf(entity, place), event.timeMs, raw);
    return visit;
  }

  function visitCombination(own: EntityLogs, item: number): number {
    const { streams: ownStreams, table } = own;
    if (!table.isNamed(item)) {
      markAbsent(ownStreams, raw);
      return 0;
    }
    let entity = table.find(item);
    if (entity === NO_ENTITY && belongsToAny(ownStreams)) entity = table.add(item, watermarkMs);
    let seen = 0;
    for (let place = 0; place < ownStreams.length; place++) {
      const { plan: streamPlan } = ownStreams[place] as Stream;
      const visit = visitStream(own, place, entity, reader.belongs(streamPlan));
      seen |= 1 << visit;
      if (streamPlan.index === plan.identityStream) {
        isNew = visit === VISIT.inOrder || visit === VISIT.late;
        teaches = isNew && !isReplacing;
        isAgain = visit === VISIT.repeat;
      }
      if (streamPlan.needsLabels && entity !== NO_ENTITY && (visit === VISIT.inOrder || visit === VISIT.late))
        fraudLists.push(own.makeFrauds(entity, place));
    }
    return seen;
  }

  function belongsToAny(ownStreams: readonly Stream[]): boolean {
    for (let place = 0; place < ownStreams.length; place++)
      if (reader.belongs((ownStreams[place] as Stream).plan)) return true;
    return false;
  }

  function visit(item: number, transaction: Transaction, hash: number): FeatureReading {
    watermarkMs = Math.max(watermarkMs, transaction.occurredAtMs);
    reader.start(transaction, hash);
    fraudLists.length = 0;
    isNew = false;
    isAgain = false;
    teaches = false;
    correction = correctionInHand(item, transaction);
    answers = 0;
    if (unsearched.size > 0) unsearched.clear();
    let seen = 0;
    for (let index = 0; index < entities.length; index++) seen |= visitCombination(entities[index] as EntityLogs, item);
    if (fraudLists.length > 0) {
      const key = transactionKey(transaction.channel, transaction.transactionId);
      labels.remember(key, transaction.occurredAtMs, [...fraudLists]);
    }
    const own = isNew ? ownReferences(transaction) : undefined;
    if (own !== undefined) references.remember(item, own, hash, event.timeMs, watermarkMs);
    const profile = profiles?.visit(item, transaction, isAgain, teaches, watermarkMs) ?? EMPTY_PROFILE;
    const values = noValues.slice();
    const estimated = withUnsearched(plan, unsearched, computeValues(plan, raw, event.timeMs, values));
    return {
      values,
      profile,
      flags: flagsOf(seen, estimated !== undefined, false, isOriginalMissing(answers)),
      estimated: estimated ?? NO_NAMES,
      warmingUp: NO_NAMES,
    };
  }

  function correctionInHand(item: number, transaction: Transaction): PlannedCorrection | undefined {
    const acting = actingCorrection(plan, transaction);
    if (acting === undefined) return undefined;
    const named = namedReferences(acting, transaction);
    const byReferences = named === undefined ? 0 : references.resolve(item, named);
    return planCorrection(acting, transaction, byReferences);
  }

  return {
    labels,
    begin(transactions) {
      for (let item = 0; item < transactions.length; item++)
        ids.take(item, (transactions[item] as ParsedTransaction).transaction);
      touchAll(transactions.length);
    },
    visit,
    watermarkMs: () => watermarkMs,
  };
}

/** Of all entities' ids, and always the customer's. */
const kindsOf = (plan: FeaturePlan): readonly EntityKind[] =>
  ENTITY_KINDS.filter((kind) => plan.combinations.some(({ kinds }) => kinds.includes(kind)));

function markAbsent(streams: readonly Stream[], raw: Float64Array): void {
  for (const { plan } of streams) for (const window of plan.windows) raw[window.rawAt + RAW.count] = -1;
}

function writeFrauds(stream: Stream, list: FraudList<FraudOwner> | undefined, timeMs: number, raw: Float64Array): void {
  for (const window of stream.plan.windows) {
    const edge = timeMs - window.delayMs;
    raw[window.rawAt + RAW.frauds] = countFrauds(list, edge - window.windowMs, edge, timeMs);
  }
}
