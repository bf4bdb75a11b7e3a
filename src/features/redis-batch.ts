/** The updates of one call of record-and-read.lua, and which strings of its reply are whose. Sends nothing itself. */
import { VigilError } from '../domain/errors.ts';
import { VISIT, type Visit } from './packed-log.ts';
import { type RedisLayout, replyParts } from './redis-layout.ts';
import { type LogVisit, type RunReply, readRunReply } from './redis-runs.ts';

/**
 * Nobody else is answered while a call runs. It ends with the transaction that brings it to so many updates: with the shipped
 * features (20 logs a transaction) 64 transactions in one call took 13 ms of Redis, 16 take 3 ms, and all together no more.
 */
export const TRANSACTIONS_PER_CALL = 64;
export const UPDATES_PER_CALL = 256;

export const isFull = (batch: Batch, transactions: number): boolean =>
  transactions >= TRANSACTIONS_PER_CALL || batch.updates.length >= UPDATES_PER_CALL;
/** about; there is more room when it is needed */
const NUMBERS_PER_TRANSACTION = 32;

/** The updates of one call. */
export interface Batch {
  readonly keys: string[];
  numbers: Float64Array;
  used: number;
  readonly updates: Update[];
  /** of the logs that can have runs, in their order, and the first of each */
  readonly visits: LogVisit[];
  readonly firstVisits: Map<string, LogVisit>;
}
export interface Update {
  readonly place: number;
  /** −1: the profile; CORRECT and REMEMBER of redis-corrections.ts */
  readonly stream: number;
  readonly keys: number;
  /** where its numbers start */
  at: number;
}

/** in the place of a status: what the update's keys hold cannot be read. Its one string says why */
export const UNREADABLE = 5;
/** the same: nothing was done, the log's `:w` is to be declared */
export const UNDECLARED = 6;
/** the same: in order, and answered together with the next one of its log */
const GOES_ON = 7;

/** An update that has no answer. */
export interface Unsettled {
  readonly place: number;
  /** the first of its keys */
  readonly key: string;
  /** of a log */
  readonly layout: RedisLayout | undefined;
  readonly isProfile: boolean;
  /** what could not be read; undefined: something was not declared */
  readonly reason: string | undefined;
}

/** By place: what was answered to each of a transaction's updates, in their order. */
export type RepliedByPlace = readonly (readonly Replied[])[];

export const isUnsettled = (status: number): boolean => status === UNREADABLE || status === UNDECLARED;

export const NOTHING_UNSETTLED: readonly Unsettled[] = [];

/** A quick look, as mostly everything has its answer. */
export const isAnyUnsettled = (replies: readonly unknown[]): boolean =>
  replies.some((reply) => {
    const [statuses] = Array.isArray(reply) ? (reply as readonly Buffer[]) : [];
    return Buffer.isBuffer(statuses) && (statuses.includes(UNREADABLE) || statuses.includes(UNDECLARED));
  });

export function unsettledOf(replied: RepliedByPlace, layouts: readonly RedisLayout[]): readonly Unsettled[] {
  return replied.flatMap((own, place) =>
    own.flatMap(({ stream, numbers, at, status, parts, part, keys, key }) => {
      if (!isUnsettled(status)) return NOTHING_UNSETTLED;
      // in a correction the log's number comes behind
      const layout = layouts[stream < -1 ? (numbers[at + 1] as number) : stream];
      const reason = (status as number) === UNREADABLE ? String(parts[part]) : undefined;
      return [{ place, key: keys[key] as string, layout, isProfile: stream === -1, reason }];
    }),
  );
}

export interface Replied {
  readonly stream: number;
  readonly numbers: Float64Array;
  readonly at: number;
  readonly status: Visit;
  /** its strings start at `part`, its keys at `key` */
  readonly parts: readonly Buffer[];
  readonly part: number;
  readonly keys: readonly string[];
  readonly key: number;
  /** answered together with others of its log, the how manyth of them it is */
  readonly run: RunReply | undefined;
  readonly inRun: number;
}

export const keysOf = (layout: RedisLayout | undefined): number => (layout?.hasCompanion === true ? 2 : 1);

export function makeRoom(batch: Batch, numbers: number): void {
  if (batch.used + numbers <= batch.numbers.length) return;
  const grown = allocateNumbers(batch.numbers.length * 2);
  grown.set(batch.numbers);
  batch.numbers = grown;
}

export function addNumbers(
  batch: Batch,
  update: Pick<Update, 'place' | 'stream'>,
  numbers: readonly number[],
  keys: readonly string[],
): void {
  const at = batch.used;
  makeRoom(batch, numbers.length);
  batch.numbers.set(numbers, at);
  batch.used = at + numbers.length;
  batch.keys.push(...keys);
  batch.updates.push({ ...update, at, keys: keys.length });
}

/** Hands each update's strings to its transaction. */
export function collect(
  batch: Batch,
  layouts: readonly RedisLayout[],
  reply: unknown,
  byPlace: readonly Replied[][],
): void {
  const parts = Array.isArray(reply) ? (reply as readonly Buffer[]) : [];
  const [statuses] = parts;
  if (!Buffer.isBuffer(statuses) || statuses.length !== batch.updates.length)
    throw new VigilError('FEATURE_STORE_CORRUPT', 'the script did not answer every update');
  const { numbers, keys, updates } = batch;
  let part = 1;
  let key = 0;
  let run: RunReply | undefined;
  let inRun = 0;
  updates.forEach(({ place, stream, at, keys: ownKeys }, index) => {
    const layout = layouts[stream];
    const goesOn = statuses[index] === GOES_ON;
    if (goesOn && run === undefined && layout !== undefined) {
      const length = statuses.subarray(index).findIndex((status) => status !== GOES_ON) + 1;
      run = readRunReply(layout, length, parts, part);
    }
    const status = goesOn ? VISIT.inOrder : (statuses[index] as Visit);
    byPlace[place]?.push({ stream, numbers, at, status, parts, part, keys, key, run, inRun });
    key += ownKeys;
    inRun++;
    if (goesOn) return;
    if (run !== undefined) part += run.parts;
    else if (isUnsettled(status)) part += (status as number) === UNREADABLE ? 1 : 0;
    else if (stream >= -1) part += layout === undefined ? 1 : replyParts(layout, status);
    run = undefined;
    inRun = 0;
  });
  if (part !== parts.length)
    throw new VigilError('FEATURE_STORE_CORRUPT', `the script answered ${parts.length} strings instead of ${part}`);
}

/** With room for some updates of each of the transactions; from Node's pool while it is small: a buffer of its own costs more. */
export const createBatch = (transactions: number): Batch => ({
  keys: [],
  numbers: allocateNumbers(NUMBERS_PER_TRANSACTION * Math.min(transactions, TRANSACTIONS_PER_CALL)),
  used: 0,
  updates: [],
  visits: [],
  firstVisits: new Map(),
});

function allocateNumbers(length: number): Float64Array {
  const bytes = Buffer.allocUnsafe(8 * length);
  return new Float64Array(bytes.buffer, bytes.byteOffset, length);
}
