/** A store beside the oracle; of FULL_CATALOGUE where no other is named. */
import type { Label } from '../../src/domain/label.ts';
import type { FeatureStore } from '../../src/domain/ports.ts';
import { FULL_CATALOGUE, hardStream, type StreamOptions, seededRandom } from './feature-cases.ts';
import { createFeatureOracle } from './feature-oracle.ts';

/**
 * Runs the stream through a store and the oracle, labels included; answers the differences, at most five. A store whose logs
 * are full `forgets`: it may say of a correction that it does not know the original (which is a flag), and of values that
 * they are estimates. Any other may say so of sums beyond 2^53 alone, at a time older than the allowed
 * lateness, and where something was corrected.
 */
export async function differencesFromOracle(
  store: FeatureStore,
  options: StreamOptions,
  chunkSize: number,
  comparesRepeats = true,
  forgets = false,
  catalogue = FULL_CATALOGUE,
): Promise<string[]> {
  const names = catalogue.features.map((feature) => feature.name);
  const isDouble = catalogue.features.map(({ aggregate }) => aggregate === 'avg' || aggregate === 'stddev');
  const oracle = createFeatureOracle(catalogue);
  const random = seededRandom(options.seed + 1);
  const seen = new Set<string>();
  const found: string[] = [];
  let newestMs = Number.NEGATIVE_INFINITY;
  let chunk = [];
  for (const parsed of hardStream(options)) {
    chunk.push(parsed);
    if (chunk.length < chunkSize) continue;
    const readings = await store.recordAndRead(chunk);
    for (const [index, { transaction }] of chunk.entries()) {
      const expected = oracle.record(transaction);
      newestMs = Math.max(newestMs, transaction.occurredAtMs);
      const isOld = transaction.occurredAtMs < newestMs - catalogue.allowedLatenessMs;
      const isRepeat = seen.has(transaction.transactionId);
      seen.add(transaction.transactionId);
      if (isRepeat && !comparesRepeats) continue;
      const actual = readings[index];
      const flags = [...(expected.isTooLate ? ['TOO_LATE'] : []), ...(expected.isLate ? ['LATE'] : [])];
      const isForgotten = forgets && actual?.flags.includes('ORIGINAL_NOT_FOUND') === true;
      if (expected.isOriginalMissing || isForgotten) flags.push('ORIGINAL_NOT_FOUND');
      const actualFlags = actual?.flags.filter((flag) => flag !== 'ESTIMATED');
      if (JSON.stringify(actualFlags) !== JSON.stringify(flags))
        found.push(`${transaction.transactionId} ${actualFlags} ${flags}`);
      names.forEach((name, at) => {
        const want = expected.values[at] ?? null;
        const got = actual?.values[at] ?? null;
        const isEstimate = actual?.estimated.includes(name) === true;
        if (!isSame(got, want, isDouble[at] === true) && !isEstimate)
          found.push(`${transaction.transactionId} ${name}: ${got}, not ${want}`);
        const mayBeEstimate =
          forgets || isOld || (options.corrections ?? 0) > 0 || (want ?? 0) > Number.MAX_SAFE_INTEGER;
        if (isEstimate && !mayBeEstimate) found.push(`${transaction.transactionId} ${name}: an estimate of ${want}`);
      });
    }
    if (found.length > 5) return found.slice(0, 5);
    const labels: Label[] = chunk
      .filter(() => random() < 0.2)
      .map(({ transaction }) => ({
        transactionId: transaction.transactionId,
        channel: transaction.channel,
        label: random() < 0.7 ? ('FRAUD' as const) : ('GENUINE' as const),
        labelledAtMs: random() < 0.3 ? null : transaction.occurredAtMs + Math.floor(random() * 3 * 86_400_000),
      }));
    await store.applyLabels(labels);
    for (const label of labels) oracle.label(label);
    chunk = [];
  }
  return found;
}

function isSame(got: number | null, want: number | null, isApproximate: boolean): boolean {
  if (got === want) return true;
  if (got === null || want === null || !isApproximate) return false;
  return Math.abs(got - want) <= 1e-9 * Math.max(Math.abs(got), Math.abs(want));
}
