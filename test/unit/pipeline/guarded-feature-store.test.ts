import { describe, expect, it } from 'vitest';
import { memoryStoreFor } from '../../../src/composition/scoring-stack.ts';
import { VigilError } from '../../../src/domain/errors.ts';
import type { ChunkPosition, FeatureStore } from '../../../src/domain/ports.ts';
import { createGuardedFeatureStore } from '../../../src/pipeline/guarded-feature-store.ts';
import { shippedConfiguration } from '../../helpers/a-generation.ts';
import { aTransaction } from '../../helpers/a-transaction.ts';

const configuration = await shippedConfiguration();
const count = configuration.generation.featureNames.indexOf('customer_count_24h');

/** A store that can be switched off, over a real one. */
function aSwitchedStore(onSwitchedOff: () => Error = () => new VigilError('FEATURE_STORE_UNAVAILABLE', 'off')) {
  const inner = memoryStoreFor(configuration);
  const state = { isOff: false, calls: 0 };
  const through =
    <A, R>(call: (argument: A) => Promise<R>) =>
    (argument: A): Promise<R> => {
      state.calls += 1;
      return state.isOff ? Promise.reject(onSwitchedOff()) : call(argument);
    };
  const store: FeatureStore = {
    recordAndRead: through(inner.recordAndRead),
    settle: through(inner.settle),
    applyLabels: through(inner.applyLabels),
    close: inner.close,
  };
  return { store, state };
}

