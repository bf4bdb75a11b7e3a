/** Sums by name, in alphabetical order when they are told. Minor units of different currencies are never added. */
export interface Tally {
  add(key: string, amount: number): void;
  toObject(): Record<string, number>;
}

export function createTally(): Tally {
  const sums = new Map<string, number>();
  return {
    add: (key, amount) => void sums.set(key, (sums.get(key) ?? 0) + amount),
    toObject: () => sorted(sums),
  };
}

/** A map as an object with its keys in order, so that a report has the same bytes each time. */
export const sorted = <T>(map: ReadonlyMap<string, T>): Record<string, T> =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

export const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
