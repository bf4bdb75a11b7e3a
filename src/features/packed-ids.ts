/**
 * The ids of a few transactions' entities as numbers: four characters in each, and a hash. A table that keeps ids in this
 * form beside what it knows of the entity finds it without a string, an object or a key of a Map, each of which is a
 * memory access that waits for the one before it. An id that is long, or has a character beyond Latin-1, stays a text.
 */
import { randomInt } from 'node:crypto';
import { entityId } from '../domain/entity-id.ts';
import type { EntityKind } from '../domain/feature.ts';
import type { Transaction } from '../domain/transaction.ts';

export interface PackedIds {
  readonly items: number;
  readonly kinds: readonly EntityKind[];
  /** one part per item and kind: see PART */
  readonly words: Int32Array;
  /** the id itself, by item and kind */
  readonly texts: (string | undefined)[];
  /** takes in the ids of one transaction */
  take(item: number, transaction: Transaction): void;
}

/** Numbers of a part: the id's length (or what says that there is none here), its hash, its characters. */
export const PART = { length: 0, hash: 1, characters: 2, size: 16 } as const;
const MOST_CHARACTERS = 4 * (PART.size - PART.characters);
export const ABSENT = -1;
export const AS_TEXT = -2;

const MIX = 0x9e3779b1;
/** another one in each process: nobody outside can choose ids that meet in one place of a table */
const SEED = randomInt(2 ** 32) | 0;

export const mixWord = (hash: number, word: number): number => {
  const mixed = Math.imul(hash ^ word, MIX);
  return mixed ^ (mixed >>> 15);
};

export function createPackedIds(kinds: readonly EntityKind[], items: number): PackedIds {
  const words = new Int32Array(items * kinds.length * PART.size);
  const texts = new Array<string | undefined>(items * kinds.length).fill(undefined);
  return {
    items,
    kinds,
    words,
    texts,
    take(item, transaction) {
      for (let kind = 0; kind < kinds.length; kind++) {
        const part = item * kinds.length + kind;
        const id = entityId(transaction, kinds[kind] as EntityKind);
        texts[part] = id;
        if (id === undefined) words[part * PART.size] = ABSENT;
        else packId(words, part * PART.size, id);
      }
    },
  };
}

function packId(words: Int32Array, at: number, id: string): void {
  const { length } = id;
  let hash = SEED ^ length;
  let word = 0;
  let seen = 0;
  const end = Math.min(length, MOST_CHARACTERS);
  for (let index = 0; index < end; index++) {
    const code = id.charCodeAt(index);
    seen |= code;
    word |= code << ((index & 3) << 3);
    if ((index & 3) !== 3) continue;
    words[at + PART.characters + (index >> 2)] = word;
    hash = mixWord(hash, word);
    word = 0;
  }
  if ((end & 3) !== 0) {
    words[at + PART.characters + (end >> 2)] = word;
    hash = mixWord(hash, word);
  }
  const isPacked = length <= MOST_CHARACTERS && seen < 256;
  words[at + PART.length] = isPacked ? length : AS_TEXT;
  words[at + PART.hash] = isPacked ? hash : hashText(id);
}

function hashText(id: string): number {
  let hash = SEED ^ id.length;
  for (let index = 0; index < id.length; index++) hash = mixWord(hash, id.charCodeAt(index));
  return hash;
}
