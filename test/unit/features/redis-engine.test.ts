/** How a chunk is cut into calls: while one runs, the server answers nobody else. */
import { describe, expect, it } from 'vitest';
import { planFeatures } from '../../../src/features/feature-plan.ts';
import type { Call, ScriptCall } from '../../../src/features/redis-calls.ts';
import { createRedisEngine } from '../../../src/features/redis-engine.ts';
import { createRedisStateWatch } from '../../../src/features/redis-state-watch.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';
import { catalogueOf } from '../../helpers/feature-cases.ts';

const chunk = Array.from({ length: 200 }, (_, index) =>
  aTransaction({ transactionId: `T${index}`, customerId: `C${index}`, device: { id: `D${index}` } }),
);
const isScript = (call: Call): call is ScriptCall => 'script' in call;

/** The keys of each call, one per update, for customers that have so many logs. */
function keysPerCall(logs: number): number[] {
  const types = Array.from({ length: logs }, (_, index) => String.fromCharCode(65 + index));
  const lines = types.map(
    (type) => `name: f${type}, entity: [customer], aggregate: count, window: 1h, where: 'tx.type == "${type}"'`,
  );
  const plan = planFeatures(catalogueOf(lines));
  const engine = createRedisEngine(
    plan,
    createRedisStateWatch('p', plan, () => 0),
    {
      keyPrefix: 'p',
      keepsProfiles: false,
    },
  );
  const { calls } = engine.prepare(chunk, false, []);
  return calls.filter(isScript).map(({ keys }) => keys.length);
}

describe('a chunk for one server', () => {
  it('goes in calls of at most 64 transactions', () => {
    // one log and the one that tells a repeat
    expect(keysPerCall(1)).toEqual([128, 128, 128, 16]);
  });

  it('goes in smaller ones where a transaction has many logs: one that has 256 updates takes no further transaction', () => {
    // 20 and that one: 13 transactions are 273
    expect(keysPerCall(20)).toEqual([...new Array(15).fill(273), 105]);
  });
});
