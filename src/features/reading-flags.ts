/** The flags of a reading, from what happened in its logs. Shared by both stores. Pure. */
import type { CounterFlag } from '../domain/feature.ts';
import { VISIT } from './packed-log.ts';

const NO_FLAGS: readonly CounterFlag[] = [];
export const NO_NAMES: readonly string[] = [];

/** `seen`: one bit per kind of visit. */
export function flagsOf(
  seen: number,
  hasEstimates: boolean,
  isWarmingUp = false,
  isOriginalMissing = false,
  hasLost = false,
): readonly CounterFlag[] {
  const isTooLate = (seen & (1 << VISIT.tooLate)) !== 0;
  const isLate = (seen & (1 << VISIT.late)) !== 0;
  const isAgain = (seen & (1 << VISIT.repeat)) !== 0;
  if (!isTooLate && !isLate && !isAgain && !hasEstimates && !isWarmingUp && !isOriginalMissing && !hasLost)
    return NO_FLAGS;
  const flags: CounterFlag[] = [];
  if (isTooLate) flags.push('TOO_LATE');
  if (isLate) flags.push('LATE');
  if (isAgain) flags.push('READ_AGAIN');
  if (hasEstimates) flags.push('ESTIMATED');
  if (isWarmingUp) flags.push('WARMING_UP');
  if (isOriginalMissing) flags.push('ORIGINAL_NOT_FOUND');
  if (hasLost) flags.push('COUNTERS_LOST');
  return flags;
}