function aGuard(parts: { maxBacklog?: number; store?: FeatureStore } = {}) {
  const switched = aSwitchedStore();
  const time = { ms: 1_000_000 };
  const outages: string[] = [];
  const guard = createGuardedFeatureStore({
    primary: parts.store ?? switched.store,
    createLocal: () => memoryStoreFor(configuration),
    clock: { now: () => time.ms },
    retryAfterMs: 500,
    ...(parts.maxBacklog === undefined ? {} : { maxBacklog: parts.maxBacklog }),
    onOutage: (event, { replayed }) => outages.push(`${event} ${replayed}`),
  });
  const record = async (id: string) => {
    const { readings, source } = await guard.recordAndRead([aTransaction({ transactionId: id })]);
    return `${source} ${readings[0]?.values[count]}`;
  };
  const untilUp = async (): Promise<void> => {
    for (let i = 0; i < 100 && guard.isDown; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return { guard, record, time, outages, untilUp, ...switched };
}

describe('the guarded feature store', () => {
  it('counts locally during an outage and loses nothing after it', async () => {
    const { record, state, time, outages, untilUp } = aGuard();
    expect(await record('A')).toBe('primary 1');
    state.isOff = true;
    expect(await record('B')).toBe('local 1');
    expect(await record('C')).toBe('local 2');
    state.isOff = false;
    time.ms += 501;
    expect(await record('D')).toBe('primary 4');
    await untilUp();
    expect(await record('E')).toBe('primary 5');
    expect(outages).toEqual(['start 0', 'end 2']);
  });

  it('leaves the primary alone between two tries', async () => {
    const { record, state, time } = aGuard();
    state.isOff = true;
    await record('A');
    const calls = state.calls;
    await record('B');
    await record('C');
    expect(state.calls).toBe(calls);
    time.ms += 501;
    await record('D');
    expect(state.calls).toBe(calls + 1);
  });

  it('keeps a decision made during an outage as the first one afterwards', async () => {
    const { guard, record, state, time, untilUp } = aGuard();
    const settlement = { channel: 'MOBILE_BANKING', transactionId: 'A', fingerprint: 'f', decision: 'first' };
    state.isOff = true;
    await record('A');
    await guard.settle([settlement]);
    state.isOff = false;
    time.ms += 501;
    await record('B');
    await untilUp();
    expect(await guard.settle([{ ...settlement, decision: 'second' }])).toEqual([
      { fingerprint: 'f', decision: 'first' },
    ]);
  });

  it('gives a repeat during an outage the decision that this process has published', async () => {
    const { guard, record, state } = aGuard();
    await record('A');
    await guard.settle([{ channel: 'MOBILE_BANKING', transactionId: 'A', fingerprint: 'f', decision: 'first' }]);
    state.isOff = true;
    const { readings, source } = await guard.recordAndRead([aTransaction({ transactionId: 'A' })]);
    expect(source).toBe('local');
    expect(readings[0]?.earlier).toEqual({ fingerprint: 'f', decision: 'first' });
  });

  it('lets the recordings of one process go one after the other, so that none looks slow for the others', async () => {
    const slow = memoryStoreFor(configuration);
    const store: FeatureStore = {
      ...slow,
      recordAndRead: async (chunk) => {
        await new Promise((resolve) => setTimeout(resolve, 25));
        return slow.recordAndRead(chunk);
      },
    };
    const guard = createGuardedFeatureStore({
      primary: store,
      createLocal: () => memoryStoreFor(configuration),
      clock: { now: () => performance.now() },
      budget: { ms: 60, monotonicMs: () => performance.now() },
    });
    const answers = await Promise.all(
      ['A', 'B', 'C', 'D', 'E'].map((id) => guard.recordAndRead([aTransaction({ transactionId: id })])),
    );
    expect(answers.map((answer) => answer.source)).toEqual(['primary', 'primary', 'primary', 'primary', 'primary']);
  });

  it('says that the counters are incomplete when an outage was longer than its backlog', async () => {
    const { guard, record, state } = aGuard({ maxBacklog: 2 });
    state.isOff = true;
    await record('A');
    await record('B');
    expect(guard.countersIncomplete).toBe(false);
    await record('C');
    expect(guard.countersIncomplete).toBe(true);
  });

  it('tells the primary of what did not fit, after the rest was replayed, and leaves it to it from then on', async () => {
    const { store, state } = aSwitchedStore();
    const told: string[] = [];
    const settled: (ChunkPosition | undefined)[] = [];
    const primary: FeatureStore = {
      ...store,
      settle: (chunk, position) => {
        settled.push(position);
        return store.settle(chunk, position);
      },
      declareLoss: async () => {
        if (state.isOff) throw new VigilError('FEATURE_STORE_UNAVAILABLE', 'off');
        told.push('loss');
      },
    };
    const { guard, record, time, untilUp, outages } = aGuard({ maxBacklog: 2, store: primary });
    const position: ChunkPosition = { partition: 'p', finished: undefined, next: 1n, end: 1n };
    const settle = (id: string) =>
      guard.settle([{ channel: 'MOBILE_BANKING', transactionId: id, fingerprint: 'f', decision: id }], position);
    state.isOff = true;
    await record('A');
    await record('B');
    await record('C'); // fits no more
    await settle('C');
    await guard.settle([], position); // nothing to keep, and no word that the partition is counted
    state.isOff = false;
    time.ms += 501;
    await record('D');
    await untilUp();
    expect([guard.isDown, guard.countersIncomplete, told]).toEqual([false, false, ['loss']]);
    expect(settled).toEqual([undefined]);
    expect(outages).toEqual(['start 0', 'end 2']);
    await guard.settle([], position);
    expect(settled).toEqual([undefined, position]);
  });

  it('says that the counters are incomplete when the primary says so, for as long as it does', () => {
    const state = { countersIncomplete: false };
    const { store } = aSwitchedStore();
    const primary = Object.defineProperty({ ...store }, 'countersIncomplete', { get: () => state.countersIncomplete });
    const { guard } = aGuard({ store: primary });
    expect(guard.countersIncomplete).toBe(false);
    state.countersIncomplete = true;
    expect(guard.countersIncomplete).toBe(true);
    state.countersIncomplete = false;
    expect(guard.countersIncomplete).toBe(false);
  });

  it('passes a bug on instead of calling it an outage', async () => {
    const { store, state } = aSwitchedStore(() => new TypeError('a bug'));
    const { record } = aGuard({ store });
    state.isOff = true;
    await expect(record('A')).rejects.toThrow(TypeError);
  });
});
