/**
 * The newest record of each member of a log, by its hash (open addressing, behind the log's records). A slot is 32 bits of
 * the hash and the number of the record, which holds the whole hash. A Map took a tenth of the time of the store. Pure.
 */
import { indexSlots, type LogLayout, MEMBER_STRIDE } from './log-layout.ts';
import { at, NO_NEXT, NONE, type PackedLog } from './log-reading.ts';

/** 0 = free */
const tagOf = (hash: number): number => hash | 0 || 1;

const baseOf = (log: PackedLog, column: number): number => log.index + 2 * column * indexSlots(log.room);

/** Absolute number of the member's newest record; −1 when it has none. */
export function newestOf(layout: LogLayout, log: PackedLog, column: number, hash: number): number {
  const { words, first } = log;
  const mask = indexSlots(log.room) - 1;
  const base = baseOf(log, column);
  const member = log.records + layout.membersAt + column * MEMBER_STRIDE;
  const tag = tagOf(hash);
  for (let slot = tag & mask; ; slot = (slot + 1) & mask) {
    const word = words[base + 2 * slot] as number;
    if (word === 0) return NONE;
    if (word !== tag) continue;
    // numbers are kept modulo 2^32; a log holds far fewer
    const position = ((words[base + 2 * slot + 1] as number) - (first | 0)) | 0;
    if (at(log, member + position * layout.stride) === hash) return first + position;
  }
}

/** Absolute number of the member's newest record before position `end`; −1 when there is none. */
export function newestBefore(layout: LogLayout, log: PackedLog, column: number, hash: number, end: number): number {
  const previous = log.records + layout.membersAt + column * MEMBER_STRIDE + 1;
  let record = newestOf(layout, log, column, hash);
  while (record - log.first >= end) record = at(log, previous + (record - log.first) * layout.stride);
  return record < log.first ? NONE : record;
}

/** The first record of a member that has none. */
export function addNewest(log: PackedLog, column: number, hash: number, record: number): void {
  const { words } = log;
  const mask = indexSlots(log.room) - 1;
  const base = baseOf(log, column);
  const tag = tagOf(hash);
  let slot = tag & mask;
  while (words[base + 2 * slot] !== 0) slot = (slot + 1) & mask;
  words[base + 2 * slot] = tag;
  words[base + 2 * slot + 1] = record;
}

/**
 * The member's newest record is another one, or has another number. Two slots that say the same while records are counted
 * anew may change places: a slot is what it says.
 */
export function moveNewest(log: PackedLog, column: number, hash: number, from: number, to: number): void {
  const at_ = baseOf(log, column) + 2 * slotOf(log, column, hash, from);
  log.words[at_ + 1] = to;
}

/** The member's only record goes: takes it out and closes the gap, into which moves up what probed past it. */
export function removeNewest(log: PackedLog, column: number, hash: number, record: number): void {
  const { words } = log;
  const mask = indexSlots(log.room) - 1;
  const base = baseOf(log, column);
  let gap = slotOf(log, column, hash, record);
  for (let other = (gap + 1) & mask; words[base + 2 * other] !== 0; other = (other + 1) & mask) {
    const home = (words[base + 2 * other] as number) & mask;
    if (((other - home) & mask) < ((other - gap) & mask)) continue;
    words[base + 2 * gap] = words[base + 2 * other] as number;
    words[base + 2 * gap + 1] = words[base + 2 * other + 1] as number;
    gap = other;
  }
  words[base + 2 * gap] = 0;
}

function slotOf(log: PackedLog, column: number, hash: number, record: number): number {
  const { words } = log;
  const mask = indexSlots(log.room) - 1;
  const base = baseOf(log, column);
  const tag = tagOf(hash);
  let slot = tag & mask;
  while (words[base + 2 * slot] !== tag || words[base + 2 * slot + 1] !== (record | 0)) slot = (slot + 1) & mask;
  return slot;
}

/** All indexes anew, from the records: where the log was moved, or its first records went. */
export function indexMembers(layout: LogLayout, log: PackedLog): void {
  if (layout.members === 0) return;
  log.words.fill(0, log.index, baseOf(log, layout.members));
  for (let column = 0; column < layout.members; column++) {
    let field = log.records + layout.membersAt + column * MEMBER_STRIDE;
    for (let position = 0; position < log.count; position++) {
      const hash = at(log, field);
      if (hash !== 0 && at(log, field + 2) === NO_NEXT) addNewest(log, column, hash, log.first + position);
      field += layout.stride;
    }
  }
}
