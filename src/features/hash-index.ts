/**
 * Open addressing with linear probing: pairs of 32 bits of a hash, which say where an entry belongs, and the entry's number + 1;
 * 0 = free. There are 2^n places, more than entries. Finding is each table's own: what makes two entries the same differs.
 */

/** `hash`: its low 32 bits count. The entry is not there yet. */
export function insertInto(index: Int32Array, hash: number, entry: number): void {
  const mask = index.length / 2 - 1;
  let place = hash & mask;
  while (index[2 * place + 1] !== 0) place = (place + 1) & mask;
  index[2 * place] = hash;
  index[2 * place + 1] = entry + 1;
}

/** Of an entry that is there. Closes the gap: what probed past it moves up. */
export function removeFrom(index: Int32Array, hash: number, entry: number): void {
  const mask = index.length / 2 - 1;
  let gap = hash & mask;
  while (index[2 * gap + 1] !== entry + 1) gap = (gap + 1) & mask;
  for (let other = (gap + 1) & mask; index[2 * other + 1] !== 0; other = (other + 1) & mask) {
    const home = (index[2 * other] as number) & mask;
    if (((other - home) & mask) < ((other - gap) & mask)) continue;
    index[2 * gap] = index[2 * other] as number;
    index[2 * gap + 1] = index[2 * other + 1] as number;
    gap = other;
  }
  index[2 * gap] = 0;
  index[2 * gap + 1] = 0;
}
