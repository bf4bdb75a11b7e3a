/**
 * The last uses of accounts that have been unused since: they stand at the beginning of the stream at their own time, long
 * before its start, so that a profile knows how long an account has slept when somebody wakes it.
 */
import { DAY_MS, HOUR_MS } from '../calendar.ts';
import type { World } from '../draft.ts';
import { createRandom } from '../random.ts';
import type { Draft } from '../transaction-message.ts';
import { SESSIONS } from './sessions.ts';

export function lastUsesOfDormantAccounts(world: World, startMs: number): readonly Draft[] {
  const random = createRandom(world.seed, 'dormantPast');
  const [low, high] = world.parameters.bank.dormantDays;
  const drafts: Draft[] = [];
  for (const customer of world.customers) {
    if (!customer.isDormant) continue;
    random.restart('dormantPast', customer.index);
    const lastMs = startMs - random.int(low, high) * DAY_MS + random.between(-8, 8) * HOUR_MS;
    for (let use = random.int(0, 2); use >= 0; use--) {
      const habit = random.pick(['qr', 'pos', 'transfer', 'atmWithdrawal', 'look'] as const);
      drafts.push(...SESSIONS[habit]({ world, customer, random }, lastMs - use * random.between(1, 9) * DAY_MS));
    }
  }
  return drafts;
}
