/** "did you mean …?": the known name nearest to a mistyped one, or nothing when none is near. Pure. */

/** Two neighbours that changed places ("prot" for "port") are one slip, as one letter too many, too few or wrong is. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const crossed = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const turned = crossed ? (beforeLast[j - 2] ?? 0) + 1 : swap;
      row.push(Math.min(swap, turned, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

/** Distance to the whole name, or to its beginning ("amout" is one slip away from "amount" of amountMinor). */
function nearness(typed: string, known: string): number {
  const whole = editDistance(typed, known);
  if (typed.length < 3) return whole;
  const beginnings = [typed.length - 1, typed.length, typed.length + 1].map((length) =>
    editDistance(typed, known.slice(0, length)),
  );
  return Math.min(whole, Math.min(...beginnings) + 0.5);
}

export function nearestName(typed: string, names: Iterable<string>): string | undefined {
  const wanted = typed.slice(0, 80).toLowerCase();
  const limit = Math.max(1.5, Math.min(4, wanted.length / 3));
  let best: { name: string; distance: number } | undefined;
  for (const name of names) {
    const distance = nearness(wanted, name.toLowerCase());
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

export const didYouMean = (typed: string, names: Iterable<string>): string | undefined => {
  const name = nearestName(typed, names);
  return name === undefined ? undefined : `did you mean ${name}?`;
};
