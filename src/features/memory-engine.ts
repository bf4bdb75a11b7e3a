/**
 * The in-process state: one table of entities per combination, one packed log per stream of an entity, one profile per
 * customer. One transaction in, its reading out. Reuses its scratch arrays: one call at a time.
 */
import { entityId } from '../domain/entity-id.ts';
import type { FeatureCatalogue, FeatureReading, FeatureValue, Profile } from '../domain/feature.ts';
import type { Transaction } from '../domain/transaction.ts';
import { computeValues } from './compute-features.ts';
import { computeProfile, EMPTY_PROFILE } from './compute-profile.ts';
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
import { entityKey } from './entities.ts';
import { createEntityTable, type EntityTable, type TableEntry } from './entity-table.ts';
import { type Combination, type FeaturePlan, RAW, type StreamPlan } from './feature-plan.ts';
import { createLogArena, type LogArena } from './log-arena.ts';
import { recordTime } from './log-correcting.ts';
import { type LogLayout, layoutOf } from './log-layout.ts';
import { findRecord, newestMs, upperBound } from './log-reading.ts';
import { correctLog, createMemoryReferences, isReplaced, type Replacements } from './memory-corrections.ts';
import { countFrauds, createMemoryLabels, type FraudList, forgetReplaced, type MemoryLabels } from './memory-labels.ts';
import { readReplaced, VISIT, type Visit, visitLog } from './packed-log.ts';
import { createProfile, createProfileEvent, readProfileEvent, updateProfile } from './profile-state.ts';
import { profileWithout } from './profile-without.ts';
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
  /** `key` is the transaction's identity as one string, `hash` its hash53 */
  visit(transaction: Transaction, key: string, hash: number): FeatureReading;
  /** the newest time of all transactions */
  watermarkMs(): number;
}

const DEFAULTS = { maxEntities: 2_000_000, maxEventsPerLog: 262_144 } as const;
const SHANGHAI_MINUTES = 480;
/** a profile outlives the windows: a dormant customer's habits are what the wake-up is measured against */
const PROFILE_IDLE_MS = 400 * 86_400_000;

interface Entity extends TableEntry {
  /** address of the log of its combination's first stream; −1: no log yet. Most combinations have one: no array to fetch */
  log: number;
  /** of the other streams, in their order */
  readonly others: number[];
  frauds: FraudList<Entity>[] | undefined;
  /** by the place of the stream: what other versions have replaced; most entities have none */
  replaced: Replacements[] | undefined;
}

interface Customer extends TableEntry {
  newestMs: number;
  profile: Float64Array;
}

interface Stream {
  readonly plan: StreamPlan;
  readonly layout: LogLayout;
  readonly arena: LogArena;
  /** address of a log without records: what an entity without a log has */
  readonly empty: number;
}

const NO_LOG = -1;

