/**
 * The names of the transactions of a ring, as bytes: kept as strings, tens of thousands of them would live just long
 * enough to be moved twice by the garbage collector. A name that is long, or has a character beyond Latin-1, stays a text.
 */
import { SLASH, type TransactionName } from './hash.ts';

export interface PackedNames {
  keep(slot: number, name: TransactionName): void;
  isSame(slot: number, name: TransactionName): boolean;
  isKept(slot: number): boolean;
}

/** bytes of a slot: the length, then the characters of channel/id */
const STRIDE = 64;
const MOST_CHARACTERS = STRIDE - 1;
const BLOCK = 1_024;
const UNUSED = 0;
const AS_TEXT = 255;

export function createPackedNames(): PackedNames {
  const blocks: (Uint8Array | undefined)[] = [];
  const texts = new Map<number, string>();

  const blockOf = (slot: number): Uint8Array => {
    const index = Math.floor(slot / BLOCK);
    blocks[index] ??= new Uint8Array(BLOCK * STRIDE);
    return blocks[index];
  };

  return {
    keep(slot, name) {
      const block = blockOf(slot);
      const at = (slot % BLOCK) * STRIDE;
      if (block[at] === AS_TEXT) texts.delete(slot);
      const isPacked = pack(block, at, name);
      if (!isPacked) texts.set(slot, textOf(name));
      block[at] = isPacked ? name.channel.length + 1 + name.transactionId.length : AS_TEXT;
    },
    isSame(slot, name) {
      const block = blockOf(slot);
      const at = (slot % BLOCK) * STRIDE;
      return block[at] === AS_TEXT ? texts.get(slot) === textOf(name) : isPackedAs(block, at, name);
    },
    isKept: (slot) => blockOf(slot)[(slot % BLOCK) * STRIDE] !== UNUSED,
  };
}

const textOf = ({ channel, transactionId }: TransactionName): string => `${channel}/${transactionId}`;

/** false: it does not fit */
function pack(block: Uint8Array, at: number, { channel, transactionId }: TransactionName): boolean {
  if (channel.length + 1 + transactionId.length > MOST_CHARACTERS) return false;
  let seen = 0;
  let next = at + 1;
  for (let index = 0; index < channel.length; index++) {
    const code = channel.charCodeAt(index);
    seen |= code;
    block[next++] = code;
  }
  block[next++] = SLASH;
  for (let index = 0; index < transactionId.length; index++) {
    const code = transactionId.charCodeAt(index);
    seen |= code;
    block[next++] = code;
  }
  return seen < 256;
}

function isPackedAs(block: Uint8Array, at: number, { channel, transactionId }: TransactionName): boolean {
  if (block[at] !== channel.length + 1 + transactionId.length) return false;
  let next = at + 1;
  for (let index = 0; index < channel.length; index++) if (block[next++] !== channel.charCodeAt(index)) return false;
  if (block[next++] !== SLASH) return false;
  for (let index = 0; index < transactionId.length; index++)
    if (block[next++] !== transactionId.charCodeAt(index)) return false;
  return true;
}
