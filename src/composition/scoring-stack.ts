/** The scoring pipeline on in-process stores: what the demo, the backtest and the tests of rules run on. */
import type { Clock } from '../domain/clock.ts';
import { createTransactionParser } from '../domain/parse-transaction.ts';
import type { FeatureStore, FraudModel, LimitUsageStore } from '../domain/ports.ts';
import { zoneOffset } from '../domain/time-zone.ts';
import { createMemoryFeatureStore, type MemoryStoreOptions } from '../features/memory-feature-store.ts';
import { resolveModelFolder } from '../models/model-registry.ts';
import { loadTfjsModel, type TfjsModel } from '../models/tfjs-model.ts';
import type { DecisionTexts } from '../pipeline/decision-texts.ts';
import type { Generation } from '../pipeline/generation.ts';
import { createGuardedFeatureStore, type GuardedFeatureStore } from '../pipeline/guarded-feature-store.ts';
import { createGuardedLimitUsage } from '../pipeline/guarded-limit-usage.ts';
import { createScorer, type ScorerOptions, type ScoreTransactions } from '../pipeline/score-transactions.ts';
import { createMemoryLimitUsageStore } from '../rules/limits/adapters/memory-limit-usage-store.ts';
import type { InForce, LiveConfiguration } from './live-configuration.ts';
import type { LoadedConfiguration } from './load-generation.ts';
import { systemClock } from './system-clock.ts';

export interface ScoringStack {
  readonly score: ScoreTransactions;
  readonly store: FeatureStore;
  readonly guarded: GuardedFeatureStore;
  /** the one that serves now */
  readonly model: FraudModel | null;
  close(): Promise<void>;
}

export interface ScoringStackOptions {
  readonly configuration: LoadedConfiguration;
  readonly generation?: () => Generation;
  readonly store: FeatureStore;
  readonly limitUsage: LimitUsageStore;
  readonly model: FraudModel | null;
  /** where configuration and model can change while it runs: both as they are now, instead of the given ones */
  readonly live?: LiveConfiguration;
  /** default: model.budgetMs of the settings */
  readonly modelBudgetMs?: () => number;
  readonly clock: Clock;
  /** for up to 64 transactions; without end where it is not given (in-process stores) */
  readonly storeBudgetMs?: number;
  /** kept small: an outage's local counters are for one process and its partitions */
  readonly createLocal?: () => FeatureStore;
  /** see GuardOptions */
  readonly maxRecent?: number;
  readonly onOutage?: Parameters<typeof createGuardedFeatureStore>[0]['onOutage'];
  readonly onLimitFailure?: (cause: unknown) => void;
  readonly scorer?: Pick<ScorerOptions, 'observer' | 'failpoint' | 'decisionTime' | 'texts'>;
}

const LOCAL_ENTITIES = 50_000;
const monotonicMs = (): number => performance.now();

export function createScoringStack(options: ScoringStackOptions): ScoringStack {
  const { configuration, store, limitUsage, clock, live } = options;
  const fixed = { configuration, model: options.model };
  const inForce = (): InForce => live?.current() ?? fixed;
  const budget = options.storeBudgetMs === undefined ? {} : { budget: { ms: options.storeBudgetMs, monotonicMs } };
  const guarded = createGuardedFeatureStore({
    primary: store,
    createLocal: options.createLocal ?? (() => memoryStoreFor(configuration, { maxEntities: LOCAL_ENTITIES })),
    clock,
    ...budget,
    ...(options.maxRecent === undefined ? {} : { maxRecent: options.maxRecent }),
    ...(options.onOutage === undefined ? {} : { onOutage: options.onOutage }),
  });
  const limits = createGuardedLimitUsage(limitUsage, {
    clock,
    ...budget,
    ...(options.onLimitFailure === undefined ? {} : { onFailure: options.onLimitFailure }),
    ...(store.declareLoss === undefined ? {} : { onLoss: store.declareLoss }),
  });
  const score = createScorer({
    parse: createTransactionParser({ isChannel: (code) => inForce().configuration.channels.channels.has(code) }),
    store: guarded,
    limits,
    model: () => inForce().model,
    modelBudgetMs: options.modelBudgetMs ?? (() => inForce().configuration.settings.model.budgetMs),
    generation: options.generation ?? (() => inForce().configuration.generation),
    clock,
    monotonicMs,
    ...options.scorer,
  });
  return {
    score: live === undefined ? score : (inputs, position) => live.during(() => score(inputs, position)),
    store,
    guarded,
    get model() {
      return inForce().model;
    },
    async close() {
      await Promise.all([guarded.close(), limits.close(), inForce().model?.close()]);
      await limitUsage.close();
    },
  };
}

/** Minutes east of UTC in the bank's zone; the settings were checked, so the zone exists. */
export function zoneMinutes(configuration: Pick<LoadedConfiguration, 'settings'>): (timeMs: number) => number {
  const offset = zoneOffset(configuration.settings.bank.zone);
  return (timeMs) => (offset?.(timeMs) ?? 0) / 60_000;
}

export function memoryStoreFor(
  configuration: LoadedConfiguration,
  bounds: Pick<MemoryStoreOptions, 'maxEntities' | 'maxSlots' | 'keepsProfiles'> = {},
): FeatureStore {
  return createMemoryFeatureStore({
    catalogue: configuration.features,
    zoneOffsetMinutes: zoneMinutes(configuration),
    ...bounds,
  });
}

/** The live code path over history, all in this process: time is that of the events, and nothing is out of time. */
export const createHistoryStack = (
  configuration: LoadedConfiguration,
  store: FeatureStore,
  model: FraudModel | null,
  texts?: DecisionTexts,
): ScoringStack =>
  createScoringStack({
    configuration,
    store,
    limitUsage: memoryLimitUsage('events'),
    // every transaction of history gets its model score, however long it takes
    model,
    modelBudgetMs: () => Number.POSITIVE_INFINITY,
    clock: systemClock,
    // an in-process store has no outage
    maxRecent: 0,
    scorer: { decisionTime: 'event', ...(texts === undefined ? {} : { texts }) },
  });

export const memoryLimitUsage = (clock: Clock | 'events'): LimitUsageStore => createMemoryLimitUsageStore({ clock });

/** null when the configuration runs without a model. */
export async function loadConfiguredModel(configuration: LoadedConfiguration): Promise<TfjsModel | null> {
  const { settings, sources, features } = configuration;
  if (!settings.model.enabled) return null;
  return loadTfjsModel({
    folder: await resolveModelFolder(sources.modelsDir, settings.model.version),
    catalogue: features.features,
    backend: settings.model.backend,
    zone: settings.bank.zone,
  });
}