export function createMemoryEngine(plan: FeaturePlan, options: MemoryStoreOptions): MemoryEngine {
  const maxEntities = options.maxEntities ?? DEFAULTS.maxEntities;
  const zoneOffsetMinutes = options.zoneOffsetMinutes ?? (() => SHANGHAI_MINUTES);
  const keepsProfiles = options.keepsProfiles ?? true;
  const streams = plan.streams.map((stream) =>
    createStream(stream, plan.latenessMs, options.maxEventsPerLog ?? DEFAULTS.maxEventsPerLog),
  );
  const retentionOf = (combination: Combination): number =>
    Math.max(...combination.streams.map((index) => plan.streams[index]?.retentionMs ?? 0));
  const tables = plan.combinations.map((combination) =>
    createEntityTable<Entity>({
      maxEntities,
      idleMs: retentionOf(combination) + plan.latenessMs,
      newestMs: (entity) => newestOf(entity, combination, streams),
      onForget: (entity) => freeLogs(entity, combination, streams),
    }),
  );
  const customers = createEntityTable<Customer>({
    maxEntities,
    idleMs: PROFILE_IDLE_MS,
    newestMs: (customer) => customer.newestMs,
  });
  const labels = createMemoryLabels(
    Math.max(0, ...plan.streams.filter((stream) => stream.needsLabels).map((stream) => stream.retentionMs)),
    ({ owner, place, stream: index }: FraudList<Entity>, timeMs, id) => {
      const address = addressOf(owner, place);
      if (address === NO_LOG) return undefined;
      const { arena, layout } = streams[index] as Stream;
      const log = arena.open(address);
      const known = findRecord(layout, log, { timeMs, id }, upperBound(layout, log, timeMs, 0, log.count));
      return known < 0 ? undefined : recordTime(layout, log, 0);
    },
  );
  const raw = new Float64Array(plan.rawLength);
  // copied for every reading: an array that begins with null keeps its kind whatever number comes into it
  const noValues = plan.sources.map((): FeatureValue => null);
  const reader = createTransactionReader(plan);
  const { event } = reader;
  const profileEvent = createProfileEvent();
  /** of the transaction in hand: the fraud lists of the logs that took it, and whether the customer's log did */
  const fraudLists: FraudList<Entity>[] = [];
  let isNew = false;
  let isAgain = false;
  /** false: another version of it has taught the profile before */
  let teaches = false;
  let correction: PlannedCorrection | undefined;
  /** one bit per answer of a log */
  let answers = 0;
  const unsearched = new Set<number>();
  let isReplacing = false;
  const references = createMemoryReferences(maxEntities, referencesTtlMs(plan));
  let watermarkMs = Number.NEGATIVE_INFINITY;

  /** What the correction in hand does to a log, before its own visit. */
  function correctStream(stream: Stream, place: number, entity: Entity | undefined): void {
    if (correction === undefined) return;
    const operation = operationOn(plan, stream.plan, correction.kind);
    if (operation === undefined) return;
    const address = entity === undefined ? NO_LOG : addressOf(entity, place);
    if (entity === undefined || address === NO_LOG) {
      answers |= 1 << ANSWER.unknown;
      return;
    }
    const { arena, layout } = stream;
    const log = arena.open(address);
    entity.replaced ??= [];
    const replaced = entity.replaced[place] ?? [];
    entity.replaced[place] = replaced;
    const onReplaced = (id: number): void => {
      if (stream.plan.needsLabels) forgetReplaced(fraudListOf(entity, place, stream), id);
    };
    const answer = correctLog({ layout, log, replaced, onReplaced }, event, operation, correction);
    arena.save();
    answers |= 1 << answer;
    if (answer === ANSWER.beyond) unsearched.add(stream.plan.index);
    isReplacing = operation === OPERATION.replace && answer === ANSWER.known;
  }

  /** One log of one entity; the entity is made when the first event belongs to it. */
  function visitStream(
    stream: Stream,
    place: number,
    entity: Entity | undefined,
    table: EntityTable<Entity>,
    belongs: boolean,
  ): Visit {
    reader.readStream(stream.plan);
    isReplacing = false;
    correctStream(stream, place, entity);
    const { arena, layout } = stream;
    const address = entity === undefined ? NO_LOG : addressOf(entity, place);
    let visit: Visit;
    if (belongs && address !== NO_LOG && isReplaced(entity?.replaced?.[place], event.id)) {
      visit = readReplaced(layout, arena.open(address), event, raw);
    } else if (!belongs || entity === undefined) {
      const log = arena.open(address === NO_LOG ? stream.empty : address);
      if (address === NO_LOG) log.droppedMs = table.forgottenMs;
      visit = visitLog(layout, log, event, false, raw);
    } else {
      const log = address === NO_LOG ? arena.create(table.forgottenMs) : arena.open(address);
      visit = visitLog(layout, log, event, true, raw);
      if (visit === VISIT.inOrder || visit === VISIT.late) {
        arena.save();
        if (log.address !== address) keepAddress(entity, place, log.address);
        // a log that starts anew has nothing of what it held before
        if (log.count === 1 && stream.plan.needsLabels) fraudListOf(entity, place, stream).frauds = NO_FRAUDS;
      }
    }
    if (stream.plan.needsLabels) writeFrauds(stream, entity?.frauds?.[place], event.timeMs, raw);
    return visit;
  }

  function visitCombination(combination: Combination, index: number, transaction: Transaction): number {
    const id = keyOf(combination, transaction);
    if (id === undefined) {
      markAbsent(combination, streams, raw);
      return 0;
    }
    const table = tables[index] as EntityTable<Entity>;
    let entity = table.get(id);
    if (entity === undefined && combination.streams.some((at) => reader.belongs((streams[at] as Stream).plan))) {
      entity = { isRecent: false, log: NO_LOG, others: othersOf(combination), frauds: undefined, replaced: undefined };
      table.add(id, entity, watermarkMs);
    }
    let seen = 0;
    for (let place = 0; place < combination.streams.length; place++) {
      const at = combination.streams[place] as number;
      const stream = streams[at] as Stream;
      const visit = visitStream(stream, place, entity, table, reader.belongs(stream.plan));
      seen |= 1 << visit;
      if (at === plan.identityStream) {
        isNew = visit === VISIT.inOrder || visit === VISIT.late;
        teaches = isNew && !isReplacing;
        isAgain = visit === VISIT.repeat;
      }
      if (stream.plan.needsLabels && entity !== undefined && (visit === VISIT.inOrder || visit === VISIT.late))
        fraudLists.push(fraudListOf(entity, place, stream));
    }
    return seen;
  }

  function visit(transaction: Transaction, key: string, hash: number): FeatureReading {
    watermarkMs = Math.max(watermarkMs, transaction.occurredAtMs);
    reader.start(transaction, hash);
    fraudLists.length = 0;
    isNew = false;
    isAgain = false;
    teaches = false;
    correction = correctionInHand(transaction);
    answers = 0;
    unsearched.clear();
    let seen = 0;
    for (let index = 0; index < plan.combinations.length; index++)
      seen |= visitCombination(plan.combinations[index] as Combination, index, transaction);
    if (fraudLists.length > 0) labels.remember(key, transaction.occurredAtMs, [...fraudLists]);
    const own = isNew ? ownReferences(transaction) : undefined;
    if (own !== undefined) references.remember(transaction.customerId, own, hash, event.timeMs, watermarkMs);
    const profile = keepsProfiles ? visitProfile(transaction) : EMPTY_PROFILE;
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

  function correctionInHand(transaction: Transaction): PlannedCorrection | undefined {
    const acting = actingCorrection(plan, transaction);
    if (acting === undefined) return undefined;
    const named = namedReferences(acting, transaction);
    const byReferences = named === undefined ? 0 : references.resolve(transaction.customerId, named);
    return planCorrection(acting, transaction, byReferences);
  }

  function visitProfile(transaction: Transaction): Profile {
    readProfileEvent(profileEvent, transaction, zoneOffsetMinutes(transaction.occurredAtMs));
    let customer = customers.get(transaction.customerId);
    const state = customer?.profile ?? NEW_PROFILE;
    const profile = computeProfile(isAgain ? profileWithout(state, profileEvent) : state, profileEvent);
    if (!teaches) return profile;
    if (customer === undefined) {
      customer = { newestMs: event.timeMs, isRecent: false, profile: createProfile() };
      customers.add(transaction.customerId, customer, watermarkMs);
    }
    customer.newestMs = Math.max(customer.newestMs, event.timeMs);
    customer.profile = updateProfile(customer.profile, profileEvent);
    return profile;
  }

  return { visit, labels, watermarkMs: () => watermarkMs };
}

const NEW_PROFILE = createProfile();

function createStream(plan: StreamPlan, latenessMs: number, maxRecords: number): Stream {
  const layout = layoutOf(plan, latenessMs, maxRecords);
  const arena = createLogArena(layout);
  const { address } = arena.create(Number.NEGATIVE_INFINITY);
  arena.save();
  return { plan, layout, arena, empty: address };
}

const NO_OTHERS: number[] = [];
const othersOf = ({ streams }: Combination): number[] =>
  streams.length === 1 ? NO_OTHERS : streams.slice(1).map(() => NO_LOG);

const addressOf = (entity: Entity, place: number): number =>
  place === 0 ? entity.log : (entity.others[place - 1] as number);

function keepAddress(entity: Entity, place: number, address: number): void {
  if (place === 0) entity.log = address;
  else entity.others[place - 1] = address;
}

function newestOf(entity: Entity, { streams: own }: Combination, streams: readonly Stream[]): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (let place = 0; place < own.length; place++) {
    const { arena, layout } = streams[own[place] as number] as Stream;
    const address = addressOf(entity, place);
    if (address !== NO_LOG) newest = Math.max(newest, newestMs(layout, arena.open(address)));
  }
  return newest;
}

