/**
 * From raw numbers of windows (counts, cumulative sums, edges) to the values of the features, in catalogue order. Shared
 * by both stores, so that equal state gives equal bits. Pure.
 */
import type { FeatureValue } from '../domain/feature.ts';
import { type FeaturePlan, type FeatureSource, RAW } from './feature-plan.ts';
import { standardDeviation, sumOf } from './wide-sum.ts';

/** Fills `values`; answers the names of the features that are estimates, undefined when there are none. */
export function computeValues(
  plan: FeaturePlan,
  raw: Float64Array,
  timeMs: number,
  values: FeatureValue[],
): string[] | undefined {
  const { sources } = plan;
  let estimated: string[] | undefined;
  for (let index = 0; index < sources.length; index++) {
    const source = sources[index] as FeatureSource;
    values[index] = featureValue(source, raw, timeMs);
    if (isEstimated(source, raw)) {
      estimated ??= [];
      estimated.push(source.name);
    }
  }
  return estimated;
}

function featureValue(source: FeatureSource, raw: Float64Array, timeMs: number): FeatureValue {
  const at = source.rawAt;
  // indexes come from the plan that sized the array
  const count = raw[at + RAW.count] as number;
  if (count < 0) return null;
  switch (source.aggregate) {
    case 'count':
      return source.net ? (raw[at + RAW.present] as number) : count;
    case 'sum':
      return sumOf(raw[at + RAW.sum] as number, raw[at + RAW.sumWraps] as number);
    case 'avg': {
      const present = raw[at + RAW.present] as number;
      return present === 0 ? null : sumOf(raw[at + RAW.sum] as number, raw[at + RAW.sumWraps] as number) / present;
    }
    case 'stddev':
      return deviationOf(raw, at);
    case 'min':
      return orNull(raw[at + RAW.min] as number);
    case 'max':
      return orNull(raw[at + RAW.max] as number);
    case 'distinct':
      return raw[source.distinctAt] as number;
    case 'timeSinceLast':
      return secondsSince(timeMs, raw[at + RAW.last] as number);
    case 'timeSinceFirst':
      return secondsSince(timeMs, raw[at + RAW.first] as number);
    case 'labelRate':
      return count === 0 ? 0 : (raw[at + RAW.frauds] as number) / count;
  }
}

function deviationOf(raw: Float64Array, at: number): number | null {
  const present = raw[at + RAW.present] as number;
  if (present === 0) return null;
  return standardDeviation(
    present,
    raw[at + RAW.sum] as number,
    raw[at + RAW.sumWraps] as number,
    raw[at + RAW.squares] as number,
    raw[at + RAW.squares + 1] as number,
    raw[at + RAW.squares + 2] as number,
  );
}

const orNull = (value: number): number | null => (value < 0 ? null : value);
const secondsSince = (timeMs: number, earlierMs: number): number | null =>
  earlierMs === Number.NEGATIVE_INFINITY ? null : (timeMs - earlierMs) / 1000;

/** A window that lost records to a cap, or a sum that no double holds exactly. */
function isEstimated(source: FeatureSource, raw: Float64Array): boolean {
  if ((raw[source.rawAt + RAW.count] as number) < 0) return false;
  if ((raw[source.rawAt + RAW.clipped] as number) > 0) return true;
  return source.aggregate === 'sum' && raw[source.rawAt + RAW.sumWraps] !== 0;
}
