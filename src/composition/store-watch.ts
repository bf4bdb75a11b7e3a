/**
 * Keeps in a second place how far the feature store has come, and compares: once before the first transaction, then every few
 * seconds. What was lost while nobody was there is told to the store, and with it to every worker, until a rebuild. So is what
 * Redis itself threw away to make room.
 */
import type { StoreWitness } from '../domain/ports.ts';
import type { RedisFeatureStore } from '../features/redis-feature-store.ts';
import { standsBehind } from '../features/store-progress.ts';
import type { ServiceEvents } from '../telemetry/service-events.ts';

/** what is counted after the last look and lost together with every worker is not noticed: so often it is looked */
const EVERY_MS = 2_000;

export interface StoreWatch {
  /** looks once more, so that a stop in good order leaves nothing unremembered */
  stop(): Promise<void>;
}

export async function watchStore(options: {
  readonly store: Pick<RedisFeatureStore, 'state' | 'declareLoss' | 'evictions'>;
  readonly witness: StoreWitness;
  readonly events: Pick<
    ServiceEvents,
    | 'storeLossNoticed'
    | 'storeWatchFailed'
    | 'storeWatchWorks'
    | 'storeEvicted'
    | 'storeMayEvict'
    | 'evictionsUnknown'
    | 'evictionsKnown'
  >;
  readonly everyMs?: number;
}): Promise<StoreWatch> {
  const { store, witness, events } = options;

  async function look(): Promise<void> {
    const remembered = await witness.recall();
    const facts = await store.state();
    if (facts.lostMs === undefined && standsBehind(facts, remembered)) {
      await store.declareLoss();
      events.storeLossNoticed({ remembered, found: { epochMs: facts.epochMs, mark: facts.mark } });
    }
    if (facts.epochMs !== undefined) await witness.keep({ epochMs: facts.epochMs, mark: facts.mark });
  }

  let warnedOf: string | undefined;
  async function lookForEvictions(): Promise<void> {
    const { hasEvicted, evictingPolicy } = await store.evictions();
    if (hasEvicted) {
      await store.declareLoss();
      events.storeEvicted();
    }
    if (evictingPolicy !== undefined && evictingPolicy !== warnedOf) events.storeMayEvict({ policy: evictingPolicy });
    warnedOf = evictingPolicy;
  }

  /** PostgreSQL or Redis away: decisions do not wait for it, and the next look makes it good. */
  const tryToLook = async (): Promise<void> => {
    await look().then(events.storeWatchWorks, (error: unknown) => events.storeWatchFailed({ error }));
    await lookForEvictions().then(events.evictionsKnown, (error: unknown) => events.evictionsUnknown({ error }));
  };

  await tryToLook();
  let current = Promise.resolve();
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    current = tryToLook().finally(() => {
      isLooking = false;
    });
  }, options.everyMs ?? EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await current;
      await tryToLook();
    },
  };
}