function freeLogs(entity: Entity, { streams: own }: Combination, streams: readonly Stream[]): void {
  for (let place = 0; place < own.length; place++) {
    const address = addressOf(entity, place);
    if (address === NO_LOG) continue;
    (streams[own[place] as number] as Stream).arena.free(address);
    // labels may still know the entity; another one has the place now
    keepAddress(entity, place, NO_LOG);
  }
}

const keyOf = (combination: Combination, transaction: Transaction): string | undefined => {
  const [first] = combination.kinds;
  if (combination.kinds.length > 1 || first === undefined) return entityKey(transaction, combination.kinds);
  return entityId(transaction, first);
};

function markAbsent(combination: Combination, streams: readonly Stream[], raw: Float64Array): void {
  for (const index of combination.streams)
    for (const window of streams[index]?.plan.windows ?? []) raw[window.rawAt + RAW.count] = -1;
}

const NO_FRAUDS: FraudList<Entity>['frauds'] = [];

function fraudListOf(entity: Entity, place: number, { plan }: Stream): FraudList<Entity> {
  entity.frauds ??= [];
  const list = entity.frauds[place] ?? { frauds: NO_FRAUDS, owner: entity, place, stream: plan.index };
  entity.frauds[place] = list;
  return list;
}

function writeFrauds(stream: Stream, list: FraudList<Entity> | undefined, timeMs: number, raw: Float64Array): void {
  for (const window of stream.plan.windows) {
    const edge = timeMs - window.delayMs;
    raw[window.rawAt + RAW.frauds] = countFrauds(list, edge - window.windowMs, edge, timeMs);
  }
}
